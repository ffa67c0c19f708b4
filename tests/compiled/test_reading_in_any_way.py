"""However plain Python comes to what it reads, a replay gives what an ordinary call gives, or is recorded anew."""

import array
import configparser
import contextvars
import ctypes
import dataclasses
import itertools
import logging
import math
import queue
import random
import threading
import types
import weakref
from collections import ChainMap, UserDict, UserList, deque
from functools import partial, singledispatchmethod
from importlib.util import find_spec

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
from autodiff.compiler.reach import Reach
from tests.compiled import module_of_a_user as module

BACKENDS = ["numpy", *(["numba"] if find_spec("llvmlite") else [])]
K = 1.0


def set_k(k):
    global K
    K = k


class Thing:
    a = 1.0

    def times(self, x):
        return x * K


class Derived(Thing):
    def times(self, x):
        return super().times(x)


@dataclasses.dataclass
class Record:
    a: float = 1.0


class Dynamic:
    def __init__(self):
        self._held = {"a": 1.0}

    def __getattr__(self, name):
        return self._held[name]


class AttrDict(dict):
    __getattr__ = dict.__getitem__


class Child(nn.Module):
    """Looks at the module above it, which would be a part of its own part without a weak reference."""

    def __init__(self, parent, look):
        super().__init__()
        self.parent = look(parent)

    def forward(self, x):
        parent = self.parent() if isinstance(self.parent, weakref.ref) else self.parent
        return x * parent.w * parent.scale


class Parent(nn.Module):
    def __init__(self, look):
        super().__init__()
        self.w = nn.Parameter(ad.ones(1))
        self.scale = 1.0
        self.child = Child(self, look)

    def forward(self, x):
        return self.child(x)


class Measured(float):
    """A number with a unit."""


class Kind(type):
    @property
    def twice(cls):
        return 2 * cls.a


class Adding:
    def __add__(self, x):
        return x * K


class Maker:
    def __init__(self):
        self.a = K


class Base(nn.Module):
    def forward(self, x):
        return x * K


class Above(Base):
    def forward(self, x):
        return super().forward(x)


