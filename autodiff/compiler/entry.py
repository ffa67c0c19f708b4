"""The way into machine code from Python: a function that CPython calls as one of its own written in C.

Arrays are handed over as objects: where their elements are stands in the word behind an object's head, as in a float
its number. So nothing is looked up in Python, and a call costs a twentieth of a microsecond.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.compiler import blas
from autodiff.compiler.program import Program, Value

__all__ = ["FIXED", "entries", "fixed_addresses", "made_callable"]

#: What the table of addresses begins with, all of CPython's own.
FIXED = ("Py_IncRef", "PyFloat_AsDouble", "None", "True", "False")

#: The word behind an object's head.
_HEAD = object.__basicsize__

#: Fields of NumPy's PyArrayObject, a public structure, by bytes behind the head; the elements come first.
_ND, _DIMS, _BASE, _DESCR, _FLAGS = 8, 16, 32, 40, 48
_TIDY = 0x0101  # NPY_ARRAY_C_CONTIGUOUS and NPY_ARRAY_ALIGNED

_STEP = """define ptr @{name}(ptr %self, ptr %args, i64 %n) nounwind {{
entry:
{table}
{opened}
  br label %start
start:
{checks}
  %done = call i64 @body({given})
  br label %end
strange:
  br label %end
end:
  %status = phi i64 [ %done, %{last} ], [ 2, %strange ]
{closed}
}}"""

_MANY = """define ptr @many(ptr %self, ptr %args, i64 %n) nounwind {{
entry:
{table}
{opened}
  %all.number = call double %number(ptr %o0)
  %all = fptosi double %all.number to i64
  br label %head
head:
  %k = phi i64 [ 0, %entry ], [ %next, %again ]
  %k.number = sitofp i64 %k to double
  %more = icmp slt i64 %k, %all
  br i1 %more, label %again, label %end
again:
{moved}
  %failed = call i64 @body({given})
  %next = add i64 %k, 1
  %wrong = icmp ne i64 %failed, 0
  br i1 %wrong, label %end, label %head
end:
  %status = phi i64 [ 0, %head ], [ 1, %again ]
{closed}
}}"""

_TABLE = f"""  %table.place = getelementptr i8, ptr %self, i64 {_HEAD}
  %table = load ptr, ptr %table.place, align 8
  %keep = load ptr, ptr %table, align 8
  %number.place = getelementptr i64, ptr %table, i64 1
  %number = load ptr, ptr %number.place, align 8"""

# The result is None, True where a check found something, or False where nothing was done, since an array is not as it
# was when the step was recorded; held once more than before.
_CLOSED = """  %which = add i64 %status, 2
  %result.place = getelementptr i64, ptr %table, i64 %which
  %result = load ptr, ptr %result.place, align 8
  call void %keep(ptr %result)
  ret ptr %result"""


def entries(program: Program, place: Callable[[str], int]) -> str:
    """The functions that Python calls; all call the body.

    Parameters
    ----------
    program : Program
    place : callable
        Where in the table the address of a dtype is.

    Returns
    -------
    str
        `step`, which looks first whether the inputs are as recorded; `trusted`, which does not; and `many`.
    """
    given = [*program.inputs, *program.draws]
    n, settings, results = len(given), program.settings, program.results
    arrays = [*range(n), *range(n + len(settings), n + len(settings) + len(results))]
    bytes_each = [v.size * v.dtype.itemsize for v in [*given, *results]]
    opened, names = _opened(n, len(settings), len(results), 0)
    checks = [_check(k, v, place(f"dtype {v.dtype.str}")) for k, v in enumerate(program.inputs)]
    parts = []
    for name, lines in (("step", checks), ("trusted", [])):
        last = f"fine{len(lines) - 1}" if lines else "start"
        form = {"name": name, "table": _TABLE, "opened": opened, "checks": "\n".join(lines), "last": last}
        parts.append(_STEP.format(**form, given=_given(names), closed=_CLOSED))
    opened, names = _opened(n, len(settings), len(results), 1)
    moved = []
    for k, size in zip(arrays, bytes_each):
        moved.append(f"  %by{k} = mul i64 %k, {size}")
        moved.append(f"  %at{k} = getelementptr i8, ptr {names[k][1]}, i64 %by{k}")
        names[k] = "ptr", f"%at{k}"
    for k, setting in enumerate(settings):
        if setting.moves:
            moved.append(f"  %made{k} = fmul double %k.number, {float(setting.moves)}")
            moved.append(f"  %count{k} = fadd double {names[n + k][1]}, %made{k}")
            names[n + k] = "double", f"%count{k}"
    many = _MANY.format(table=_TABLE, opened=opened, moved="\n".join(moved), given=_given(names), closed=_CLOSED)
    return "\n\n".join([*parts, many])


def _check(k: int, v: Value, dtype: int) -> str:
    """Whether an argument is an array of its own memory, of the shape and dtype of an input, in order."""
    lines: list[str] = []

    def field(offset: int, kind: str, name: str, of: str = f"%o{k}") -> str:
        lines.append(f"  %{name}.place = getelementptr i8, ptr {of}, i64 {offset}")
        lines.append(f"  %{name} = load {kind}, ptr %{name}.place")
        return f"%{name}"

    tests = [f"icmp eq i32 {field(_HEAD + _ND, 'i32', f'nd{k}')}, {v.ndim}"]
    tests.append(f"icmp eq ptr {field(_HEAD + _BASE, 'ptr', f'base{k}')}, null")
    wanted = field(8 * dtype, "ptr", f"wanted{k}", "%table")
    tests.append(f"icmp eq ptr {field(_HEAD + _DESCR, 'ptr', f'descr{k}')}, {wanted}")
    lines.append(f"  %tidy{k} = and i32 {field(_HEAD + _FLAGS, 'i32', f'flags{k}')}, {_TIDY}")
    tests.append(f"icmp eq i32 %tidy{k}, {_TIDY}")
    good = _all(lines, f"{k}a", tests)
    lines.append(f"  br i1 {good}, label %shape{k}, label %strange")
    lines.append(f"shape{k}:")  # only now is there a pointer to so many dimensions
    if v.ndim:
        dims = field(_HEAD + _DIMS, "ptr", f"dims{k}")
        sizes = [f"icmp eq i64 {field(8 * d, 'i64', f'n{k}_{d}', dims)}, {n}" for d, n in enumerate(v.shape)]
        lines.append(f"  br i1 {_all(lines, f'{k}b', sizes)}, label %fine{k}, label %strange")
    else:
        lines.append(f"  br label %fine{k}")
    lines.append(f"fine{k}:")
    return "\n".join(lines)


def _all(lines: list[str], stem: str, tests: list[str]) -> str:
    """Whether all of some tests hold."""
    good = "true"
    for q, test in enumerate(tests):
        lines += [f"  %is{stem}{q} = {test}", f"  %all{stem}{q} = and i1 {good}, %is{stem}{q}"]
        good = f"%all{stem}{q}"
    return good


def _given(names: list[tuple[str, str]]) -> str:
    return ", ".join(["ptr %table", *[f"{kind} {name}" for kind, name in names]])


def _opened(arrays: int, settings: int, results: int, before: int) -> tuple[str, list[tuple[str, str]]]:
    """Take arguments, after `before` others, out of their objects."""
    lines, names = [], []
    for k in range(before + arrays + settings + results):
        lines += [f"  %a{k} = getelementptr ptr, ptr %args, i64 {k}", f"  %o{k} = load ptr, ptr %a{k}, align 8"]
        if before + arrays <= k < before + arrays + settings:
            lines.append(f"  %d{k} = call double %number(ptr %o{k})")
            names.append(("double", f"%d{k}"))
        elif k >= before:
            lines += [f"  %h{k} = getelementptr i8, ptr %o{k}, i64 {_HEAD}", f"  %d{k} = load ptr, ptr %h{k}, align 8"]
            names.append(("ptr", f"%d{k}"))
    return "\n".join(lines), names


class _Method(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("ml_name", ctypes.c_char_p),
        ("ml_meth", ctypes.c_void_p),
        ("ml_flags", ctypes.c_int),
        ("ml_doc", ctypes.c_char_p),
    )


_FASTCALL = 0x0080  # METH_FASTCALL: arguments come as an array of objects


def fixed_addresses() -> list[int]:
    """Those of `FIXED`."""
    functions = [blas.address(getattr(ctypes.pythonapi, name)) for name in FIXED[:2]]
    return [*functions, id(None), id(True), id(False)]


class _Table(np.ndarray[Any, Any]):
    """The table of addresses, with all that has to be there as long as the function that it is given to."""

    keeps: Any = None


def made_callable(address: int, table: np.ndarray[Any, Any], keeps: Any) -> Callable[..., Any]:
    """A function of Python's that is the machine code at an address, and keeps what that needs."""
    definition = _Method(b"step", address, _FASTCALL, None)
    own = table.view(_Table)
    own.keeps = definition, keeps
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.argtypes, make.restype = (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p), ctypes.py_object
    made: Callable[..., Any] = make(ctypes.addressof(definition), own, None)
    return made
