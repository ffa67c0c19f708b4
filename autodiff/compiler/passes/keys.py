"""Keys: when two operands, or two instructions, are the same, down to the type and the sign of a zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.compiler.program import Instruction, Operand, Value
from autodiff.compiler.scalars import Scalar

__all__ = ["instruction_key", "operand_key"]

#: Operations of two operands whose order makes no difference to any bit.
_COMMUTATIVE = frozenset({"add", "multiply", "equal", "not_equal", "bitwise_and", "bitwise_or", "bitwise_xor"})

#: Constants of up to so many elements are the same where their elements are.
_COMPARED = 4096


def instruction_key(instruction: Instruction) -> Any:
    """Equal for instructions that compute the same."""
    operands = tuple([operand_key(o) for o in instruction.operands])
    if instruction.op in _COMMUTATIVE:
        operands = tuple(sorted(operands, key=hash))
    return instruction.op, operands, frozen(instruction.static)


def operand_key(operand: Operand) -> Any:
    """Equal for operands that are the same: 1, 1.0 and True are not, and neither are 0.0 and -0.0."""
    if isinstance(operand, Value):
        if operand.kind == "constant" and operand.size <= _COMPARED:
            return "constant", operand.dtype.str, operand.shape, np.ascontiguousarray(operand.array).tobytes()
        return "value", id(operand)
    if isinstance(operand, Scalar):
        return "scalar", operand.key()
    return frozen(operand)


def frozen(x: Any) -> Any:
    """A static parameter in a form that can be looked up."""
    if isinstance(x, float):
        return type(x), x.hex()
    if isinstance(x, dict):
        return "dict", tuple([(k, frozen(v)) for k, v in sorted(x.items())])
    if isinstance(x, (tuple, list)):
        return type(x), tuple([frozen(v) for v in x])
    if isinstance(x, slice):
        return "slice", frozen((x.start, x.stop, x.step))
    if isinstance(x, np.ndarray):
        return "array", id(x)
    try:
        hash(x)
    except TypeError:
        return "object", id(x)
    return type(x), x
