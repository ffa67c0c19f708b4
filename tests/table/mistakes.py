"""What goes wrong, and what is said: applications that cannot work, each with the error it must give."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Mistake:
    """An application that cannot work, and the error it must give: a built-in class and words of its text."""

    op: str
    inputs: tuple[Any, ...]
    static: dict[str, Any]
    error: type[Exception]
    text: str

    def __str__(self) -> str:
        return f"{self.op}-{self.text[:40]}"


def mistake(op: str, *inputs: Any, error: type[Exception], text: str, **static: Any) -> Mistake:
    return Mistake(op, inputs, static, error, text)


F32, F64 = np.zeros((2, 2), np.float32), np.zeros((2, 2))
MISTAKES = [
    mistake("add", np.ones((2, 3)), np.ones(4), error=ValueError, text="shapes (2, 3) and (4,) do not broadcast"),
    mistake(
        "where",
        np.ones(2, bool),
        np.ones(3),
        np.ones(4),
        error=ValueError,
        text="shapes (2,), (3,) and (4,) do not broadcast",
    ),
    mistake("multiply", np.ones(2), [1.0, 2.0], error=TypeError, text="not on a list; make a Tensor of it"),
    mistake("exp", "1.0", error=TypeError, text="not on a str"),
    mistake("add", np.ones(2), 1j, error=TypeError, text="complex numbers (complex128) are not supported"),
    mistake("add", np.ones(2), np.ones(2, complex), error=TypeError, text="complex numbers (complex128)"),
    mistake("add", np.ones(2), np.ones(2, np.uint32), error=TypeError, text="uint32 is not a dtype of Tensors"),
    mistake(
        "floor_divide",
        np.array([1, 2]),
        np.array([1, 0]),
        error=ZeroDivisionError,
        text="integers were divided by zero",
    ),
    mistake("remainder", np.array([1, 2]), 0, error=ZeroDivisionError, text="integers were divided by zero"),
    mistake("bitwise_and", np.ones(2), np.ones(2), error=TypeError, text="bitwise_and"),
    mistake("sum", np.ones((2, 3)), axis=2, error=IndexError, text="shape (2, 3)"),
    mistake("mean", np.ones((2, 3)), axis=-3, error=IndexError, text="shape (2, 3)"),
    mistake("amax", np.ones((0, 3)), axis=0, error=ValueError, text="shapes (0, 3)"),
    mistake("argmax", np.ones(0), error=ValueError, text="shapes (0,)"),
    mistake("reshape", np.ones((2, 3)), shape=(4,), error=ValueError, text="(2, 3)"),
    mistake("transpose", np.ones((2, 3)), axes=(0, 0), error=ValueError, text="(2, 3)"),
    mistake("broadcast_to", np.ones(3), shape=(2,), error=ValueError, text="(3,)"),
    mistake("concatenate", np.ones((2, 3)), np.ones((2, 2)), error=ValueError, text="(2, 3) and (2, 2)"),
    mistake("stack", np.ones(3), np.ones(2), error=ValueError, text="(3,) and (2,)"),
    mistake("index", np.ones((2, 3)), key=(2,), error=IndexError, text="index of a Tensor of shape (2, 3)"),
    mistake("index", np.ones((2, 3)), key=(0, 0, 0), error=IndexError, text="shape (2, 3)"),
    mistake("swap_last", np.ones(3), error=ValueError, text="(3,)"),
    mistake("matmul", np.ones((2, 3)), np.ones((2, 3)), error=ValueError, text="(2, 3) and (2, 3)"),
    mistake("matmul", np.ones(()), np.ones((2, 3)), error=ValueError, text="() and (2, 3)"),
    mistake("matmul", F32, F64, error=TypeError, text="operands of one dtype and got float32 and float64"),
    mistake("linear", np.ones((4, 3)), np.ones((2, 2)), None, error=ValueError, text="(4, 3) and (2, 2)"),
    mistake(
        "cross_entropy",
        np.ones((2, 3)),
        np.array([0, 3]),
        error=IndexError,
        text="class 3 is out of range; an input with 3 classes has classes 0 to 2",
    ),
    mistake("cross_entropy", np.ones((2, 3)), np.array([0, -1]), error=IndexError, text="class -1 is out of range"),
    mistake("inv", np.ones((2, 2)), error=np.linalg.LinAlgError, text="inv: the matrix is singular"),
    mistake("inv", np.ones((2, 3)), error=ValueError, text="inv takes square matrices and got shape (2, 3)"),
    mistake("solve", np.eye(2), np.ones(3), error=ValueError, text="solve of shapes (2, 2) and (3,)"),
    mistake("cholesky", -np.eye(2), error=np.linalg.LinAlgError, text="the matrix is not positive definite"),
    mistake("svd", np.full((2, 2), np.nan), error=np.linalg.LinAlgError, text="svd: the matrix has a nan or an inf"),
    mistake("det", np.ones(3), error=ValueError, text="det takes square matrices and got shape (3,)"),
]
