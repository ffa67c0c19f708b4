"""The public names against PyTorch: one expression, evaluated in both, compared in value, gradient and second order."""

import inspect
from typing import Any

import numpy as np
import pytest
import torch

import autodiff as ad
from tests.conformance.surface import FAMILIES
from tests.conformance.surface.form import assert_same, everything, inputs_of
from tests.conformance.surface.ledger import DOCUMENT, EXCUSED, document, given_parameters, public_functions

PRECISION = {np.float32: 2e-5, np.float64: 1e-9}


def named(what: str) -> list[Any]:
    """Every case, or edge, of every family."""
    return [
        pytest.param(family, name, id=f"{family.__name__.rpartition('.')[2]}: {name}")
        for family in FAMILIES
        for name in getattr(family, what)
    ]


def tolerance(family: Any, floats: Any) -> float:
    return getattr(family, "TOLERANCE", {}).get(floats, PRECISION[floats])


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("floats", PRECISION, ids=["float32", "float64"])
@pytest.mark.parametrize(("family", "name"), named("CASES"))
def test_a_function_gives_what_it_gives_in_pytorch(family, name, floats):
    case = family.CASES[name]
    arrays = inputs_of(case, floats)
    tracked = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    ours = everything(ad, lambda *given: case(ad, *given), arrays, tracked)
    theirs = everything(torch, lambda *given: case(torch, *given), arrays, tracked)
    assert_same(ours, theirs, tolerance(family, floats))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("floats", PRECISION, ids=["float32", "float64"])
@pytest.mark.parametrize(("family", "name"), named("EDGES"))
def test_an_edge_is_pytorchs(family, name, floats):
    function, given, order = family.EDGES[name]
    arrays = [np.array(a, floats if not np.size(a) or np.asarray(a).dtype.kind == "f" else None) for a in given]
    tracked = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"] if order else []
    ours = everything(ad, lambda *a: function(ad, *a), arrays, tracked, order)
    theirs = everything(torch, lambda *a: function(torch, *a), arrays, tracked, order)
    assert_same(ours, theirs, tolerance(family, floats))


class InPlace:
    """A module one of whose functions writes its result into a copy of its first Tensor."""

    def __init__(self, module: Any, name: str) -> None:
        self._module, self._name, self.used = module, name, False

    def __getattr__(self, name: str) -> Any:
        return self._write if name == self._name else getattr(self._module, name)

    def _write(self, *args: Any, **named: Any) -> Any:
        place = next((i for i, a in enumerate(args) if isinstance(a, (ad.Tensor, torch.Tensor))), None)
        if place is None:
            return getattr(self._module, self._name)(*args, **named)
        self.used = True
        return getattr(args[place].clone(), f"{self._name}_")(*args[:place], *args[place + 1 :], **named)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", [n for n in public_functions() if hasattr(ad.Tensor, f"{n}_")])
def test_the_method_with_an_underscore_writes_what_it_writes_in_pytorch(name):
    used = 0
    for family in FAMILIES:
        for key, case in family.CASES.items():
            if key.split()[0] != name:
                continue
            arrays = inputs_of(case)
            tracked = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
            mine, its = InPlace(ad, name), InPlace(torch, name)
            try:
                theirs = everything(torch, lambda *given, c=case, m=its: c(m, *given), arrays, tracked)
            except (RuntimeError, AttributeError):  # a dtype or a shape that does not fit into the Tensor
                continue
            ours = everything(ad, lambda *given, c=case, m=mine: c(m, *given), arrays, tracked)
            assert_same(ours, theirs, tolerance(family, np.float32))
            used += mine.used
    assert used, f"no case calls m.{name}(x, ...) with what can be written into x"


@pytest.mark.parametrize("name", public_functions())
def test_every_parameter_of_a_public_function_is_given_in_some_case(name):
    parameters = list(inspect.signature(public_functions()[name]).parameters)
    assert name in given_parameters(), "no case calls it"
    assert set(parameters) - given_parameters()[name] - EXCUSED.get(name, set()) - EXCUSED["*"] == set()


def test_the_document_is_fresh():
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run: python -m tests.conformance.surface.ledger --write"
