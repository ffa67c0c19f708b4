"""Builds instructions from expressions: a namespace `xp` whose operations append to a list instead of computing.

A composite is written once, as rules are. Given Tensors it is recorded; given `Traced` values it becomes instructions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.compiler.inference import infer
from autodiff.compiler.program import Instruction, Operand, Place, Value
from autodiff.compiler.scalars import Scalar
from autodiff.dtypes import default_dtype, result_dtype
from autodiff.primitive import Primitive, primitives

__all__ = ["Builder", "Traced"]


class Traced:
    """A value of a program, with the operators of an array.

    Parameters
    ----------
    builder : Builder
        What instructions are appended to.
    value : Value
    """

    __slots__ = ("builder", "value")
    __array_ufunc__ = None  # an array on the left must give way
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, builder: Builder, value: Value) -> None:
        self.builder = builder
        self.value = value

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the dimensions."""
        return self.value.shape

    @property
    def dtype(self) -> Any:
        """The dtype."""
        return self.value.dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.value.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.value.size

    def __getitem__(self, key: Any) -> Any:
        return self.builder.apply("index", self, key=key if isinstance(key, tuple) else (key,))

    def __neg__(self) -> Any:
        return self.builder.apply("negative", self)

    def __invert__(self) -> Any:
        return self.builder.apply("bitwise_not", self)

    def __abs__(self) -> Any:
        return self.builder.apply("absolute", self)

    def __bool__(self) -> bool:
        raise TypeError("what a composite is made of must not depend on elements")

    def __iter__(self) -> Any:
        raise TypeError("a composite takes its operands apart by index")

    def __pow__(self, other: Any) -> Any:
        if isinstance(other, (Traced, Scalar)):
            return self.builder.apply("power", self, other)
        return self.builder.apply("power_scalar", self, exponent=other)


def _forth(name: str) -> Callable[[Any, Any], Any]:
    return lambda self, other: self.builder.apply(name, self, other)


def _back(name: str) -> Callable[[Any, Any], Any]:
    return lambda self, other: self.builder.apply(name, other, self)


for _operator, _name in {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
}.items():
    setattr(Traced, f"__{_operator}__", _forth(_name))
    setattr(Traced, f"__r{_operator}__", _back(_name))
Traced.__rpow__ = _back("power")  # type: ignore[attr-defined]
for _operator, _name in {
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
}.items():
    setattr(Traced, f"__{_operator}__", _forth(_name))


class _Operations:
    """What composites call `xp`."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def __getattr__(self, name: str) -> Any:
        if name not in primitives:
            raise AttributeError(f"no primitive is called {name!r}")
        apply = self._builder.apply
        return lambda *operands, **static: apply(name, *operands, **static)


class Builder:
    """Instructions as they are built.

    Parameters
    ----------
    place : Place
        Where they come from: that of the instruction that they are the parts of.

    Attributes
    ----------
    instructions : list of Instruction
    xp : namespace
        Every primitive, by name: takes `Traced` values, numbers and settings; gives a Traced value, or a tuple.
    """

    def __init__(self, place: Place | None = None) -> None:
        self.place = place or Place()
        self.instructions: list[Instruction] = []
        self.xp = _Operations(self)

    def wrap(self, operand: Operand) -> Any:
        """What a composite computes with in the place of an operand."""
        return Traced(self, operand) if isinstance(operand, Value) else operand

    def constant(self, array: Any) -> Any:
        """An array that is known for ever."""
        return Traced(self, Value("constant", array.shape, array.dtype, array=array))

    def apply(self, name: str, *operands: Any, **static: Any) -> Any:
        """Append one application of a primitive; its result, or a tuple of them."""
        op = primitives[name]
        static = {**op.defaults, **static}
        given = tuple([o.value if isinstance(o, Traced) else o for o in self._promoted(op, operands)])
        outs = tuple([Value("result", shape, dtype) for shape, dtype in infer(op, given, static)])
        residuals = (None,) * len(op.residuals)
        self.instructions.append(Instruction(name, given, static, (*outs, *residuals), self.place))
        traced = tuple([Traced(self, v) for v in outs])
        return traced if op.outputs else traced[0]

    def _promoted(self, op: Primitive, operands: tuple[Any, ...]) -> tuple[Any, ...]:
        """Operands of one dtype, brought together as they are when the operation is applied to Tensors."""
        dtypes = {
            o.dtype for o, rule in zip(operands, op.rules or operands) if isinstance(o, Traced) and rule is not None
        }
        if op.promotes not in ("arith", "float") or (len(dtypes) == 1 and next(iter(dtypes)).kind == "f"):
            return operands
        counted = [i for i, o in enumerate(operands) if i >= len(op.rules) or op.rules[i] is not None]
        probes = [
            np.zeros((1,) * o.ndim, o.dtype) if isinstance(o, Traced) else o
            for o in [operands[i] for i in counted]
            if isinstance(o, (Traced, bool, int, float))
        ]
        dtype = result_dtype(probes)
        if op.promotes == "float" and dtype.kind != "f":
            dtype = default_dtype()
        promoted = list(operands)
        for i in counted:
            if isinstance(operands[i], Traced) and operands[i].dtype != dtype:
                promoted[i] = self.apply("cast", operands[i], dtype=dtype)
        return tuple(promoted)