class Scale(ad.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * K

    @staticmethod
    def backward(ctx, g):
        return g


def fresh(made, read, change):
    """A way to read: a step on a new object, and how to change the object."""

    def kind():
        thing = made()
        return (lambda x: x * read(thing)), partial(change, thing)

    return kind


def attribute(thing, k):
    thing.a = k


def item(thing, k):
    thing["a"] = k


def first(thing, k):
    thing[0] = k


def turned(thing, k):
    """Put the key that is to come last there."""
    key = "a" if k == 2.0 else "b"
    thing[key] = thing.pop(key)


def by_a_list_of_names(thing):
    return sum(getattr(thing, name) for name in ("a",))


def by_a_name_from_outside(thing, name="a"):
    return getattr(thing, name)


def a_proxy():
    held = {"a": 1.0}
    proxy = types.MappingProxyType(held)
    return (lambda x: x * proxy["a"]), partial(item, held)


def a_context_variable():
    variable = contextvars.ContextVar("variable", default=1.0)
    return (lambda x: x * variable.get()), variable.set


def the_class_of_an_object():
    thing = type("Thing", (Thing,), {})()
    return (lambda x: x * thing.a), lambda k: setattr(type(thing), "a", k)


class Dispatching(Thing):
    @singledispatchmethod
    def by_kind(self, x):
        return x * K

    @by_kind.register
    def _(self, x: int):
        return x * self.a


def a_method_for_each_kind():
    thing = Dispatching()
    return (lambda x: x * thing.by_kind(2)), partial(attribute, thing)


class Plain(Thing):
    @ad.compile
    def compiled(self, x):
        return x * self.a * K


class Overriding(Plain):
    def __init__(self):
        self.times = ad.compile(self.times)

    def times(self, x):
        return super().times(x) * 2

    @ad.compile
    def compiled(self, x):
        return super().compiled(x) * 2


def a_class_that_an_object_hides():
    thing = type("Thing", (Thing,), {"a": 1.0})()
    thing.a = 2.0
    return (lambda x: x * type(thing).a * thing.a), partial(attribute, type(thing))


class Lower(dict):
    def __getitem__(self, key):
        return [super().__getitem__(key.lower())]


class Doubled(list):
    def __getitem__(self, at):
        return [2 * super().__getitem__(at)]


def of_a_class_that_is_exchanged(method):
    thing = type("Thing", (Thing,), {"of": lambda self, x: x, "__call__": lambda self, x: x})()
    return (lambda x: getattr(thing, method)(x)), lambda k: setattr(type(thing), method, lambda self, x: x * k)


def a_number_of_the_users_kind():
    length = Measured(2.0)
    length.unit = 1.0
    return (lambda x: x * length.unit), partial(attribute, length)


def a_property_of_a_class():
    thing = Kind("Thing", (Thing,), {})
    return (lambda x: x * thing.twice), partial(attribute, thing)


def a_weak_reference():
    thing = Thing()
    weak = weakref.ref(thing)
    return (lambda x: x * weak().a), partial(attribute, thing)


def a_weak_key():
    thing, table = Thing(), weakref.WeakKeyDictionary()
    return (lambda x: x * table[thing]), partial(table.__setitem__, thing)


def a_method_by_a_weak_reference():
    thing = Thing()
    weak = weakref.WeakMethod(thing.times)
    return (lambda x: weak()(x)), lambda k: (set_k(k), thing)


def the_module_above(look):
    parent = Parent(look)
    return parent, lambda k: setattr(parent, "scale", k)


def a_view_of_a_dict():
    held = {"a": 1.0}
    values = held.values()
    return (lambda x: x * next(iter(values))), partial(item, held)


def a_view_of_memory():
    held = bytearray([1])
    view = memoryview(held)
    return (lambda x: x * view[0]), lambda k: first(held, int(k))


def a_method_by_a_name(call):
    thing = Thing()
    return (lambda x: call(thing, x, "im")), set_k


def a_flag():
    flag = threading.Event()
    return (lambda x: x * 2 if flag.is_set() else x), lambda k: flag.set() if k == 2.0 else flag.clear()


def a_level(of):
    log = logging.getLogger("tests.compiled.level")
    return (lambda x: x * log.getEffectiveLevel()), lambda k: logging.getLogger(of).setLevel(int(k))


def put(thing, k):
    thing["a"]["b"] = str(k)


def parser():
    made = configparser.ConfigParser()
    made["a"] = {"b": "1.0"}
    return made


def a_local():
    made = threading.local()
    made.a = 1.0
    return made


def a_method_that_is_replaced():
    thing = type("Thing", (), {"of": lambda self, x: x, "__module__": __name__})()
    return (lambda x: thing.of(x)), lambda k: setattr(thing, "of", lambda x: x * k)


MADE = {
    "with a value in it": lambda t, x, i: getattr(t, f"t{i}es")(x),
    "with a value in a format": lambda t, x, i: getattr(t, f"t{i:2s}es")(x),
    "of three parts": lambda t, x, i: getattr(t, "t" + str(i) + "es", None)(x),
    "that is formatted": lambda t, x, i: getattr(t, "t%ses" % i)(x),  # noqa: UP031
    "in a form": lambda t, x, i: getattr(t, "t{}es".format(i))(x),  # noqa: UP032
    "in a dict": lambda t, x, i: getattr(t, {"im": "ti"}["im"] + "mes")(x),
    "that another function makes": lambda t, x, i: getattr(t, partial("t{}es".format, i)())(x),
    "or another": lambda t, x, i: getattr(t, "times" if i == "im" else "a")(x),
    "in a loop": lambda t, x, i: sum(getattr(t, name)(x) for name in ("times",)),
    "given with others": lambda t, x, i: getattr(*(t, f"t{i}es"))(x),
}
KINDS = {
    **{f"a method by a name {how}": partial(a_method_by_a_name, call) for how, call in MADE.items()},
    "getattr": fresh(Thing, lambda t: getattr(t, "a"), attribute),  # noqa: B009
    "getattr by a list": fresh(Thing, by_a_list_of_names, attribute),
    "getattr by a default": fresh(Thing, by_a_name_from_outside, attribute),
    "vars": fresh(Record, lambda t: vars(t)["a"], attribute),
    "__dict__": fresh(Record, lambda t: t.__dict__["a"], attribute),
    "asdict": fresh(Record, lambda t: dataclasses.asdict(t)["a"], attribute),
    "__getattr__": fresh(Dynamic, lambda t: t.a, lambda t, k: item(t._held, k)),
    "AttrDict": fresh(lambda: AttrDict(a=1.0), lambda t: t.a, item),
    "a deque": fresh(lambda: deque([1.0], maxlen=3), lambda t: t[0], lambda t, k: t.appendleft(k)),
    "a UserDict": fresh(lambda: UserDict(a=1.0), lambda t: t["a"], item),
    "a ChainMap": fresh(lambda: ChainMap({}, {"a": 1.0}), lambda t: t["a"], item),
    "a UserList": fresh(lambda: UserList([1.0]), lambda t: t[0], first),
    "an array": fresh(lambda: array.array("d", [1.0]), lambda t: t[0], first),
    "a bytearray": fresh(lambda: bytearray([1]), lambda t: t[0], lambda t, k: first(t, int(k))),
    "a number of ctypes": fresh(lambda: ctypes.c_double(1), lambda t: t.value, lambda t, k: setattr(t, "value", k)),
    "a local of a thread": fresh(a_local, lambda t: t.a, attribute),
    "a parser": fresh(parser, lambda t: t.getfloat("a", "b"), put),
    "a queue": fresh(queue.Queue, lambda t: t.qsize(), lambda t, k: t.put(k)),
    "a flag": a_flag,
    "a level": lambda: a_level("tests.compiled.level"),
    "a level further up": lambda: a_level("tests.compiled"),
    "a view of a dict": a_view_of_a_dict,
    "a view of memory": a_view_of_memory,
    "a weak reference": a_weak_reference,
    "a weak key": a_weak_key,
    "a method by a weak reference": a_method_by_a_weak_reference,
    "the module above, by a weak reference": lambda: the_module_above(weakref.ref),
    "the module above, by a weak proxy": lambda: the_module_above(weakref.proxy),
    "a method for each kind of argument": lambda: ((lambda x: Dispatching().by_kind(x)), set_k),
    "a method for one kind of argument": a_method_for_each_kind,
    "an attribute of a class that its object hides": a_class_that_an_object_hides,
    "a dict with a lookup of its own": fresh(lambda: Lower(a=1.0), lambda t: t["A"][0], item),
    "a list with a lookup of its own": fresh(lambda: Doubled([1.0]), lambda t: t[0][0], first),
    "a method of a class": lambda: of_a_class_that_is_exchanged("of"),
    "a call of a class": lambda: of_a_class_that_is_exchanged("__call__"),
    "a number of the user's kind": a_number_of_the_users_kind,
    "a property of a class": a_property_of_a_class,
    "the order of keys": fresh(lambda: {"a": 1.0, "b": 2.0}, lambda t: next(v for v in t.values()), turned),
    "a proxy": a_proxy,
    "a context variable": a_context_variable,
    "a class and then its object": fresh(Thing, lambda t: t.a, attribute),
    "a base and then the class": the_class_of_an_object,
    "a method that is replaced": a_method_that_is_replaced,
    "a method by super()": lambda: (Derived().times, set_k),
    "a forward by super()": lambda: (Above(), set_k),
    "the forward of a Function": lambda: ((lambda x: Scale.apply(x)), set_k),
    "an operator": fresh(Adding, lambda t: t + 1.0, lambda t, k: set_k(k)),
    "an object that is made": lambda: ((lambda x: x * Maker().a), set_k),
    "a dict of a module": lambda: ((lambda x: x * module.cfg["alpha"]), partial(module.cfg.__setitem__, "alpha")),
    "a global of a function of a module": lambda: ((lambda x: module.loss(x)), partial(setattr, module, "beta")),
    "a class of a module": lambda: ((lambda x: x * module.Settings.gamma), partial(setattr, module.Settings, "gamma")),
    "an object of a module": lambda: ((lambda x: x * module.held.delta), partial(setattr, module.held, "delta")),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_read_is_held_to_what_it_was(kind, backend):
    function, change = KINDS[kind]()
    step = ad.compile(function, backend=backend)
    for k in (1.0, 2.0, 3.0):
        change(k)
        for _ in range(4):
            assert step(ad.ones(1)).item() == function(ad.ones(1)).item(), k
    assert step.stats["replayed"] >= 4
    change(1.0)


@pytest.mark.parametrize("name", ["times", "compiled"])
def test_a_method_that_a_compiled_one_overrides_is_held_to_what_it_was(name):
    method = getattr(Overriding(), name)
    for k in (1.0, 2.0, 3.0):
        set_k(k)
        for _ in range(4):
            assert method(ad.ones(1)).item() == 2 * k
    assert method.stats["replayed"] == 6
    set_k(1.0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_attribute_of_an_optimizer_of_the_users_is_held_to_what_it_was(backend):
    class Scaled(optim.SGD):
        scale = 1.0

        def step(self):
            with ad.no_grad():
                for p in self.param_groups[0]["params"]:
                    p.grad.mul_(self.scale)
            super().step()

    w = nn.Parameter(ad.zeros(1))
    optimizer = Scaled([w], lr=1.0)

    def step():
        optimizer.zero_grad()
        w.sum().backward()
        optimizer.step()

    step = ad.compile(step, backend=backend)
    for _ in range(3):
        step()
    for scale, expected in ((10.0, -13.0), (10.0, -23.0), (10.0, -33.0), (1.0, -34.0)):
        optimizer.scale = scale
        step()
        assert w.item() == expected


# Numbers that are equal to others, or not to themselves.
SPECIAL = {
    "nan": [math.nan, float("nan"), -math.nan, float("nan"), math.nan],
    "zeros": [0.0, 0.0, 0.0, -0.0, -0.0, -0.0, 0.0, -0.0],
    "kinds": [0, 0, 0, 0.0, -0.0, False, False, False, 0],
    "infinities": [math.inf, math.inf, math.inf, -math.inf],
}


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("given", ["argument", "closure", "module", "item"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_zeros_have_signs_and_nan_is_nan(name, given, backend, monkeypatch):
    held = [1.0]
    s = 1.0

    def read(x, given_s=1.0):
        s_now = {"argument": given_s, "closure": s, "module": module.beta, "item": held[0]}[given]
        return ad.atan2(x * s_now, ad.tensor(-1.0))  # pi, or -pi

    step = ad.compile(read, backend=backend)
    for number in SPECIAL[name]:
        s = held[0] = number
        monkeypatch.setattr(module, "beta", number)
        np.testing.assert_array_equal(step(ad.ones(1), number).numpy(), read(ad.ones(1), number).numpy())


@pytest.mark.parametrize("number", [10**20, -(10**20), 2**63])
@pytest.mark.parametrize("backend", BACKENDS)
def test_integers_that_no_dtype_holds_are_numbers_beside_floats(number, backend):
    step = ad.compile(lambda x: x * number, backend=backend)
    for _ in range(4):
        np.testing.assert_array_equal(step(ad.ones(2)).numpy(), (ad.ones(2) * number).numpy())


def test_a_made_name_leads_to_nothing_that_it_cannot_be():
    class Numbered(nn.Module):
        batches = iter([1, 2])

        def __init__(self):
            super().__init__()
            self.layer0, self.layer1 = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x):
            for i in range(2):
                x = getattr(self, f"layer{i}")(x)
            return x

        def fit(self):
            return next(self.batches)

    step = ad.compile(Numbered().forward)
    assert [step(ad.ones(1, 2)).shape for _ in range(3)] == [(1, 2)] * 3


def test_what_stands_in_a_class_is_looked_at_once_however_many_objects_it_has():
    def places(n):
        return len(Reach(nn.Sequential(*[Above() for _ in range(n)])).loose)

    assert places(5) == places(1) > 0


GROWING = {
    "a deque": (deque(maxlen=100), lambda t: t.append(1.0)),
    "a full deque": (deque([0.0, 0.0], maxlen=2), lambda t: t.append(1.0)),
    "a UserList": (UserList(), lambda t: t.append(1.0)),
    "a UserDict": (UserDict(), lambda t: t.setdefault(len(t), 1.0)),
    "a ChainMap": (ChainMap({}), lambda t: t.setdefault(len(t), 1.0)),
    "an array": (array.array("d"), lambda t: t.append(1.0)),
    "a bytearray": (bytearray(), lambda t: t.append(1)),
    "a Queue": (queue.Queue(), lambda t: t.put(1.0)),
}


@pytest.mark.parametrize("name", GROWING)
def test_what_grows_is_refused_with_the_line(name):
    growing, grow = GROWING[name]

    def step(x):
        grow(growing)
        return x * 2

    step = ad.compile(step)
    if "Map" in name or "Dict" in name:  # which may be a table that the first calls fill
        assert [step(ad.ones(1)).item() for _ in range(2)] == [2.0, 2.0]
    with pytest.raises(ad.RecordingError, match=r"the call changed .*growing(?s:.)*outside the compiled function"):
        step(ad.ones(1))


DRAWN = {
    "default_rng": (np.random.default_rng(0), lambda rng: rng.random()),
    "RandomState": (np.random.RandomState(0), lambda rng: rng.rand()),
    "Random": (random.Random(0), lambda rng: rng.random()),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_generator_of_others_that_only_decides_is_refused(name):
    rng, draw = DRAWN[name]
    step = ad.compile(lambda x: x if draw(rng) < 2 else -x)
    step(ad.ones(1))
    with pytest.raises(ad.RecordingError, match="random numbers of Python's or NumPy's"):
        step(ad.ones(1))


@pytest.mark.parametrize(
    "made", [lambda: itertools.cycle([1.0]), lambda: iter([1.0] * 9), lambda: (1.0 for _ in "abc")]
)
def test_an_iterator_is_refused_with_the_line(made):
    values = made()
    with pytest.raises(ad.RecordingError, match=r"values is an iterator.*test_reading_in_any_way.py:.*; take"):
        ad.compile(lambda x: x * next(values))(ad.ones(1))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_large_array_that_differs_between_the_recordings_is_refused(backend):
    data = np.zeros((100, 20), np.float32)
    step = ad.compile(lambda: ad.tensor(data[3]).sum(), backend=backend)
    step()
    data[:] = 1.0
    with pytest.raises(ad.RecordingError, match="had other elements"):
        step()
