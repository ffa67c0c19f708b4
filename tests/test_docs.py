"""Every example in a docstring and every Python block of the README runs and gives what it shows."""

import ast
import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import autodiff as ad

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def documented_modules() -> Iterator[str]:
    """The modules that hold at least one example."""
    for package in ("autodiff", "nn", "optim"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                parts = path.relative_to(ROOT).with_suffix("").parts
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def readme_blocks() -> list[str]:
    """The README's blocks marked as Python, in their order."""
    return re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture
def away(tmp_path, monkeypatch) -> None:
    """Run in an empty folder, since an example may write a file, and from a known seed."""
    monkeypatch.chdir(tmp_path)
    ad.manual_seed(0)


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("name", list(documented_modules()))
def test_the_examples_of_a_module_give_what_they_show(name):
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name)):
        runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).attempted > 0
    assert not report, "".join(report)


@pytest.mark.usefixtures("away")
def test_the_blocks_of_the_readme_run_one_after_the_other():
    names: dict[str, object] = {"__name__": "readme"}
    for block in readme_blocks():
        if block.lstrip().startswith(">>>"):
            report: list[str] = []
            test = doctest.DocTestParser().get_doctest(block, names, "README.md", "README.md", 0)
            doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=report.append, clear_globs=False)
            assert not report, "".join(report)
            names.update(test.globs)
        else:
            exec(compile(block, "README.md", "exec"), names)


def test_the_readme_has_python_to_run():
    assert any(
        isinstance(node, ast.For)
        for block in readme_blocks()
        if ">>>" not in block
        for node in ast.walk(ast.parse(block))
    )
