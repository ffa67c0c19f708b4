"""The laws of the repository itself: which module may import which, what every file has, what is shipped."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("autodiff", "nn", "optim")

# From the bottom up: a module imports from its own layer or a lower one. Entries are modules or whole subpackages;
# `nn.*` is every family of layers that has no line of its own.
LAYERS = (
    ("autodiff.errors", "autodiff.size", "autodiff.heap", "autodiff.frames", "autodiff.trees"),
    ("autodiff.dtypes", "autodiff.devices", "autodiff.rules"),
    ("autodiff.graph", "autodiff.operands", "autodiff.saved", "autodiff.saving"),
    ("autodiff.primitive", "autodiff.modes", "autodiff.random"),
    ("autodiff.ops",),
    ("autodiff.backward", "autodiff.inplace"),
    ("autodiff.gradients", "autodiff.operators", "autodiff.methods", "autodiff.printing", "autodiff.function"),
    ("autodiff.tensors",),
    ("autodiff.names",),
    ("autodiff.linalg", "autodiff.special"),
    ("autodiff.protocols",),
    (
        "autodiff.anomaly",
        "autodiff.differences",
        "autodiff.checking",
        "autodiff.checkpointing",
        "autodiff.strategies",
        "autodiff.transforms",
        "autodiff.func",
        "autodiff.tracing",
    ),
    ("autodiff.drawing", "autodiff.compiler", "autodiff.autograd"),
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
UPWARD_ON_CALL: dict[tuple[str, str], str] = {
    ("autodiff.operators", "autodiff.protocols"): "a NumPy function calls a method of Tensor; the table is built then",
}
# Packages that an extra installs; imported inside functions only.
OPTIONAL = {"graphviz", "graphviz_pure", "hypothesis", "llvmlite", "matplotlib", "tqdm"}

MAX_FILE = 500
MAX_FUNCTION = 60  # lines without the docstring
# The functions that may be longer -> why.
LONG_FUNCTIONS: dict[str, str] = {}


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


def test_every_module_has_a_layer():
    homeless = [module for module in MODULES if layer_of(module) is None]
    assert not homeless, f"say in LAYERS of {Path(__file__).name} where they belong"


def test_imports_lead_to_the_same_layer_or_a_lower_one():
    upward = {
        f"{module} imports {found.target}"
        for module in MODULES
        for found in imports_of(module)
        if found.target in MODULES
        and (layer_of(found.target) or 0) > (layer_of(module) or 0)
        and not (found.on_call and (module, found.target) in UPWARD_ON_CALL)
    }
    assert not upward, "the second is built on top of the first"


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


def test_only_numpy_and_the_standard_library_are_imported_with_a_module():
    known = {*sys.stdlib_module_names, "numpy", *PACKAGES}
    foreign = [
        (module, found.target.partition(".")[0], found.on_call) for module in MODULES for found in imports_of(module)
    ]
    foreign = [(module, target, on_call) for module, target, on_call in foreign if target not in known]
    assert not [(module, target) for module, target, on_call in foreign if not on_call]
    assert not [(module, target) for module, target, _ in foreign if target not in OPTIONAL]


def test_optim_does_not_know_nn_and_the_engine_knows_neither():
    forbidden = {"autodiff": {"nn", "optim"}, "optim": {"nn"}, "nn": set()}
    assert not [
        f"{module} imports {found.target}"
        for module in MODULES
        for found in imports_of(module)
        if found.target.partition(".")[0] in forbidden[module.partition(".")[0]] | {"tests", "benchmarks", "examples"}
    ]


def test_importing_everything_loads_nothing_but_numpy_and_the_standard_library():
    program = (
        "import sys, numpy, numpy.random\n"
        "before = set(sys.modules)\n"
        "import autodiff, nn, optim\n"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) - set(sys.stdlib_module_names) - {"numpy"} == set(PACKAGES)


# -- files ---------------------------------------------------------------------------------------------------------


def first_line(module: str) -> str:
    return (ast.get_docstring(TREES[module]) or "").partition("\n")[0]


def test_every_module_says_in_its_first_line_what_it_is_for():
    begin = {module: path.read_text(encoding="utf-8")[:4] for module, path in MODULES.items()}
    assert not [module for module, text in begin.items() if not text.startswith(('"""', 'r"""'))]
    assert not [module for module in MODULES if len(first_line(module).split()) < 3]


def test_no_two_modules_are_for_the_same():
    firsts = Counter(map(first_line, MODULES))
    assert not [line for line, times in firsts.items() if times > 1]


def test_no_module_carries_the_name_of_a_public_name():
    """A module imported on request would take the place of the function in its package."""
    for package in PACKAGES:
        public = set(importlib.import_module(package).__all__)
        own = {name.removeprefix(f"{package}.") for name in MODULES if name.startswith(f"{package}.")}
        modules = {name for name in own if "." not in name}
        # A namespace, such as nn.init, may be a module and public too.
        assert not {n for n in public & modules if not isinstance(getattr(sys.modules[package], n), ModuleType)}


def test_files_stay_short_enough_to_read():
    lines = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in MODULES.items()}
    assert not {module: n for module, n in lines.items() if n > MAX_FILE}, "split them by responsibility"


def test_functions_fit_a_screen():
    def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        first = function.body[0]
        documented = ast.get_docstring(function, clean=False) is not None
        text = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
        return (function.end_lineno or 0) - function.lineno + 1 - text

    lengths = {
        f"{module}.{node.name}": length(node)
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not {name: n for name, n in lengths.items() if n > MAX_FUNCTION and name not in LONG_FUNCTIONS}
    assert not [name for name in LONG_FUNCTIONS if lengths.get(name, 0) <= MAX_FUNCTION], "no exception is needed"


def test_nothing_is_left_unfinished_or_tied_to_one_machine():
    # Put together from parts, so that this file does not hold the words it looks for.
    marks = rf"\b({'|'.join(['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'NotImplemented' + 'Error'])})\b"
    places = r"(?<![\w.])/(?:work|root|home|Users)/\S*"
    assert not [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in text_files()
        for found in re.finditer(f"{marks}|{places}", path.read_text(encoding="utf-8"))
    ]


# -- names ---------------------------------------------------------------------------------------------------------

LISTS = {
    module: importlib.import_module(module)
    for module, tree in TREES.items()
    if any(isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__" for node in tree.body)
}


def test_the_public_packages_list_their_names():
    assert {*PACKAGES, "nn.data", "nn.functional", "nn.init"} <= set(LISTS)


def test_listed_names_exist_and_are_listed_once():
    assert not [module for module, loaded in LISTS.items() if len(loaded.__all__) != len(set(loaded.__all__))]
    assert not [
        f"{module}.{name}" for module, loaded in LISTS.items() for name in loaded.__all__ if not hasattr(loaded, name)
    ]


def test_listed_functions_and_classes_are_described():
    listed = {f"{module}.{name}": getattr(loaded, name) for module, loaded in LISTS.items() for name in loaded.__all__}
    described = {name: value for name, value in listed.items() if inspect.isclass(value) or inspect.isroutine(value)}
    assert not [name for name, value in described.items() if not (value.__doc__ or "").strip()]


def test_a_module_with_a_public_name_is_loaded_with_its_package():
    """Imported later, it would take the place of the function with its name."""
    at_once = {(module, found.target) for module in LISTS for found in imports_of(module) if not found.on_call}
    named = {
        (module, f"{module}.{name}")
        for module, loaded in LISTS.items()
        for name in loaded.__all__
        if not isinstance(getattr(loaded, name), ModuleType)  # a namespace takes its own place
    }
    assert not {(module, target) for module, target in named - at_once if target in MODULES}


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
    assert names["demo"] == {"matplotlib", "scipy", "tqdm", "wengert[viz]"}
    assert names["jit"] == {"llvmlite"}
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
