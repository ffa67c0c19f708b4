"""Nested containers: taken apart, put together, compared, and named in errors."""

from collections import OrderedDict, defaultdict, namedtuple

import pytest

from autodiff.errors import ShapeError
from autodiff.trees import flatten, map_leaves

Layer = namedtuple("Layer", ["weight", "bias"])


@pytest.mark.parametrize(
    "tree",
    [
        1,
        [],
        {},
        None,
        [1, (2, 3), {"a": [4], "b": None}],
        {"layer": Layer(1, (2, None))},
        OrderedDict(b=1, a=2),
        defaultdict(list, a=1),
        ((), [[]], {"x": {}}),
    ],
    ids=repr,
)
def test_what_is_taken_apart_can_be_put_together(tree):
    leaves, structure = flatten(tree)
    again = structure.build(leaves)
    assert again == tree
    assert type(again) is type(tree)
    assert structure.n == len(leaves)
    assert map_leaves(lambda leaf: leaf, tree) == tree


def test_a_default_dict_keeps_its_default():
    leaves, structure = flatten(defaultdict(list, a=1))
    assert structure.build(leaves)["new"] == []


def test_leaves_stand_in_the_order_of_the_containers():
    leaves, structure = flatten({"z": [1, 2], "a": Layer(3, 4)})
    assert leaves == [1, 2, 3, 4]
    assert structure.paths("p") == ["p['z'][0]", "p['z'][1]", "p['a'].weight", "p['a'].bias"]


def test_none_and_strings():
    assert flatten([None, "text"])[0] == ["text"]


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ([1], "the tangent is a list of 1, and the primal has a dict with the keys ['layer1', 'layer2'] there"),
        ({"layer1": 1}, "the tangent is a dict with the keys ['layer1'], and the primal has a dict with the keys"),
        ({"layer1": [1], "layer3": 2}, "the tangent has no 'layer2', and the primal has"),
        ({"layer1": 5, "layer2": 2}, "the tangent['layer1'] is a int, and the primal['layer1'] has a list of 1 there"),
        ({"layer1": [None], "layer2": 2}, None),
        ({"layer2": 2, "layer1": [1]}, None),
    ],
)
def test_another_nesting_is_named_by_its_place(tree, expected):
    structure = flatten({"layer1": [0], "layer2": 0})[1]
    if expected is None:
        assert structure.parts(tree, "the tangent", "the primal") == [tree["layer1"][0], 2]
    else:
        with pytest.raises(ShapeError) as caught:
            structure.parts(tree, "the tangent", "the primal")
        assert expected in str(caught.value)


def test_a_tuple_is_no_list_and_a_named_tuple_no_tuple():
    structure = flatten((0, 0))[1]
    for tree in ([1, 2], Layer(1, 2), None):
        with pytest.raises(ShapeError, match="nest both alike"):
            structure.parts(tree, "this", "that")
