"""What the comparison with PyTorch covers: which public functions, which of their parameters, which derivatives.

``python -m tests.conformance.surface.ledger`` prints the table; with ``--write`` it goes to docs/operations.md.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np

import autodiff as ad
from autodiff.methods import Methods
from autodiff.names import facts, families
from autodiff.protocols import names_of
from tests.conformance.surface import FAMILIES
from tests.conformance.surface.form import everything, inputs_of

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "operations.md"

#: Namespaces of functions that stand beside `autodiff`'s own.
NAMESPACES = ("linalg", "special")

#: Parameters that need no case of their own, by function; "*": everywhere. NumPy's spellings are tested in
#: test_names.py, and PyTorch does not have them everywhere; there is one device; generators draw other numbers.
EXCUSED: dict[str, Any] = {
    "*": {"axis", "keepdims", "device", "generator", "non_blocking", "self", "input"},
}
#: Where public functions are tested whose results cannot be compared number by number.
ELSEWHERE = {
    "tests/test_random.py": {
        *("bernoulli", "multinomial", "normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like"),
        *("randperm", "bernoulli_", "normal_", "uniform_", "empty", "empty_like", "new_empty"),
    }
}


@cache
def public_functions() -> dict[str, Callable[..., Any]]:
    """Every public function and method that computes, by the name a user calls it."""
    found = {name: getattr(family, name) for family in families() for name in family.__all__}
    found |= {f"Tensor.{name}": value for name, value in vars(Methods).items() if name not in found}
    for space in NAMESPACES:
        module = getattr(ad, space, None)
        found |= {f"{space}.{name}": getattr(module, name) for name in getattr(module, "__all__", ())}
    elsewhere = set.union(*ELSEWHERE.values())
    # Methods that write into their Tensor take the arguments of their function, and are compared with its cases.
    made = {f"Tensor.{name}_" for name in found}
    return {
        name: value
        for name, value in sorted(found.items())
        if inspect.isfunction(value)
        and name not in made
        and "__" not in name
        and name.rpartition(".")[2] not in elsewhere
    }


class Spy:
    """A module whose functions remember which of their parameters were given."""

    def __init__(self, target: ModuleType, prefix: str, note: Callable[..., Any]) -> None:
        self._target, self._prefix, self._note = target, prefix, note

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if isinstance(value, ModuleType):
            return Spy(value, f"{self._prefix}{name}.", self._note)
        return self._note(f"{self._prefix}{name}", value) if inspect.isfunction(value) else value


@contextmanager
def spied(seen: dict[str, set[str]]) -> Iterator[Spy]:
    """Note what is given to functions and methods; what they call in turn does not count."""
    depth = 0

    def note(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def noted(*args: Any, **named: Any) -> Any:
            nonlocal depth
            if not depth:
                seen.setdefault(name, set()).update(inspect.signature(function).bind(*args, **named).arguments)
            depth += 1
            try:
                return function(*args, **named)
            finally:
                depth -= 1

        return noted

    public = {name for family in families() for name in family.__all__}
    plain = {name: value for name, value in vars(Methods).items() if inspect.isfunction(value)}
    methods = {name: note(name if name in public else f"Tensor.{name}", value) for name, value in plain.items()}
    with mock.patch.multiple(Methods, **methods):
        yield Spy(ad, "", note)


@cache
def given_parameters() -> dict[str, set[str]]:
    """For each public function the parameters that some case gives."""
    seen: dict[str, set[str]] = {}
    with spied(seen) as spy:
        for family in FAMILIES:
            for case in family.CASES.values():
                case(spy, *[ad.from_numpy(a) for a in inputs_of(case)])
            for function, given, _ in family.EDGES.values():
                function(spy, *[ad.from_numpy(np.array(a, None if np.size(a) else np.float32)) for a in given])
    return seen


def orders(case: Any) -> int:
    """How many derivatives of a case are not zero everywhere: 0, 1 or 2."""
    arrays = inputs_of(case, np.float64)
    tracked = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    stages = everything(ad, lambda *given: case(ad, *given), arrays, tracked)
    return max([i for i, stage in enumerate(stages) if i == 0 or any(np.any(g) for g in stage)])


HEAD = """# Operations

Generated from the comparison with PyTorch by `python -m tests.conformance.surface.ledger --write`; a test keeps it
fresh. Every line is compared with PyTorch 2.13 in float32 and float64: values, dtypes, and the derivatives it has.
[primitives.md](primitives.md) lists what these functions are made of.

- **cases**: how many expressions are compared, besides those at kinks, poles and ends.
- **vjp**: whether a cotangent goes back through it. **second**: whether the second derivative is compared and not zero
  everywhere (`zero`: it is).
- **NumPy**: the NumPy functions that do the same on a Tensor. **in place**: the method that writes into its Tensor.

| Operation | cases | vjp | second | NumPy | in place |
| --- | --- | --- | --- | --- | --- |
"""


def document() -> str:
    """The table."""
    lines = []
    cases: dict[str, list[Any]] = {}
    for family in FAMILIES:
        for key, case in family.CASES.items():
            cases.setdefault(key.split()[0], []).append(case)
    for name in public_functions():
        bare = name.rpartition(".")[2]
        if bare.endswith("_") or bare in facts.METHODS or bare in facts.__all__:
            continue
        found = [orders(case) for case in cases.get(name.removeprefix("Tensor."), [])]
        depth = max(found, default=0)
        second = "—" if depth == 0 else "yes" if depth == 2 else "zero"
        in_place = f"`{bare}_`" if hasattr(Methods, f"{bare}_") else ""
        numpy = ", ".join(f"`{n}`" for n in names_of(name))
        cells = [f"`{name}`", str(len(found)), "yes" if depth else "—", second, numpy, in_place]
        lines.append(f"| {' | '.join(cells)} |\n")
    return HEAD + "".join(lines)


if __name__ == "__main__":
    import sys

    if "--write" in sys.argv:
        DOCUMENT.write_text(document(), encoding="utf-8")
    else:
        print(document())
