"""The laws of the repository itself: which module may import which, what every file has, what is shipped."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("autodiff", "nn", "optim")

# From the bottom up: a module imports from its own layer or a lower one. Entries are modules or whole subpackages;
# `nn.*` is every family of layers that has no line of its own.
LAYERS = (
    ("autodiff.errors", "autodiff.size"),
    ("autodiff.dtypes", "autodiff.device", "autodiff.rules"),
    ("autodiff.graph", "autodiff.operands"),
    ("autodiff.primitive", "autodiff.modes"),
    ("autodiff.ops",),
    ("autodiff.backward", "autodiff.inplace"),
    ("autodiff.gradients", "autodiff.operators", "autodiff.methods", "autodiff.printing", "autodiff.function"),
    ("autodiff.tensor",),
    ("autodiff.names",),
    ("autodiff.differences", "autodiff.checking", "autodiff.transforms", "autodiff.tracing"),
    ("autodiff.drawing", "autodiff.compiler"),
    ("autodiff",),
    ("autodiff.__main__",),
    ("optim",),
    ("nn.errors", "nn.parameter", "nn.hooks"),
    ("nn.state", "nn.functional", "nn.init", "nn.data"),
    ("nn.module",),
    ("nn.*",),
    ("nn.training",),
    ("nn",),
)
# Upward imports that run inside a function, when it is called: (importer, imported) -> why there is no other way.
UPWARD_ON_CALL: dict[tuple[str, str], str] = {}
# Packages that an extra installs; imported inside functions only.
OPTIONAL = {"graphviz", "graphviz_pure", "hypothesis", "matplotlib", "numba", "tqdm"}

MAX_FILE = 500
MAX_FUNCTION = 60  # lines without the docstring


# -- reading the files ---------------------------------------------------------------------------------------------


class Import(NamedTuple):
    """One module that another one imports."""

    target: str
    on_call: bool  # inside a function


def modules() -> dict[str, Path]:
    """Every module of the three packages, by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
over_modules = pytest.mark.parametrize("module", MODULES)


