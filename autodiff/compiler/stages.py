"""What `step.program` is: the program as recorded, after each pass, and as emitted, to be read one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autodiff.compiler.program import Program

__all__ = ["Stages"]


class Stages:
    """Programs with the names of the passes that made them.

    Parameters
    ----------
    stages : sequence of (str, Program)
        "recorded" first.
    emitted : str
        What the emitter made of the last one: what shares a loop, and what shares memory.
    """

    def __init__(self, stages: Sequence[tuple[str, Program]], emitted: str) -> None:
        self._stages = list(stages)
        self._emitted = emitted

    def __iter__(self) -> Iterator[tuple[str, Program]]:
        return iter(self._stages)

    def __len__(self) -> int:
        return len(self._stages)

    def __getitem__(self, which: int | str) -> Program:
        """A program by its number, or by the name of the pass: the last one, of a pass that ran several times."""
        return dict(self._stages)[which] if isinstance(which, str) else self._stages[which][1]

    @property
    def final(self) -> Program:
        """The program that is run."""
        return self._stages[-1][1]

    def __str__(self) -> str:
        parts, before = [], ""
        for name, program in self._stages:
            text = str(program)
            n = len(program.instructions)
            if text == before:
                parts.append(f"=== {name}: nothing to do")
            else:
                parts.append(f"=== {name}: {n} operation{'s' * (n != 1)}\n{text}")
            before = text
        return "\n\n".join([*parts, f"=== {self._emitted}"])

    def __repr__(self) -> str:
        return f"<program of {len(self.final.instructions)} operations after {len(self) - 1} passes; print it>"
