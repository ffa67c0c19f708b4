"""Pictures of a computation: forward and backward as one graph, with values, shapes and adjoints.

`graph` says in the DOT language what is to be seen, `render` has it laid out. They are imported when a picture is first
asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autodiff.drawing.render import Picture

__all__ = ["draw"]


def draw(
    what: Any,
    file: Any = None,
    *,
    direction: str = "LR",
    precision: int = 3,
    names: bool = False,
    params: Any = None,
    backward: int = -1,
    limit: int = 400,
) -> Picture:
    """Draw forward and backward as a graph, with values, shapes and adjoints.

    Parameters
    ----------
    what : Record or Tensor
        A trace made by `autodiff.record`; or a Tensor, of whose graph operations, shapes and the ``.grad`` of leaves
        are known, but no values.
    file : path, optional
        Where to save it: ``.svg``, ``.png``, or ``.dot`` for the source.
    direction : {"LR", "TB"}, default="LR"
        From left to right, or from top to bottom.
    precision : int, default=3
        Decimals; numbers below 0.1 get as many significant digits.
    names : bool, default=False
        Write formulas in the user's names, where there are any, instead of v1, v2, ...
    params : nn.Module or dict of str to Tensor, optional
        What the inputs are called.
    backward : int, default=-1
        Which backward pass of a record is drawn; the last one by default.
    limit : int, default=400
        The largest number of values that is still drawn.

    Returns
    -------
    Picture
        ``.dot`` is its source, ``.svg()`` its SVG text, ``.save(path)`` writes it; notebooks show it.

    Raises
    ------
    AutodiffError
        For a Tensor without a graph, or for more values than `limit`.
    MissingExtraError
        Without the packages of the extra ``viz``.

    Notes
    -----
    Inputs are square boxes, results round ones, outputs have a double border. Forward edges are solid; backward edges
    are dashed, with the contribution that flows along them. Small arrays are written out, large ones have their shape.
    The layout is made by the ``dot`` program where there is one, else by graphviz-pure, which comes with the extra.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor(3.0, requires_grad=True)
    >>> with ad.record(x=x) as rec:
    ...     (x * x).backward()
    >>> picture = ad.draw(rec, "square.svg")
    >>> picture.svg().startswith("<?xml")
    True
    """
    from autodiff.drawing.graph import source
    from autodiff.drawing.render import Picture
    from autodiff.errors import AutodiffError
    from autodiff.graph import Value
    from autodiff.tracing.recorder import Record

    if isinstance(what, Value):
        what = Record.of(what)
    elif not isinstance(what, Record):
        raise AutodiffError(f"draw takes a record made by ad.record(), or a Tensor, not a {type(what).__name__}")
    if direction not in ("LR", "TB"):
        raise AutodiffError(f'direction is "LR" (left to right) or "TB" (top to bottom), not {direction!r}')
    if params is not None:
        what.name(**params) if isinstance(params, dict) else what.watch(params)
    picture = Picture(source(what, direction, precision, names, backward, limit))
    if file is not None:
        picture.save(file)
    return picture
