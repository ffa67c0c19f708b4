"""From DOT to a picture: which program lays it out, and the object that notebooks show."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

from autodiff.errors import AutodiffError, MissingExtraError

__all__ = ["Picture", "package", "renderer"]

_pointing = Lock()


class Picture:
    """A picture; made by `autodiff.draw`. Notebooks show it.

    Parameters
    ----------
    dot : str
        Its source, in the DOT language.
    """

    def __init__(self, dot: str) -> None:
        self.dot = dot

    def svg(self) -> str:
        """The picture as SVG text."""
        return _render(self.dot, "svg").decode()

    def save(self, path: Any) -> Path:
        """Write it to a file, in the format of the suffix.

        Parameters
        ----------
        path : str or path
            ``.svg``, ``.png`` or another format of the program; ``.dot`` or ``.gv`` for the source.

        Returns
        -------
        pathlib.Path
            Where it was written.
        """
        target = Path(path)
        kind = target.suffix[1:].lower() or "svg"
        data = self.dot.encode() if kind in ("dot", "gv") else _render(self.dot, kind)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return target

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return "<picture; .save('picture.svg') writes it to a file>"


def package() -> Any:
    """The graphviz package, which writes DOT and calls the program."""
    try:
        return import_module("graphviz")
    except ImportError:
        raise MissingExtraError.of("graphviz", "viz", "ad.draw") from None


def renderer() -> str:
    """The program that lays out: a real ``dot`` on the path, else the one that graphviz-pure brings.

    Raises
    ------
    MissingExtraError
        If there is neither.
    """
    from shutil import which

    found = which("dot") or _carried() or which("graphviz-pure")
    if found is None:
        raise MissingExtraError.of("graphviz-pure", "viz", "ad.draw")
    return found


def _carried() -> str | None:
    """The program in the wheel of graphviz-pure, wherever it was installed: it need not be on the path."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        inside = files("graphviz-pure") or []
    except PackageNotFoundError:
        return None
    programs = [Path(str(f.locate())) for f in inside if f.name in ("graphviz-pure", "graphviz-pure.exe")]
    return next((str(program) for program in programs if program.is_file()), None)


def _render(dot: str, kind: str) -> bytes:
    """Have a picture laid out and written in one format."""
    graphviz = package()
    if kind == "png":
        dot = dot.replace("{", '{\n\tgraph [dpi="192"]', 1)  # twice the pixels of a screen, so that it prints
    commands = import_module("graphviz.backend.dot_command")
    program = Path(renderer())
    # The graphviz package calls whatever this name holds; it is set only while we call.
    with _pointing:
        before, commands.DOT_BINARY = commands.DOT_BINARY, program  # type: ignore[attr-defined]
        try:
            return bytes(graphviz.pipe("dot", kind, dot.encode(), quiet=True))
        except graphviz.CalledProcessError as error:
            said = (error.stderr or b"").decode(errors="replace").strip()
            raise AutodiffError(f"{program.name} could not write {kind!r}: {said}") from None
        except ValueError:
            raise AutodiffError(f"{kind!r} is no format of a picture; use .svg, .png or .dot") from None
        finally:
            commands.DOT_BINARY = before  # type: ignore[attr-defined]
