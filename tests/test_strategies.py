"""The strategies draw what they say, and say what to install without Hypothesis."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as ad
from autodiff import strategies
from autodiff.errors import MissingExtraError


@settings(max_examples=30)
@given(strategies.shapes(min_dims=1, max_dims=2, min_side=0, max_side=3))
def test_shapes_stay_within_their_bounds(shape):
    assert 1 <= len(shape) <= 2
    assert all(0 <= n <= 3 for n in shape)


@settings(max_examples=30)
@given(strategies.broadcastable_shapes(3))
def test_broadcastable_shapes_broadcast(shapes):
    assert len(shapes) == 3
    assert len(np.broadcast_shapes(*shapes)) <= 3


@settings(max_examples=30)
@given(strategies.matmul_shapes())
def test_matmul_shapes_can_be_multiplied(shapes):
    first, second = shapes
    assert ad.matmul(ad.ones(first), ad.ones(second)).shape == np.matmul(np.ones(first), np.ones(second)).shape


@settings(max_examples=30)
@given(strategies.tensors((2, 3), min_value=-1, max_value=3))
def test_tensors_are_new_leaves_in_float64_within_their_bounds(t):
    assert t.shape == (2, 3)
    assert t.dtype == ad.float64
    assert t.is_leaf
    assert t.requires_grad
    assert t.grad is None
    assert bool((t >= -1).all())
    assert bool((t <= 3).all())


@settings(max_examples=10)
@given(
    st.sampled_from([ad.float32, ad.float16, ad.int64, ad.uint8, ad.bool]).flatmap(
        lambda d: st.tuples(st.just(d), strategies.tensors(dtype=d, min_value=0))
    )
)
def test_tensors_can_be_of_any_dtype_and_only_floats_collect_gradients(drawn):
    dtype, t = drawn
    assert t.dtype == dtype
    assert t.requires_grad == (dtype.kind == "f")


@settings(max_examples=60)
@given(strategies.shapes().flatmap(lambda shape: st.tuples(st.just(shape), strategies.indices(shape))))
def test_indices_can_be_used_on_their_shape(drawn):
    shape, key = drawn
    assert ad.zeros(shape)[key].shape == np.zeros(shape)[key].shape


@pytest.mark.parametrize("make", [strategies.shapes, strategies.tensors, lambda: strategies.indices((2,))])
def test_without_hypothesis_the_extra_to_install_is_named(make, monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(MissingExtraError, match=r"autodiff.strategies needs hypothesis.*\n.*'wengert\[test\]'"):
        make()
