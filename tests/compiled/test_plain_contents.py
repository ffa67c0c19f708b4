"""What plain Python reads of arrays, sets and lists is held to what it was, however it is changed."""

from importlib.util import find_spec

import numpy as np
import pytest

import autodiff as ad

BACKENDS = ["numpy", *(["numba"] if find_spec("llvmlite") else [])]
GLOBAL = np.zeros(3)


class Holder:
    def __init__(self):
        self.w = np.zeros(3)


def a_closed_over_array():
    w = np.zeros(3)
    return (lambda x: x * float(w[0])), lambda k: w.__setitem__(0, k)


def a_global_array():
    return (lambda x: x * float(GLOBAL[0])), lambda k: GLOBAL.__setitem__(0, k)


def an_array_of_an_object():
    thing = Holder()
    return (lambda x: x * float(thing.w[0])), lambda k: thing.w.__setitem__(0, k)


def an_array_that_a_tensor_copies():
    w = np.zeros(3, np.float32)
    return (lambda x: x * ad.tensor(w)), lambda k: w.fill(k)


def an_array_not_in_order():
    w = np.zeros((4, 6))[::2, ::3].T
    return (lambda x: x * float(w[1, 0])), lambda k: w.__setitem__((1, 0), k)


def a_set():
    held = {0, -1}
    return (lambda x: x * max(held)), lambda k: (held.clear(), held.update((k, -1)))


def a_set_of_words():
    held = {"0"}
    return (lambda x: x * int("".join(held))), lambda k: (held.clear(), held.add(str(k)))


def a_list_of_tensors():
    held = [ad.ones(1)]
    return (lambda x: x * held[0]), lambda k: held.__setitem__(0, ad.tensor([float(k)]))


def a_dict_of_lists():
    held = {"a": [0.0]}
    return (lambda x: x * held["a"][0]), lambda k: held.__setitem__("a", [float(k)])


def a_list_of_arrays():
    held = [np.zeros(1)]
    return (lambda x: x * float(held[0][0])), lambda k: held.__setitem__(0, np.full(1, k))


KINDS = [
    a_closed_over_array,
    a_global_array,
    an_array_of_an_object,
    an_array_that_a_tensor_copies,
    an_array_not_in_order,
    a_set,
    a_set_of_words,
    a_list_of_tensors,
    a_dict_of_lists,
    a_list_of_arrays,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_changed_in_place_is_seen(kind, backend):
    function, change = kind()
    step = ad.compile(function, backend=backend)
    for k in (1, 2, 3, 2):
        change(k)
        for _ in range(3):
            assert step(ad.ones(3)).tolist() == [float(k)] * 3
    assert step.stats["replayed"] >= 4


def test_an_array_that_has_changed_between_the_recordings_is_not_a_refusal():
    w = np.zeros(1)
    step = ad.compile(lambda x: x * float(w[0]))
    for k in range(4):
        w[0] = k
        assert step(ad.ones(1)).item() == k


def test_an_array_that_the_call_changes_is_refused():
    w = np.zeros(3)

    def step(x):
        w[0] += 1
        return x * 2

    with pytest.raises(ad.RecordingError, match="the call changed w, an array"):
        ad.compile(step)(ad.ones(3))


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_array_that_is_state_is_read_at_each_call_by_one_program(backend):
    w = np.zeros(3, np.float32)
    step = ad.compile(lambda x: x * ad.from_numpy(w), backend=backend)
    for k in range(6):
        w[:] = k
        assert step(ad.ones(3)).tolist() == [float(k)] * 3
    assert step.stats["recorded"] == 2


def test_values_that_never_return_do_not_pile_up():
    w = np.zeros(1)
    step = ad.compile(lambda x: x * float(w[0]))
    for k in range(100):
        w[0] = k // 2
        step(ad.ones(1))
    (entry,) = step._entries.values()
    assert len(entry.steps) <= 32
    assert len(entry.waiting) <= 32


@pytest.mark.parametrize("n", [101, 5000])
def test_a_large_set_or_array_may_be_named(n):
    held, w = set(range(n)), np.zeros(n)
    step = ad.compile(lambda x: x * len(held) * len(w))
    assert [step(ad.ones(1)).item() for _ in range(4)] == [float(n * n)] * 4


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_many_steps_see_it_too(kind):
    function, change = kind()
    step = ad.compile(function)
    for k in (1, 2, 3, 2):
        change(k)
        for _ in range(2):
            assert step.run(ad.ones(8, 3)).tolist() == [[float(k)] * 3] * 8


def test_a_set_alone_does_not_keep_many_steps_from_going_on():
    held = {1, 2}
    step = ad.compile(lambda x: x * len(held))
    step.run(ad.ones(8, 3))
    recorded = step.stats["recorded"]
    assert step._latest.way.leads_on()
    assert step.run(ad.ones(8, 3)).tolist() == [[2.0] * 3] * 8
    assert step.stats["recorded"] == recorded


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_it_is_seen_when_only_gradients_have_come_or_gone(kind):
    function, change = kind()
    p = ad.ones(3, requires_grad=True)

    def step(x):
        y = function(x) * p
        y.sum().backward()
        return y

    fast = ad.compile(step)
    for k in (1, 2, 3, 2):
        change(k)
        for i in range(8):
            p.grad = p.grad if i % 2 else None
            assert fast(ad.ones(3)).tolist() == [float(k)] * 3
