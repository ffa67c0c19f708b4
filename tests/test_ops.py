"""Every operation of the table obeys every law that speaks of it, and the table leaves nothing out."""

import numpy as np
import pytest

import autodiff as ad
from autodiff.primitive import primitives
from tests.laws import LAWS, second, tensors_of
from tests.op_cases import DOCUMENT, MISTAKES, TABLE, document

SPOKEN_OF = [
    pytest.param(name, operation, id=f"{operation}-{name}")
    for name, (applies, _) in LAWS.items()
    for operation, row in TABLE.items()
    if any(applies(case) for case in row.cases)
]


@pytest.mark.parametrize(("name", "operation"), SPOKEN_OF)
def test_law(name, operation):
    applies, obey = LAWS[name]
    for case in TABLE[operation].cases:
        if applies(case):
            try:
                obey(case)
            except BaseException as error:
                error.add_note(f"the case is {case}")
                raise


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_is_answered_in_the_users_words(mistake):
    with pytest.raises(mistake.error) as caught:
        primitives[mistake.op](*mistake.inputs, **mistake.static)
    assert mistake.text in str(caught.value)
    assert isinstance(caught.value, RuntimeError), "every error can be caught as PyTorch's RuntimeError"


def test_every_primitive_stands_in_the_table_and_nothing_else_does():
    ours = {name for name, op in primitives.items() if op.forward.__module__.startswith("autodiff.")}
    assert set(TABLE) == ours


@pytest.mark.parametrize("name", TABLE)
def test_every_parameter_has_a_case_that_sets_it(name):
    op = primitives[name]
    given = [case.static for case in TABLE[name].cases]
    for parameter in op.parameters:
        values = [static[parameter] for static in given if parameter in static]
        assert any(v != op.defaults.get(parameter, ...) for v in values), f"no case sets {parameter}"


@pytest.mark.parametrize("name", [n for n, row in TABLE.items() if row.order >= 2])
def test_a_second_derivative_is_zero_exactly_where_the_table_says_so(name):
    found = any(
        np.any(g._array)
        for case in TABLE[name].cases
        if case.differentiable
        for g in second(case, tensors_of(case, case.arrays()))
    )
    assert found == TABLE[name].curved


@pytest.mark.parametrize("name", TABLE)
def test_a_row_without_orders_is_an_operation_without_derivative(name):
    assert (TABLE[name].order == 0) == (not primitives[name].differentiable)


@pytest.mark.parametrize("name", [n for n, op in primitives.items() if not op.differentiable])
def test_results_without_derivative_do_not_require_grad(name):
    for case in TABLE[name].cases:
        given = [ad.from_numpy(a) if isinstance(a, np.ndarray) else a for a in case.arrays()]
        for t in given:
            if isinstance(t, ad.Tensor) and t.dtype.kind == "f":
                t.requires_grad_()
        outs = primitives[name](*given, **case.static)
        assert not any(out.requires_grad for out in (outs if primitives[name].outputs else [outs]))


def test_the_document_is_fresh():
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run: python -m tests.op_cases --write"