def imports_of(module: str) -> Iterator[Import]:
    """What `module` imports when it runs; blocks for type checkers alone do not count."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]

    def walk(node: ast.AST, on_call: bool) -> Iterator[Import]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, on_call) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield Import(full if full in MODULES else base, on_call)
        inside = on_call or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, inside)

    return walk(TREES[module], False)


def layer_of(module: str) -> int | None:
    """The layer of a module, or of the nearest subpackage around it that has one; None if nothing says."""
    ranks = {name: rank for rank, names in enumerate(LAYERS) for name in names}
    if module in ranks:
        return ranks[module]
    around = module.rpartition(".")[0]
    # autodiff and nn as a whole sit above their own modules, so they cannot speak for them; optim is one layer.
    return ranks.get(f"{around}.*") if around in ("", "autodiff", "nn") else layer_of(around)


def text_files() -> list[Path]:
    """Everything people read: code, documents, settings; not what is generated or ignored."""
    folders = [*PACKAGES, "tests", "benchmarks", "examples", "docs", ".ci"]
    suffixes = {".py", ".pyi", ".md", ".toml", ".txt", ".json", ".svg", ".html", ""}
    nested = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    return sorted(
        path
        for path in [*ROOT.iterdir(), *nested]
        if path.is_file() and path.suffix in suffixes and "__pycache__" not in path.parts and path.name != ".git"
    )


# -- imports -------------------------------------------------------------------------------------------------------


@over_modules
def test_every_module_has_a_layer(module):
    assert layer_of(module) is not None, f"say in LAYERS of {Path(__file__).name} where {module} belongs"


@over_modules
def test_imports_lead_to_the_same_layer_or_a_lower_one(module):
    upward = [
        found.target
        for found in imports_of(module)
        if found.target in MODULES
        and (layer_of(found.target) or 0) > (layer_of(module) or 0)
        and not (found.on_call and (module, found.target) in UPWARD_ON_CALL)
    ]
    assert not upward, f"{module} must not import {', '.join(upward)}, which is built on top of it"


def test_every_exception_for_upward_imports_is_needed():
    used = {(module, found.target) for module in MODULES for found in imports_of(module) if found.on_call}
    assert set(UPWARD_ON_CALL) <= used


def test_no_modules_import_each_other_in_a_circle():
    graph = {
        module: {found.target for found in imports_of(module) if found.target in MODULES and not found.on_call}
        for module in MODULES
    }
    for module, targets in graph.items():
        # A package's __init__ runs before its modules and gathers them: that direction is no circle.
        targets -= {module, *(package for package in targets if module.startswith(f"{package}."))}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@over_modules
def test_only_numpy_and_the_standard_library_are_imported_with_a_module(module):
    known = {*sys.stdlib_module_names, "numpy", *PACKAGES}
    foreign = {found for found in imports_of(module) if found.target.partition(".")[0] not in known}
    assert not {found.target for found in foreign if not found.on_call}
    assert {found.target.partition(".")[0] for found in foreign} <= OPTIONAL


@over_modules
def test_optim_does_not_know_nn_and_the_engine_knows_neither(module):
    package = module.partition(".")[0]
    allowed = {"autodiff": {"autodiff"}, "optim": {"autodiff", "optim"}, "nn": {"autodiff", "nn", "optim"}}[package]
    imported = {found.target.partition(".")[0] for found in imports_of(module)}
    assert imported & {*PACKAGES, "tests", "benchmarks", "examples"} <= allowed


def test_importing_everything_loads_nothing_but_numpy_and_the_standard_library():
    program = (
        "import sys, numpy, numpy.random\n"
        "before = set(sys.modules)\n"
        "import autodiff, nn, optim\n"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) - set(sys.stdlib_module_names) - {"numpy"} == set(PACKAGES)


# -- rules ---------------------------------------------------------------------------------------------------------

IN_A_RULE_FORBIDDEN = {"np", "isinstance", "type", "hasattr", "modes", "Tensor", "Value"}


def rules_of(module: str) -> list[ast.FunctionDef | ast.Lambda]:
    """Derivative rules, composites and their helpers: the functions whose first argument is the namespace `xp`."""
    return [
        node
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.FunctionDef | ast.Lambda) and [a.arg for a in node.args.args[:1]] == ["xp"]
    ]


OPERATIONS = [module for module in MODULES if module.startswith("autodiff.ops.")]


def test_there_are_rules_to_look_at():
    assert sum(len(rules_of(module)) for module in OPERATIONS) > 50


@pytest.mark.parametrize("module", OPERATIONS)
def test_a_rule_uses_the_namespace_it_is_given_and_does_not_ask_in_which_mode_it_runs(module):
    found = [
        f"line {node.lineno}: {node.id}"
        for rule in rules_of(module)
        for node in ast.walk(rule)
        if isinstance(node, ast.Name) and node.id in IN_A_RULE_FORBIDDEN
    ]
    assert not found


@pytest.mark.parametrize("module", OPERATIONS)
def test_a_rule_writes_into_nothing_it_was_given(module):
    def writes(rule: ast.FunctionDef | ast.Lambda, node: ast.AST) -> bool:
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            given = [*rule.args.args, *rule.args.kwonlyargs]
            return node.target.id in {argument.arg for argument in given}
        stored = isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store)
        return stored or (isinstance(node, ast.keyword) and node.arg == "out")

    found = [
        f"line {node.lineno}: {ast.unparse(node)}"
        for rule in rules_of(module)
        for node in ast.walk(rule)
        if writes(rule, node)
    ]
    assert not found


# -- files ---------------------------------------------------------------------------------------------------------


@over_modules
def test_every_module_says_in_its_first_line_what_it_is_for(module):
    source = MODULES[module].read_text(encoding="utf-8")
    assert source.startswith(('"""', 'r"""')), "a module begins with its docstring"
    first = (ast.get_docstring(TREES[module]) or "").partition("\n")[0]
    assert len(first.split()) >= 3


def test_no_two_modules_are_for_the_same():
    firsts = [(ast.get_docstring(tree) or "").partition("\n")[0] for tree in TREES.values()]
    assert len(firsts) == len(set(firsts))


@over_modules
def test_files_stay_short_enough_to_read(module):
    lines = len(MODULES[module].read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_FILE, f"{module} has {lines} lines; split it by responsibility"


@over_modules
def test_functions_fit_a_screen(module):
    def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        first = function.body[0]
        documented = ast.get_docstring(function, clean=False) is not None
        text = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
        return (function.end_lineno or 0) - function.lineno + 1 - text

    functions = [node for node in ast.walk(TREES[module]) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    too_long = {function.name: length(function) for function in functions if length(function) > MAX_FUNCTION}
    assert not too_long


@pytest.mark.parametrize("path", text_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_left_unfinished_or_tied_to_one_machine(path):
    # Put together from parts, so that this file does not hold the words it looks for.
    marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"]
    text = path.read_text(encoding="utf-8")
    assert not re.findall(rf"\b({'|'.join(marks)})\b", text)
    assert not re.findall(r"(?<![\w.])/(?:work|root|home|Users)/\S*", text)


# -- names ---------------------------------------------------------------------------------------------------------

WITH_ALL = [
    module
    for module, tree in TREES.items()
    if any(isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__" for node in tree.body)
]
over_public_modules = pytest.mark.parametrize("module", WITH_ALL)


@pytest.mark.parametrize("package", [*PACKAGES, "nn.data", "nn.functional", "nn.init"])
def test_the_public_packages_list_their_names(package):
    assert package in WITH_ALL


@over_public_modules
def test_listed_names_exist_and_are_listed_once(module):
    loaded = importlib.import_module(module)
    assert len(loaded.__all__) == len(set(loaded.__all__))
    assert not [name for name in loaded.__all__ if not hasattr(loaded, name)]


@over_public_modules
def test_listed_functions_and_classes_are_described(module):
    loaded = importlib.import_module(module)
    listed = {name: getattr(loaded, name) for name in loaded.__all__}
    described = {name: value for name, value in listed.items() if inspect.isclass(value) or inspect.isroutine(value)}
    assert not [name for name, value in described.items() if not (value.__doc__ or "").strip()]


@over_public_modules
def test_no_module_carries_the_name_of_something_public(module):
    """A submodule, once imported, would take the place of the function with its name."""
    loaded = importlib.import_module(module)
    shadowed = [name for name in loaded.__all__ if f"{module}.{name}" in MODULES]
    assert not [name for name in shadowed if getattr(loaded, name) is not sys.modules.get(f"{module}.{name}")]


# -- what is shipped and how it is installed -----------------------------------------------------------------------

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_distribution_is_three_packages_that_need_numpy_alone():
    project = PROJECT["project"]
    assert (project["name"], project["requires-python"], project["dependencies"]) == ("wengert", ">=3.11", ["numpy>=2"])
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(PACKAGES)
    assert PROJECT["build-system"]["build-backend"] == "hatchling.build"


def test_the_extras_are_the_promised_ones():
    extras = PROJECT["project"]["optional-dependencies"]
    names = {
        extra: {re.match(r"[\w-]+(\[\w+\])?", entry).group() for entry in entries} for extra, entries in extras.items()
    }
    assert set(extras) == {"viz", "demo", "jit", "test", "conformance", "dev"}
    assert names["viz"] == {"graphviz", "graphviz-pure"}
    assert names["demo"] == {"matplotlib", "tqdm", "wengert[viz]"}
    assert names["jit"] == {"numba"}
    assert names["test"] >= {"pytest", "hypothesis"}
    assert "torch==2.13.0" in extras["conformance"]
    assert names["dev"] >= {"ruff", "mypy", "wengert[test]"}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_tells_type_checkers_that_it_has_types(package):
    assert (ROOT / package / "py.typed").is_file()


@pytest.mark.parametrize(
    "command", ['pip install -e ".[demo]" && python examples/digits.py', 'pip install -e ".[test]" && pytest']
)
def test_the_readme_holds_the_two_commands(command):
    lines = [line.strip() for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()]
    assert len({line for line in lines if line.startswith(command)}) == 1


def test_warnings_are_errors_in_tests():
    assert PROJECT["tool"]["pytest"]["ini_options"]["filterwarnings"][0] == "error"


def test_the_digits_travel_with_their_license():
    text = (ROOT / "nn/data/digits.LICENSE.txt").read_text(encoding="utf-8")
    assert "Alpaydin" in text
    assert "10.24432/C50P49" in text
    assert (ROOT / "nn/data/digits.npz").stat().st_size < 60_000
