"""A rule as a program: the sequence of ufuncs it amounts to, run in place over cache-sized blocks.

Written with operators, a formula makes a new array for every operator. For a large parameter each of them would be
memory fresh from the system, whose pages must first be faulted in, and be gone from the cache before it is read again.
So the rule is called once a step with stand-ins for its arrays; what they see is a short list of ufuncs, and this is
run over one block after the other: results go where they belong, what lies between them there too, or into a few blocks
of scratch that stay in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff.errors import AutodiffError
from autodiff.heap import aligned
from optim.native import Native, native

__all__ = ["Program"]

Array = np.ndarray[Any, Any]
Op = tuple[Any, int, int | None]

# Of each array, at a time. Measured: every block costs some 3 us beside its arithmetic, and the third-level cache is
# nearly as fast as the second; 192 KiB take 5 to 15 % longer, 1 MiB 3 to 8 % less, where the cache is that large.
BLOCK_BYTES = 512 * 1024

# Operations on elements, after which a rule is compiled where that is possible: in NumPy they have taken some 80 ms,
# about as long as it takes to compile it, so that a short program does not pay for what it does not use.
WORTH_COMPILING = 2**29


class Operand:
    """Stands for an array while a rule is written down; `number` says which value it is."""

    __slots__ = ("listing", "number")
    __array_ufunc__ = None  # a NumPy scalar on the left must give way

    def __init__(self, listing: Listing, number: int) -> None:
        self.listing = listing
        self.number = number

    def __add__(self, other: Any) -> Operand:
        return self.listing.emit(np.add, self, other)

    def __radd__(self, other: Any) -> Operand:
        return self.listing.emit(np.add, other, self)

    def __sub__(self, other: Any) -> Operand:
        return self.listing.emit(np.subtract, self, other)

    def __rsub__(self, other: Any) -> Operand:
        return self.listing.emit(np.subtract, other, self)

    def __mul__(self, other: Any) -> Operand:
        return self.listing.emit(np.multiply, self, other)

    def __rmul__(self, other: Any) -> Operand:
        return self.listing.emit(np.multiply, other, self)

    def __truediv__(self, other: Any) -> Operand:
        return self.listing.emit(np.divide, self, other)

    def __rtruediv__(self, other: Any) -> Operand:
        return self.listing.emit(np.divide, other, self)

    def __pow__(self, other: Any) -> Operand:
        return self.listing.emit(np.power, self, other)

    def __neg__(self) -> Operand:
        return self.listing.emit(np.negative, self)

    def __abs__(self) -> Operand:
        return self.listing.emit(np.absolute, self)


class Listing:
    """What a rule did to its operands, in order; also the namespace `xp` that it is given.

    Values are numbered: first the `inputs`, then the results; constants count down from -1.
    """

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.ops: list[Op] = []
        self.constants: list[float] = []

    def emit(self, ufunc: Any, a: Any, b: Any = None) -> Operand:
        """Note one operation down."""
        ops = self.ops
        first = a.number if type(a) is Operand else self._constant(a)
        second = None if b is None else b.number if type(b) is Operand else self._constant(b)
        ops.append((ufunc, first, second))
        return Operand(self, self.inputs + len(ops) - 1)

    def _constant(self, x: Any) -> int:
        self.constants.append(x)
        return -len(self.constants)

    def __getattr__(self, name: str) -> Callable[..., Operand]:
        ufunc = getattr(np, name, None)
        if not isinstance(ufunc, np.ufunc):
            raise AutodiffError(
                f"an elementwise rule may use NumPy's ufuncs, and {name!r} is none; "
                "give the optimizer class elementwise = False, and it will be run on whole Tensors"
            )
        return lambda a, b=None: self.emit(ufunc, a, b)


class Code:
    """A listing with its values put into registers: inputs, scratch, constants, in this order."""

    def __init__(self, listing: Listing, results: Sequence[int], homes: Sequence[int]) -> None:
        self.inputs = listing.inputs
        self.scratch = 0
        self.constants = len(listing.constants)
        self.spent = 0  # operations on elements so far
        self.compiled: dict[np.dtype[Any], Native | None] = {}
        ops = listing.ops
        last = {a: k for k, (_, *args) in enumerate(ops) for a in args if a is not None}
        last.update(dict.fromkeys(results, len(ops)))
        wanted = _wanted(listing, dict(zip(results, homes)), last)
        place: dict[int, int] = {i: i for i in range(self.inputs)}
        free: list[int] = []
        code: list[tuple[Any, int, int | None, int]] = []
        for k, (ufunc, a, b) in enumerate(ops):
            result = self.inputs + k
            # An elementwise operation may write over what it reads.
            free += {place[x] for x in {a, b} if x in place and last[x] == k and place[x] >= self.inputs}
            if result in wanted:
                place[result] = wanted[result]
            else:
                place[result] = free.pop() if free else self._new()
            code.append((ufunc, place.get(a, a), b if b is None else place.get(b, b), place[result]))
        self._bring_home(code, results, homes, place)
        # Constants come after the scratch, whose size is known only now.
        base = self.inputs + self.scratch - 1
        self.code = [(f, _shift(a, base), None if b is None else _shift(b, base), out) for f, a, b, out in code]

    def runs_native(self, arrays: Sequence[Array], constants: Sequence[float]) -> bool:
        """Run in machine code; False, with nothing changed, where there is none for these arrays."""
        dtype = arrays[0].dtype
        if dtype not in self.compiled:
            self.compiled[dtype] = native(self, dtype)
        found = self.compiled[dtype]
        return found is not None and found.run(arrays, constants)

    def _new(self) -> int:
        self.scratch += 1
        return self.inputs + self.scratch - 1

    def _bring_home(self, code: Any, results: Sequence[int], homes: Sequence[int], place: dict[int, int]) -> None:
        """Copy results that are elsewhere to where they belong; inputs among them first out of the way."""
        away = [(place[result], home) for result, home in zip(results, homes) if place[result] != home]
        for i, (source, home) in enumerate(away):
            if source in homes:
                away[i] = (self._new(), home)
                code.append((np.positive, source, None, away[i][0]))
        code += [(np.positive, source, None, home) for source, home in away]


def _wanted(listing: Listing, home: dict[int, int], last: dict[int, int]) -> dict[int, int]:
    """The results that may lie in the memory of an input: those that stay there, and what they are computed from.

    An operation that writes over an operand takes two thirds of the time of one that writes elsewhere, so a value that
    dies into a result comes where the result goes, if the input that lies there was read for the last time by then.
    """
    wanted: dict[int, int] = {}
    for k in reversed(range(len(listing.ops))):
        result = listing.inputs + k
        place = wanted.get(result, home.get(result))
        if place is None or last.get(place, -1) > k:
            continue
        wanted[result] = place
        for x in listing.ops[k][1:]:
            # The operand's own operation is number x - inputs.
            if x is not None and last.get(place, -1) <= x - listing.inputs and last[x] == k and x not in home:
                wanted[x] = place
                break
    return wanted


def _shift(number: int, base: int) -> int:
    """The register of a value: constants are numbered -1, -2, ..."""
    return number if number >= 0 else base - number


class Program:
    """Runs a rule over flat arrays of any size, in place; keeps what can be used again at the next step."""

    def __init__(self) -> None:
        self.codes: dict[Any, Code] = {}
        self.last: tuple[list[Op], tuple[int, ...], Code] | None = None
        self.blocks: dict[tuple[np.dtype[Any], int], list[Array]] = {}

    def write_down(self, update: Callable[..., Any], slots: int, t: int, h: Any) -> tuple[Code, list[float]]:
        """Call the rule with stand-ins; what it does depends on `t` and the settings `h`."""
        listing = Listing(2 + slots)
        operands = [Operand(listing, i) for i in range(listing.inputs)]
        new, kept = update(listing, operands[0], operands[1], tuple(operands[2:]), t, h)
        results = tuple([x.number for x in (new, *kept)])
        homes = (0, *range(2, 2 + len(kept)))
        known = self.last
        if known is None or known[0] != listing.ops or known[1] != results:
            # Rules change their form now and then: after the first step, or with a setting.
            key = (tuple(listing.ops), results)
            code = self.codes.get(key)
            if code is None:
                code = self.codes[key] = Code(listing, results, homes)
            known = self.last = (listing.ops, results, code)
        return known[2], listing.constants

    def run(self, written: tuple[Code, list[float]], arrays: Sequence[Array]) -> None:
        """Run over flat arrays: the parameter, its gradient (which is only read), the slots."""
        code, constants = written
        p = arrays[0]
        size, dtype = p.size, p.dtype
        block = BLOCK_BYTES // dtype.itemsize
        n = len(arrays)
        code.spent += size * len(code.code)
        if code.spent > WORTH_COMPILING and code.runs_native(arrays, constants):
            return
        scratch = self._scratch(dtype, code.scratch, block)
        registers: list[Any] = [*arrays, *scratch, *[np.asarray(c, dtype) for c in constants]]
        steps = code.code
        for start in range(0, size, block):
            stop = start + block
            registers[:n] = [a[start:stop] for a in arrays]
            if stop > size:
                registers[n : n + code.scratch] = [s[: size - start] for s in scratch]
            for ufunc, a, b, out in steps:
                if b is None:
                    ufunc(registers[a], out=registers[out])
                else:
                    ufunc(registers[a], registers[b], out=registers[out])

    def _scratch(self, dtype: np.dtype[Any], count: int, block: int) -> list[Array]:
        """Blocks of memory, kept from one step to the next."""
        blocks = self.blocks.get((dtype, count))
        if blocks is None:
            blocks = self.blocks[dtype, count] = [aligned(block, dtype) for _ in range(count)]
        return blocks
