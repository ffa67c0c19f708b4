"""Where random numbers come from: `Generator`, the default one, and its seed.

NumPy's random module takes longer to import than this whole package, so it is imported when the first number is drawn.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.devices import Device, as_device
from autodiff.errors import DtypeError, ShapeError
from autodiff.graph import modes, wrap

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "Generator",
    "default_generator",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]

# PyTorch's own seed of a generator that was not given one.
_UNSEEDED = 67280421310721
_BITS = 2**64
# A state as bytes: the seed (8), PCG64's state and increment (16 each), its spare half (1 + 4).
_PARTS = (8, 16, 16, 1, 4)


class Generator:
    """A source of random numbers, in PyTorch's form: NumPy's PCG64 behind a seed.

    Equal seeds give equal numbers here, but not those that PyTorch draws.

    Parameters
    ----------
    device : "cpu", optional
        There is only one.

    Examples
    --------
    >>> import autodiff as ad
    >>> g = ad.Generator().manual_seed(7)
    >>> first = ad.rand(3, generator=g)
    >>> ad.equal(first, ad.rand(3, generator=g.manual_seed(7)))
    True
    """

    def __init__(self, device: Any = "cpu") -> None:
        self._begins("ad.Generator()")
        self.device: Device = as_device(device)
        self._seed = _UNSEEDED
        self._rng: np.random.Generator | None = None

    @property
    def rng(self) -> np.random.Generator:
        """The NumPy generator that draws the numbers."""
        if self._rng is None:
            from numpy.random import PCG64
            from numpy.random import Generator as NumPyGenerator

            self._rng = NumPyGenerator(PCG64(self._seed))
        return self._rng if modes.recorder is None else modes.recorder.drawing(self, self._rng)

    def manual_seed(self, seed: int) -> Generator:
        """Start again from a seed, an integer of 64 bits; return the generator itself."""
        self._begins("manual_seed()")
        self._seed = _as_seed(seed)
        self._rng = None
        return self

    def _begins(self, how: str) -> None:
        """Refuse a stream that begins while a step is recorded: a replay goes on with it."""
        if modes.recorder is not None:
            modes.recorder.refuse(f"a random generator begins anew by {how}", "do that before or after the call")

    def seed(self) -> int:
        """Start again from a seed that the operating system draws, and return it."""
        self._begins("seed()")
        self._seed = int.from_bytes(os.urandom(8), "little")
        self._rng = None
        return self._seed

    def initial_seed(self) -> int:
        """The seed that the generator was started from."""
        return self._seed

    def position(self) -> Any:
        """Where the stream stands, to tell whether anything was drawn: a look that no recorder minds."""
        return None if self._rng is None else self._rng.bit_generator.state

    def get_state(self) -> Tensor:
        """The whole state, as a Tensor of bytes (uint8)."""
        state: Any = self.rng.bit_generator.state
        inner = state["state"]
        parts = (self._seed, inner["state"], inner["inc"], state["has_uint32"], state["uinteger"])
        packed = b"".join([int(part).to_bytes(size, "little") for part, size in zip(parts, _PARTS)])
        out: Tensor = wrap(np.frombuffer(packed, np.uint8).copy())
        return out

    def set_state(self, new_state: Tensor) -> None:
        """Go on from a state that `get_state` returned."""
        array = np.asarray(getattr(new_state, "_array", new_state))
        if array.dtype != np.uint8 or array.shape != (sum(_PARTS),):
            raise ShapeError(
                f"a state is a uint8 Tensor of shape ({sum(_PARTS)},), as get_state() returns it, "
                f"not {array.dtype} of shape {array.shape}"
            )
        packed, values = array.tobytes(), []
        for size in _PARTS:
            values.append(int.from_bytes(packed[:size], "little"))
            packed = packed[size:]
        self.manual_seed(values[0])
        self.rng.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": {"state": values[1], "inc": values[2]},
            "has_uint32": values[3],
            "uinteger": values[4],
        }

    def clone_state(self) -> Generator:
        """A new generator in the same state, which goes its own way from here."""
        out = Generator()
        out.set_state(self.get_state())
        return out

    def __getstate__(self) -> bytes:
        return self.get_state()._array.tobytes()

    def __setstate__(self, state: bytes) -> None:
        Generator.__init__(self)
        self.set_state(wrap(np.frombuffer(state, np.uint8)))


def _as_seed(seed: Any) -> int:
    """A seed of 64 bits; negative ones count from the end, as in PyTorch."""
    try:
        number = int(seed.__index__())
    except AttributeError:
        raise DtypeError(f"a seed must be an integer, not {seed!r}") from None
    if not -(_BITS // 2) <= number < _BITS:
        raise DtypeError(f"a seed has 64 bits, and {number} has more")
    return number % _BITS


#: Draws whatever is drawn without a generator of its own.
default_generator = Generator()
default_generator.seed()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, so that a program draws the same numbers each time; return that generator.

    Parameters
    ----------
    seed : int
        An integer of 64 bits.

    Returns
    -------
    Generator

    Raises
    ------
    DtypeError
        If it is no such integer.

    Examples
    --------
    >>> import autodiff as ad
    >>> _ = ad.manual_seed(0)
    >>> first = ad.randn(2)
    >>> _ = ad.manual_seed(0)
    >>> ad.equal(first, ad.randn(2))
    True
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the default generator with a number that the operating system draws, and return it.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.seed() == ad.initial_seed()
    True
    """
    return default_generator.seed()


def initial_seed() -> int:
    """Return the seed that the default generator was started from.

    Examples
    --------
    >>> import autodiff as ad
    >>> _ = ad.manual_seed(42)
    >>> ad.initial_seed()
    42
    """
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default generator, as a Tensor of bytes: `set_rng_state` goes on from there.

    Examples
    --------
    >>> import autodiff as ad
    >>> state = ad.get_rng_state()
    >>> first = ad.rand(2)
    >>> ad.set_rng_state(state)
    >>> ad.equal(first, ad.rand(2))
    True
    """
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Set the state of the default generator to one that `get_rng_state` returned.

    Parameters
    ----------
    new_state : Tensor of uint8

    Raises
    ------
    ShapeError
        If it is no such state.
    """
    default_generator.set_state(new_state)
