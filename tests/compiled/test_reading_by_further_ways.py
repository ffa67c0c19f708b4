"""Ways of a plain number into a step that no attribute or closure shows: each is seen where it changes."""

import enum
import functools
import operator
import os
import types
from importlib.util import find_spec

import pytest

import autodiff as ad
import nn
import optim
from tests.compiled import module_of_a_user

BACKENDS = ["numpy", *(["numba"] if find_spec("llvmlite") else [])]
GLOBAL = {"k": 1.0}
K = 1.0


class Kind(enum.Enum):
    ONE = 1


def an_attribute_of_a_function():
    def step(x):
        return x * step.scale

    step.scale = 1.0
    return step, functools.partial(setattr, step, "scale")


def an_attribute_of_a_parameter():
    weight = nn.Parameter(ad.ones(2))
    weight.scale = 1.0
    return (lambda x: x * weight * weight.scale), functools.partial(setattr, weight, "scale")


def a_cached_function():
    @functools.lru_cache
    def scale():
        return GLOBAL["k"]

    def change(k):
        GLOBAL["k"] = k
        scale.cache_clear()

    return (lambda x: x * scale()), change


def an_import_in_the_function():
    def step(x):
        from tests.compiled import module_of_a_user as settings

        return x * settings.beta

    return step, functools.partial(setattr, module_of_a_user, "beta")


def an_import_of_a_name_in_the_function():
    def step(x):
        from tests.compiled.module_of_a_user import beta

        return x * beta

    return step, functools.partial(setattr, module_of_a_user, "beta")


def a_partial_method():
    class Scaled:
        scale = 1.0

        def times(self, x, k):
            return x * k * self.scale

        same = functools.partialmethod(times, k=1.0)

    scaled = Scaled()
    return (lambda x: scaled.same(x)), functools.partial(setattr, scaled, "scale")


def a_name_in_the_globals():
    return (lambda x: x * globals()["K"]), functools.partial(globals().__setitem__, "K")


def what_is_not_there_yet():
    config = types.SimpleNamespace()
    return (lambda x: x * (config.k if hasattr(config, "k") else 1.0)), functools.partial(setattr, config, "k")


def what_is_not_there_yet_by_its_default():
    config = types.SimpleNamespace()
    return (lambda x: x * getattr(config, "k", 1.0)), functools.partial(setattr, config, "k")


def what_fails_until_it_is_there():
    config = types.SimpleNamespace()

    def step(x):
        try:
            return x * config.k
        except AttributeError:
            return x * 1.0

    return step, functools.partial(setattr, config, "k")


def a_scheduler_alone():
    optimizer = optim.SGD([nn.Parameter(ad.ones(1))], lr=1.0)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=100)

    def change(k):
        optimizer.param_groups[0]["lr"] = k

    return (lambda x: x * scheduler.get_last_lr()[0]), change


def an_environment_variable():
    return (lambda x: x * float(os.environ.get("SCALE_OF_A_TEST", "1"))), lambda k: os.environ.update(
        SCALE_OF_A_TEST=str(k)
    )


def an_attribute_by_a_name_that_is_kept():
    config, key = types.SimpleNamespace(), "k"
    return (lambda x: x * getattr(config, key, 1.0)), functools.partial(setattr, config, "k")


def an_attribute_among_all():
    config = types.SimpleNamespace()
    return (lambda x: x * vars(config).get("k", 1.0)), functools.partial(setattr, config, "k")


def a_getter():
    config, get = types.SimpleNamespace(inner=types.SimpleNamespace(k=1.0)), operator.attrgetter("inner.k")
    return (lambda x: x * get(config)), functools.partial(setattr, config.inner, "k")


def a_method_that_is_kept():
    settings = {}
    get = settings.get
    return (lambda x: x * get("k", 1.0)), functools.partial(settings.__setitem__, "k")


def code_that_a_notebook_exchanges():
    class Net:
        def scaled(self, x):
            return x * 1.0

    net = Net()

    def change(k):
        scope = {}
        exec(f"def scaled(self, x):\n    return x * {k}", scope)
        Net.scaled.__code__ = scope["scaled"].__code__

    return (lambda x: net.scaled(x)), change


