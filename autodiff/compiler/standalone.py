"""A compiled step as a file that runs with NumPy alone: its code, its state as it is now, and a test of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.compiler.embedding import Embedding
from autodiff.compiler.numpy_emitter import emit
from autodiff.compiler.program import CHECKS, Program
from autodiff.errors import RecordingError

__all__ = ["save"]

Array = np.ndarray[Any, Any]

#: Arrays of up to so many elements are written as numbers, longer ones as their bytes.
_SHORT = 64
#: What a file defines besides.
_OWN = ["make", "run", "state", "settings", "rng", "test", "apart"]
_OWN += ["test_inputs", "test_draws", "expected_results", "expected_state"]
_OF_RNG = "random numbers of this file's own, not those of ad.manual_seed; a seed given here repeats them"
_HEAD = '''"""{name}, compiled by wengert and written down: it runs with NumPy alone.

    python {file}                    tests itself
    from {module} import {name}      {call}

`state` holds what lives between calls, by name, and `settings` the numbers that each call reads.
"""
'''
_TAIL = '''

def apart(given, expected):
    """How far two arrays are apart, beside how large they are; what is no number belongs in the same places."""
    given, expected = np.asarray(given, float), np.asarray(expected, float)
    same = (given == expected) | (np.isnan(given) & np.isnan(expected))
    size = np.linalg.norm(np.where(np.isfinite(expected), expected, 0))
    with np.errstate(all="ignore"):
        return np.linalg.norm(np.where(same, 0, given - expected)) / max(size, 1e-3)


def test():
    """Compare one call with what it gave where it was written down, in results and in the new state."""
    before = {{name: array.copy() for name, array in state.items()}}
    kept = dict(settings)
    with np.errstate(all="ignore"):  # the inputs are drawn, and may lie where a function has no value
        found = run(*test_inputs, *test_draws, *settings.values())
    found = () if found is None else found if isinstance(found, tuple) else (found,)
    pairs = [*zip(found, expected_results), *zip(state.values(), expected_state)]
    for given, expected in pairs:
        if not apart(given, expected) <= {tolerance}:
            raise SystemExit(f"{name} does not compute what it was recorded to compute: {{given}} and not {{expected}}")
    for name, array in before.items():
        state[name][...] = array
    settings.update(kept)
    print("ok")


if __name__ == "__main__":
    test()
'''


def save(
    program: Program, path: str, states: Sequence[Array], settings: Sequence[Any], draws: Sequence[Any], module: str
) -> None:
    """Write a program as a file that runs alone.

    Parameters
    ----------
    program : Program
        After all passes.
    path : str
    states : sequence of ndarray
        What lives between calls, as it is now.
    settings : sequence of float
    draws : sequence of Draw
        How random numbers are drawn.
    module : str
        What the file is called, without its ending.

    Raises
    ------
    RecordingError
        If an operation is the call of a function whose source cannot be written down; it is named.

    Notes
    -----
    The file tests itself against what the same code gives here, on inputs drawn from a seed. That this code computes
    what the step does is what the test-suite is for.
    """
    emitted = emit(program)
    name = program.name if program.name.isidentifier() else "step"
    name = f"{name}_step" if name in ("np", *_OWN) else name
    embedding = Embedding()
    embedding.reserve([name, *_OWN])
    called = []
    for local, function in emitted.functions.items():
        try:
            called.append(embedding.add(local, function))
        except RecordingError as error:
            raise RecordingError(f"{program.name} calls the operation {local}, and {error}") from None
    inputs, drawn = _inputs(program), [_drawn(d, np.random.default_rng(0)) for d in draws]
    after = [np.array(s) for s in states]
    with np.errstate(all="ignore"):
        found = emitted.bind(after)(*inputs, *drawn, *settings)
    results = [] if found is None else found if isinstance(found, tuple) else [found]
    labels = _labels(program)
    held = [f"state[{label!r}]" for label in labels]
    counts = [(s.name, s.moves) for s in program.settings if s.moves]
    given = ", ".join([v.name or f"x{i}" for i, v in enumerate(program.inputs)])
    lines = [
        _HEAD.format(name=name, file=f"{module}.py", module=module, call=f"{name}({given})"),
        emitted.source.rstrip(),
        "",
        "",
        *_state(labels, states),
        "",
        f"settings = {{{', '.join([f'{s.name!r}: {_number(v)}' for s, v in zip(program.settings, settings)])}}}",
        *([f"rng = np.random.default_rng()  # {_OF_RNG}"] if draws else []),
        *embedding.lines(),
        f"run = make({', '.join([*held, *_constants(emitted), *called])})",
        "",
        "",
        f"def {name}(*inputs):",
        '    """Make one call; what lives between calls changes in place."""',
        f"    out = run({', '.join(['*inputs', *[_draw_text(d) for d in draws], '*settings.values()'])})",
        *[f"    settings[{count!r}] += {moves}" for count, moves in counts],
        "    return out",
        "",
        "",
        *_arrays("test_inputs", inputs),
        *_arrays("test_draws", drawn),
        *_arrays("expected_results", results),
        *_arrays("expected_state", after),
        _TAIL.format(tolerance="1e-3" if _is_single(program) else "1e-9", name=name),
    ]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


def _is_single(program: Program) -> bool:
    values = [v for i in program.instructions for v in i.outputs if v is not None]
    return any(v.dtype.kind == "f" and v.dtype.itemsize < 8 for v in [*values, *program.states, *program.inputs])


def _labels(program: Program) -> list[str]:
    """A name for each state, unique."""
    found: list[str] = []
    for i, v in enumerate(program.states):
        label = v.name or f"state {i}"
        found.append(label if label not in found else f"{label} {i}")
    return found


def _inputs(program: Program) -> list[Array]:
    """Inputs to test with: numbers near zero, and for whole numbers such as pass the checks of classes."""
    rng = np.random.default_rng(0)
    checks = [i for i in program.instructions if i.op in CHECKS]
    classes = {i.operands[0]: i.static["classes" if i.op == "check_classes" else "size"] for i in checks}
    found = []
    for v in program.inputs:
        if v.dtype.kind == "f":
            found.append(rng.standard_normal(v.shape).astype(v.dtype))
        else:
            found.append(np.asarray(rng.integers(0, classes.get(v, 2), v.shape)).astype(v.dtype))
    return found


def _drawn(draw: Any, rng: Any) -> Array:
    return np.asarray(getattr(rng, draw.method)(*draw.args, **draw.kwargs))


def _draw_text(draw: Any) -> str:
    named = [f"{k}={_argument(v)}" for k, v in draw.kwargs.items()]
    return f"rng.{draw.method}({', '.join([*map(_argument, draw.args), *named])})"


def _argument(x: Any) -> str:
    if isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic)):
        return f'"{np.dtype(x)}"'
    return repr(tuple(x) if isinstance(x, tuple) else x)


def _number(x: Any) -> str:
    return repr(float(x)) if isinstance(x, np.generic) else repr(x)


def _state(labels: Sequence[str], states: Sequence[Array]) -> list[str]:
    lines = ["state = {"]
    for label, array in zip(labels, states, strict=True):
        lines.append(f"    {label!r}: {_literal(array)},")
    return [*lines, "}"]


def _arrays(name: str, arrays: Sequence[Array]) -> list[str]:
    return [f"{name} = [", *[f"    {_literal(np.asarray(a))}," for a in arrays], "]"]


def _constants(emitted: Any) -> list[str]:
    return [_literal(array) for array in emitted.constants.values()]


def _literal(array: Array) -> str:
    """An array as source."""
    if array.size <= _SHORT and np.isfinite(array).all():
        return f'np.array({array.tolist()!r}, "{array.dtype}").reshape({tuple(array.shape)!r})'
    data = np.ascontiguousarray(array).tobytes().hex()
    pieces = [f'"{data[i : i + 96]}"' for i in range(0, len(data), 96)]
    text = "\n        ".join(pieces) if pieces else '""'
    whole = f'np.frombuffer(bytes.fromhex(\n        {text}\n    ), "{array.dtype}")'
    return f"{whole}.reshape({tuple(array.shape)!r}).copy()"
