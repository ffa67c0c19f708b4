"""A compiled method works on the object that it is called on, and on no other; copies and pickles begin anew."""

import copy
import gc
import pickle
from functools import partial
from weakref import ref

import pytest

import autodiff as ad
import nn


class Scaler:
    def __init__(self):
        self.w = ad.tensor([1.0], requires_grad=True)

    @ad.compile
    def step(self, x):
        with ad.no_grad():
            self.w.add_(x)
        return self.w * 1

    def plain(self, x):
        return x * 2

    fast = ad.compile(plain)


class Heir(Scaler):
    @ad.compile
    def step(self, x):
        return super().step(x) * 2


class Slotted:
    __slots__ = ("w",)

    def __init__(self):
        self.w = ad.tensor([1.0])

    @ad.compile
    def step(self, x):
        return self.w * x


class Unhashable(Scaler):
    def __eq__(self, other):
        return True

    __hash__ = None


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(ad.tensor([1.0]))

    step = Scaler.step


class Holder(Scaler):
    def __init__(self):
        super().__init__()
        self.quick = ad.compile(partial(self.plain))
        self.own = ad.compile(self.add)

    def add(self, x):
        with ad.no_grad():
            self.w.add_(x)
        return self.w * 1


@ad.compile
def of_the_module(x):
    return x + 1


def pickled(x):
    return pickle.loads(pickle.dumps(x))


COPIES = [copy.copy, copy.deepcopy, pickled]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickled])
@pytest.mark.parametrize(("kind", "name"), [(Scaler, "step"), (Unhashable, "step"), (Network, "step"), (Holder, "own")])
def test_a_copy_trains_itself(duplicate, kind, name):
    one = kind()
    for _ in range(4):
        getattr(one, name)(ad.ones(1))
    other = duplicate(one)
    assert getattr(other, name) is not getattr(one, name)
    for k in range(4):
        assert getattr(other, name)(ad.ones(1)).item() == 6.0 + k
    assert one.w.item() == 5.0
    assert getattr(other, name).stats == {"recorded": 2, "replayed": 2, "eager": 0}


@pytest.mark.parametrize("kind", [Scaler, Network])
def test_a_shallow_copy_uses_what_it_has_been_given_since(kind):
    one = kind()
    for _ in range(4):
        one.step(ad.ones(1))
    other = copy.copy(one)
    other.__dict__["_parameters"] = {}
    other.__dict__["w"] = ad.tensor([10.0])
    assert [other.step(ad.ones(1)).item() for _ in range(4)] == [11.0, 12.0, 13.0, 14.0]
    assert one.w.item() == 5.0
    assert one.step(ad.ones(1)).item() == 6.0


def test_a_name_of_its_own_leaves_the_function_alone():
    thing = Scaler()
    assert thing.fast is thing.fast
    for _ in range(4):
        assert thing.fast(ad.ones(1)).item() == 2.0
    assert thing.fast.stats["replayed"] == 2
    assert not hasattr(thing.plain, "stats")


def test_what_a_class_overrides_is_another_method():
    thing = Heir()
    assert [thing.step(ad.ones(1)).item() for _ in range(4)] == [4.0, 6.0, 8.0, 10.0]
    assert super(Heir, thing).step is not thing.step
    assert thing.step.stats["replayed"] == 2


def test_objects_with_slots_are_replayed():
    thing, other = Slotted(), Slotted()
    other.w = ad.tensor([2.0])
    for k in range(4):
        assert thing.step(ad.tensor([float(k)])).item() == k
        assert other.step(ad.tensor([float(k)])).item() == 2 * k
    assert thing.step.stats["replayed"] == other.step.stats["replayed"] == 2


def test_an_object_goes_when_nobody_has_it():
    thing = Scaler()
    for _ in range(4):
        thing.step(ad.ones(1))
    gone = ref(thing)
    del thing
    gc.collect()
    assert gone() is None


def test_another_compiled_method_does_not_make_a_network_anew():
    class Two(Network):
        @ad.compile
        def other(self, x):
            return x * self.w

    model = Two()
    for _ in range(4):
        model.step(ad.ones(1))
    model.other(ad.ones(1))
    model.note = 1
    del model.note
    model.step(ad.ones(1))
    assert model.step.stats["recorded"] == 2


def test_a_compiled_module_or_partial_in_a_class_is_called_as_it_is():
    class Has:
        net = ad.compile(nn.Identity())
        times = ad.compile(partial(ad.mul, 2))

    assert Has().net(ad.ones(1)).item() == 1.0
    assert Has().times(ad.ones(1)).item() == 2.0


@pytest.mark.parametrize("duplicate", COPIES, ids=lambda f: f.__name__)
def test_a_function_found_by_its_name_is_its_own_copy(duplicate):
    assert duplicate(of_the_module) is of_the_module
    assert duplicate(Scaler.step) is Scaler.step


def test_a_copy_of_a_compiled_network_is_one_of_a_copied_network():
    fast = ad.compile(nn.Linear(1, 1))
    for _ in range(3):
        fast(ad.ones(1))
    other = copy.deepcopy(fast)
    assert other.function is not fast.function
    assert other.stats["recorded"] == 0
    assert ad.equal(other(ad.ones(1)), fast(ad.ones(1)))