def by_an_object(key):
    """A dict whose key is no text and no number."""

    def way():
        scales = {key: 1.0}
        return (lambda x: x * sum(scales.values())), functools.partial(scales.__setitem__, key)

    way.__name__ = f"a dict by a {type(key).__name__}"
    return way


WAYS = [
    an_attribute_of_a_function,
    an_attribute_of_a_parameter,
    a_cached_function,
    an_import_in_the_function,
    an_import_of_a_name_in_the_function,
    a_partial_method,
    a_name_in_the_globals,
    what_is_not_there_yet,
    what_is_not_there_yet_by_its_default,
    what_fails_until_it_is_there,
    a_scheduler_alone,
    an_environment_variable,
    an_attribute_by_a_name_that_is_kept,
    an_attribute_among_all,
    a_getter,
    a_method_that_is_kept,
    code_that_a_notebook_exchanges,
    *map(by_an_object, [Kind.ONE, nn.Parameter(ad.ones(2)), nn.ReLU(), ad.float32, Kind, 0.5, True, None]),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_changed_is_seen(way, backend):
    function, change = way()
    step = ad.compile(function, backend=backend)
    try:
        for _ in range(4):
            assert step(ad.ones(2)).tolist() == [1.0, 1.0]
        assert step.stats["replayed"] == 2
        change(3.0)
        for _ in range(4):
            assert step(ad.ones(2)).tolist() == [3.0, 3.0]
    finally:
        change(1.0)


# -- what changes at each call ---------------------------------------------------------------------------------------


def annealed(x, beta):
    return x * beta


def test_a_function_that_is_recorded_over_and_over_says_why_and_runs_as_it_is():
    step = ad.compile(annealed)
    with pytest.warns(UserWarning, match=r"argument beta is another at each call .*beta.*beta=ad.tensor\(beta\)"):
        found = [step(ad.ones(1), k / 20).item() for k in range(20)]
    assert found == pytest.approx([k / 20 for k in range(20)])
    assert step.stats["recorded"] < 10 < step.stats["eager"]
    for _ in range(4):  # when it stays, it is worth a program
        assert step(ad.ones(1), 1.0).item() == 1.0
    assert step.stats["replayed"] > 0


def test_a_tensor_in_place_of_the_number_is_the_mend():
    step = ad.compile(annealed)
    assert [step(ad.ones(1), beta=ad.tensor(k / 20)).item() for k in range(20)] == pytest.approx(
        [k / 20 for k in range(20)]
    )
    assert step.stats == {"recorded": 2, "replayed": 18, "eager": 0}


def test_a_tensor_that_is_exchanged_at_each_call_is_named():
    hidden = [ad.zeros(1)]
    step = ad.compile(lambda x: x + hidden[0])

    def carried():
        for _ in range(12):
            hidden[0] = step(ad.ones(1)).detach()

    with pytest.warns(UserWarning, match=r"hidden\[0\] is another at each call.*hidden\[0\].copy_\(new\)"):
        carried()
    assert hidden[0].item() == 12


def test_shapes_that_are_new_again_and_again_are_nothing_to_warn_of():
    step = ad.compile(lambda x: x.sum())
    for _ in range(3):
        for n in range(1, 20):
            assert step(ad.ones(n)).item() == n
    assert step.stats == {"recorded": 38, "replayed": 19, "eager": 0}


# -- what comes with an argument -------------------------------------------------------------------------------------


def weighted(x):
    return x * x.weight


def test_an_attribute_of_an_argument_is_refused_with_the_line_that_reads_it():
    x = ad.ones(2)
    x.weight = 2.0
    step = ad.compile(weighted)
    for _ in range(2):
        mend = r"x\.weight is an attribute .*py:\d+: return x \* x\.weight\); pass it as an argument of its own"
        with pytest.raises(ad.RecordingError, match=mend):
            step(x)
    fallback = ad.compile(weighted, fallback=True)
    with pytest.warns(UserWarning, match="runs uncompiled"):
        assert fallback(x).tolist() == [2.0, 2.0]
    x.weight = 3.0
    assert fallback(x).tolist() == [3.0, 3.0]


def test_an_attribute_of_an_argument_that_nothing_reads_is_nothing_to_mind():
    x = ad.ones(2)
    x.note = "the first batch"
    step = ad.compile(lambda x: x * 2)
    for _ in range(4):
        step(x)
    assert step.stats["replayed"] == 2
