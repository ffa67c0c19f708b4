"""The one form of an operation: a forward on plain arrays, and at once below it its derivative rules.

::

    @primitive
    def multiply(x, y):
        return np.multiply(x, y)

    multiply.defvjp(lambda xp, g, y: g * y,
                    lambda xp, g, x: g * x)

**The forward** takes arrays by position and static parameters by keyword, after ``*``. It may take a variable number
of arrays (``*arrays``), Python numbers or None among them, and return several outputs (``outputs=True``: a tuple).

**The rules** stand in the order of the arguments; None marks an argument that is never differentiated. A rule takes
the namespace `xp`, the cotangent `g` of the output (a list of them for several outputs), and then exactly the names
it needs, *which is what gets saved*: ``out``, an argument, ``<argument>_shape``, a residual; static parameters stand
after ``*``. Rules that share work are written as one, `defvjp_joint`, which returns a cotangent for each argument and
may ask for ``needs``, a tuple of booleans, to leave out what nobody asked for.

**Residuals** are by-products of the forward that a rule wants: the forward returns ``(out, *residuals)``. Each is
declared with the rule-like expression that recomputes it when the derivative is itself differentiated, or with None
when it is a constant (a mask, an index).

**A composite** (`defcomposite`) says a fused operation again in elementary ones. A law of the test-suite holds the
two together in value, first and second derivative.

See Note [Two namespaces] for what `xp` is.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import numpy as np

from autodiff.dtypes import default_dtype, float32, float64, result_dtype
from autodiff.errors import AutodiffError, DtypeError, StaleValueError
from autodiff.graph import RELEASED, Node, Output, Storage, Value, last_write, modes, tick
from autodiff.operands import NUMBERS, explain, operand, second_backward

__all__ = ["Namespace", "Primitive", "plain", "primitive", "primitives", "recorded", "wrap"]

Array = np.ndarray[Any, Any]
Rule = Callable[..., Any]

_RESERVED = ("out", "xp", "g", "needs")


class Namespace:
    """Operations by name: what rules call `xp`."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no primitive is called {name!r}")


# Note [Two namespaces]
# A rule is written once and serves every mode, because the engine chooses what flows through it. In a first-order
# backward `xp` is `plain`, whose functions are the forwards, and the operands are ndarrays: no dispatch, full speed.
# With create_graph=True `xp` is `recorded`, whose functions are the primitives, and the operands are Tensors: the
# backward is recorded like any other computation, and can be differentiated again.
plain = Namespace()
recorded = Namespace()

#: Every primitive, by name: the one registry.
primitives: dict[str, Primitive] = {}


class _Upward:
    """The one thing the engine needs from above: the class that results are wrapped in."""

    tensor: type[Any] = Value


upward = _Upward()


def wrap(array: Array, node: Any = None, storage: Storage | None = None) -> Any:
    """Make a Tensor of an array and the vertex that produced it."""
    out = upward.tensor.__new__(upward.tensor)
    out._array = array
    out._storage = Storage() if storage is None else storage
    out._node = node
    return out


class _Compiled:
    """A rule, with the names it asks for resolved to places in the scope ``(*arguments, out, *residuals, needs)``."""

    __slots__ = ("pick", "places", "rule", "wanted")

    def __init__(self, rule: Rule, op: Primitive, *, leading: int = 2) -> None:
        code = rule.__code__
        names = code.co_varnames
        last = code.co_argcount
        if names[:leading] != ("xp", "g")[:leading]:
            raise AutodiffError(f"a rule of {op.name} must begin with {('xp', 'g')[:leading]}, not {names[:leading]}")
        self.rule = rule
        self.places = tuple([_place(name, op) for name in names[leading:last]])
        self.wanted = names[last : last + code.co_kwonlyargcount]
        for name in self.wanted:
            if name not in op.parameters:
                raise AutodiffError(f"a rule of {op.name} asks for {name!r}, which is no static parameter of it")
        self.pick = _picker(self.places)

    def static(self, static: dict[str, Any]) -> dict[str, Any]:
        """The static parameters that the rule wants."""
        return static if len(self.wanted) == len(static) else {name: static[name] for name in self.wanted}


def _place(name: str, op: Primitive) -> int:
    """Where the scope holds `name`; ``~i`` stands for the shape of entry `i`."""
    if name in op.scope:
        return op.scope.index(name)
    if name.endswith("_shape") and name[:-6] in op.scope:
        return ~op.scope.index(name[:-6])
    raise AutodiffError(f"a rule of {op.name} asks for {name!r}; it can have {', '.join(op.scope)}, or a *_shape")


def _picker(places: tuple[int, ...]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Return a function that takes `places` out of a scope."""
    if not places:
        return lambda scope: ()
    if min(places) >= 0:
        if len(places) > 1:
            return itemgetter(*places)
        (only,) = places
        return lambda scope: (scope[only],)
    return lambda scope: tuple([scope[i] if i >= 0 else _shape(scope[~i]) for i in places])


def _shape(x: Any) -> Any:
    """The shape of an argument: () of a number, a tuple of shapes of several arrays."""
    if isinstance(x, np.ndarray):
        return x.shape
    return tuple([_shape(one) for one in x]) if isinstance(x, tuple) else ()


class Primitive:
    """An operation that can be applied to Tensors, recorded and differentiated. Made by `primitive`."""

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        promotes: str | None = None,
        outputs: bool = False,
        view: bool = False,
        residuals: dict[str, Rule | None] | None = None,
        differentiable: bool = True,
    ) -> None:
        code = forward.__code__
        names, n, k = code.co_varnames, code.co_argcount, code.co_kwonlyargcount
        self.name = self.__name__ = forward.__name__
        self.__doc__ = forward.__doc__
        self.__module__ = forward.__module__
        self.forward = forward
        self.arguments = names[:n] + ((names[n + k],) if code.co_flags & 0x04 else ())
        self.variadic = bool(code.co_flags & 0x04)
        self.parameters = names[n : n + k]
        self.defaults: dict[str, Any] = forward.__kwdefaults__ or {}
        self.promotes = promotes
        self.outputs = outputs
        self.view = view
        self.differentiable = differentiable
        self.composite: Rule | None = None
        self.joint: _Compiled | None = None
        self.rules: tuple[_Compiled | None, ...] = ()
        residuals = residuals or {}
        for name in (*self.arguments, *residuals):
            if name in _RESERVED or name.endswith("_shape"):
                raise AutodiffError(f"{self.name}: {name!r} means something else to a rule; rename it")
        self.scope = (*self.arguments, "out", *residuals, "needs")
        self.residuals = [form and _Compiled(form, self, leading=1) for form in residuals.values()]
        if self.name in primitives:
            raise AutodiffError(f"there is a primitive called {self.name!r} already")
        primitives[self.name] = self
        # A residual is the node's business: a rule that calls this operation wants the output alone.
        setattr(plain, self.name, (lambda *a, **k: forward(*a, **k)[0]) if residuals else forward)
        setattr(recorded, self.name, self)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    # ------------------------------------------------------------------ what an author writes

    def defvjp(self, *rules: Rule | None) -> None:
        """Give the derivative rules, one for each argument in order; None: never differentiated."""
        if len(rules) != len(self.arguments):
            raise AutodiffError(f"{self.name} has {len(self.arguments)} arguments and got {len(rules)} rules")
        self.rules = tuple([rule and _Compiled(rule, self) for rule in rules])

    def defvjp_joint(self, rule: Rule) -> None:
        """Give one rule for all arguments together: it returns a cotangent (or None) for each of them."""
        self.joint = _Compiled(rule, self)

    def defcomposite(self, composite: Rule) -> Rule:
        """Give the forward once more, as a composition of other primitives: ``composite(xp, *arrays, **static)``."""
        self.composite = composite
        return composite

    # ------------------------------------------------------------------ applying it

    def __call__(self, *args: Any, **static: Any) -> Any:
        """Apply the operation to Tensors, arrays and Python numbers; the result is a Tensor (or a tuple of them)."""
        arrays: list[Any] = []
        edges: list[Any] = []
        storages: list[Any] = []
        tracked = mixed = False
        dtype = None
        for a in args:
            if isinstance(a, Value):
                if a._base is not None and a._seen != a._storage.version:
                    rederive(a)
                array = a._array
                arrays.append(array)
                storages.append(a._storage)
                node = a._node
                edges.append(node)
                if node is not None:
                    tracked = True
                if array.dtype is not dtype:
                    if dtype is None:
                        dtype = array.dtype
                    else:
                        mixed = True
            elif type(a) in NUMBERS:
                arrays.append(a)
                edges.append(None)
                storages.append(None)
            else:
                return self(*[operand(x, self.name) for x in args], **static)
        if self.promotes is not None and (mixed or (dtype is not float32 and dtype is not float64)):
            promoted = self._promote(args, arrays)
            if promoted is not None:
                return self(*promoted, **static)
        try:
            result = self.forward(*arrays, **static)
        except (ValueError, IndexError, TypeError) as error:
            raise explain(self.name, arrays, error) from None
        out, extra = (result[0], result[1:]) if self.residuals else (result, ())
        if self.outputs:
            return self._finish_outputs(args, (arrays, edges, storages), tracked, out, extra, static)
        if type(out) is not np.ndarray:
            out = np.asarray(out)
        tensor = upward.tensor.__new__(upward.tensor)
        tensor._array = out
        tensor._storage = storage = Storage()
        if self.view and _is_view(out, arrays[0]) and isinstance(args[0], Value):
            tensor._storage = storage = args[0]._storage
            if modes.grad:
                tensor._base, tensor._view, tensor._seen = args[0], (self, args[1:], static), storage.version
        if tracked and modes.grad:
            storages.append(storage)
            tensor._node = self.node(arrays, edges, storages, out, extra, static)
        if modes.listener is not None:
            modes.listener.operation(self, args, static, (tensor,))
        return tensor

    def node(
        self, arrays: list[Any], edges: list[Any], storages: list[Any], out: Any, extra: Any, static: dict[str, Any]
    ) -> Node | None:
        """Make the node of one application; None when no argument that has a rule is tracked."""
        if len(static) != len(self.parameters):
            static = {**self.defaults, **static}
        if self.variadic:
            k = len(self.arguments) - 1
            scope = (*arrays[:k], tuple(arrays[k:]), out, *extra)
        else:
            scope = (*arrays, out, *extra)
        node = Node()
        if self.joint is not None:
            scope = (*scope, tuple([edge is not None for edge in edges]))
            node.saved = self.joint.pick(scope)
            node.edges = tuple(edges)
        else:
            saved: list[Any] = []
            live: list[Any] = []
            for edge, rule in zip(edges, self.rules, strict=False):
                if edge is None or rule is None:
                    live.append(None)
                    saved.append(None)
                else:
                    live.append(edge)
                    saved.append(rule.pick(scope))
            if live.count(None) == len(live):
                return None
            node.saved = saved
            node.edges = tuple(live)
        if self.residuals:
            node.spare = [form and form.pick(scope) for form in self.residuals]
        if self.outputs:
            node.outputs = tuple([(o.shape, o.dtype) for o in out])
        else:
            if out.dtype.kind != "f":
                return None
            node.shape = out.shape
            node.dtype = out.dtype
        node.op = self
        node.static = static
        node.storages = storages
        node.seq = tick()
        return node

    def _finish_outputs(
        self, args: Any, operands: Any, tracked: bool, outs: Any, extra: Any, static: dict[str, Any]
    ) -> tuple[Any, ...]:
        """Wrap the several outputs of one application."""
        outs = tuple([np.asarray(o) for o in outs])
        shared = args[0]._storage if self.view and isinstance(args[0], Value) else None
        tensors = tuple([wrap(o, None, shared) for o in outs])
        if tracked and modes.grad:
            arrays, edges, storages = operands
            node = self.node(arrays, edges, [*storages, *[t._storage for t in tensors]], outs, extra, static)
            if node is not None:
                for i, t in enumerate(tensors):
                    t._node = Output(node, i) if t._array.dtype.kind == "f" else None
        if modes.listener is not None:
            modes.listener.operation(self, args, static, tensors)
        return tensors

    def _promote(self, args: tuple[Any, ...], arrays: list[Any]) -> list[Any] | None:
        """Cast the operands to their common dtype; None when there is nothing to cast."""
        counted = [
            i
            for i, a in enumerate(arrays)
            if isinstance(a, np.ndarray) and (i >= len(self.rules) or self.rules[i] is not None)
        ]
        if self.promotes == "same":
            kinds = list(dict.fromkeys(str(arrays[i].dtype) for i in counted))
            if len(kinds) > 1:
                raise DtypeError(
                    f"{self.name} needs operands of one dtype and got {' and '.join(kinds)}; "
                    f"convert one of them, for example with .to(ad.{kinds[-1]})"
                )
            return None
        numbers = [a for a in arrays if a is not None and not isinstance(a, np.ndarray)]
        dtype = result_dtype([arrays[i] for i in counted] + numbers)
        if self.promotes == "float" and dtype.kind != "f":
            dtype = default_dtype()
        promoted: list[Any] = list(args)
        if not counted:
            promoted[0] = wrap(np.asarray(arrays[0], dtype))
            return promoted
        stale = [i for i in counted if arrays[i].dtype is not dtype]
        for i in stale:
            promoted[i] = primitives["cast"](args[i], dtype=dtype)
        return promoted if stale else None

    # ------------------------------------------------------------------ going backward through it

    def pullback(self, node: Node, g: Any) -> Any:
        """Cotangents of the arguments, on plain arrays."""
        saved = node.saved
        if saved is RELEASED:
            raise second_backward(self.name)
        static = node.static
        if self.joint is not None:
            return self.joint.rule(plain, g, *saved, **self.joint.static(static))
        grads: list[Any] = []
        for rule, values in zip(self.rules, saved, strict=False):
            if values is None:
                grads.append(None)
            else:
                assert rule is not None
                grads.append(rule.rule(plain, g, *values, **rule.static(static)))
        return grads

    def pullback_recorded(self, node: Node, g: Any) -> Any:
        """Cotangents of the arguments, on Tensors: what the rules do is recorded."""
        if node.saved is RELEASED:
            raise second_backward(self.name)
        if self.joint is not None:
            values = self._unpack(node, self.joint, node.saved)
            return self.joint.rule(recorded, g, *values, **self.joint.static(node.static))
        grads: list[Any] = []
        for rule, saved in zip(self.rules, node.saved, strict=False):
            if saved is None:
                grads.append(None)
            else:
                assert rule is not None
                values = self._unpack(node, rule, saved)
                grads.append(rule.rule(recorded, g, *values, **rule.static(node.static)))
        return grads

    def _unpack(self, node: Node, rule: _Compiled, saved: tuple[Any, ...]) -> list[Any]:
        """Turn what a rule saved back into Tensors with their place in the graph."""
        n = len(self.arguments)
        unpacked: list[Any] = []
        for place, value in zip(rule.places, saved, strict=True):
            if place < 0 or place == len(self.scope) - 1:  # a shape, or `needs`
                unpacked.append(value)
            elif place < n - self.variadic:
                unpacked.append(_as_tensor(value, node, place))
            elif place < n:
                unpacked.append(tuple([_as_tensor(v, node, place + i) for i, v in enumerate(value)]))
            elif place == n:
                unpacked.append(self._unpack_out(node, value))
            else:
                form = self.residuals[place - n - 1]
                if form is None:
                    unpacked.append(wrap(value) if isinstance(value, np.ndarray) else value)
                else:
                    values = self._unpack(node, form, node.spare[place - n - 1])
                    unpacked.append(form.rule(recorded, *values, **form.static(node.static)))
        return unpacked

    def _unpack_out(self, node: Node, value: Any) -> Any:
        if not self.outputs:
            return wrap(value, node, node.storages[-1])
        k = len(node.storages) - len(value)
        return tuple(
            [
                wrap(v, Output(node, i) if v.dtype.kind == "f" else None, node.storages[k + i])
                for i, v in enumerate(value)
            ]
        )

    def check_fresh(self, node: Node) -> None:
        """Raise when an array that `node` saved was written since. See Note [One clock]."""
        if last_write.tick < node.seq or node.saved is RELEASED:
            return
        n = len(self.arguments)
        pairs = [(self.joint, node.saved)] if self.joint else list(zip(self.rules, node.saved, strict=False))
        pairs += [(form, spare) for form, spare in zip(self.residuals, node.spare, strict=False)]
        for rule, saved in pairs:
            if rule is None or saved is None:
                continue
            for place in rule.places:
                if not 0 <= place <= n:
                    continue
                first = place if place < n else len(node.edges)
                last = first + 1 if place < n - self.variadic else len(node.storages if place == n else node.edges)
                for storage in node.storages[first:last]:
                    if storage is not None and storage.version > node.seq:
                        raise _stale(node, self.scope[place])


def _as_tensor(value: Any, node: Node, i: int) -> Any:
    """Argument `i` of `node` as the Tensor it was; numbers and None stay what they are."""
    if not isinstance(value, np.ndarray):
        return value
    return wrap(value, node.edges[i] if i < len(node.edges) else None, node.storages[i])


def _stale(node: Node, which: str) -> StaleValueError:
    """The error for a saved array that was written after it was saved."""
    what = "its result" if which == "out" else f"its argument {which!r}"
    shape = f" (result of shape {node.shape})" if node.outputs is None else ""
    where = f" at {node.where}" if node.where else ""
    return StaleValueError(
        f"{node.op.name}{shape}{where} saved {what} for backward, and it was changed in place afterwards; "
        "change a copy (x = x.clone()), or do it out of place (x = x + 1 instead of x += 1)"
    )


def _is_view(out: Array, x: Any) -> bool:
    """Whether `out` looks at the memory of `x`."""
    if out is x or out.base is x:
        return True
    return out.base is not None and isinstance(x, np.ndarray) and np.may_share_memory(out, x)


def rederive(view: Value) -> None:
    """Give a view whose memory was written the history that its base has now."""
    base = view._base
    assert base is not None and view._view is not None
    if base._base is not None and base._seen != base._storage.version:
        rederive(base)
    op, rest, static = view._view
    if base._node is None:
        view._node = None
    else:
        operands = [base, *rest]
        arrays = [a._array if isinstance(a, Value) else a for a in operands]
        edges = [a._node if isinstance(a, Value) else None for a in operands]
        storages = [a._storage if isinstance(a, Value) else None for a in operands]
        view._node = op.node(arrays, edges, [*storages, view._storage], view._array, (), static)
    view._seen = view._storage.version


def primitive(forward: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Make an operation of a forward on plain arrays; see the head of this file for the form.

    Parameters
    ----------
    forward : function
        ``forward(x, y, *arrays, axis=...)``: arrays by position, static parameters by keyword.
    promotes : {"arith", "float", "same"}, optional
        How operands of several dtypes are brought together: PyTorch's promotion; the same, with integers becoming the
        default float; or not at all, with an error. By default the forward sees them as they are.
    outputs : bool, default=False
        Whether the forward returns a tuple of outputs.
    view : bool, default=False
        Whether the result may share the memory of the first argument.
    residuals : dict of str to rule or None, optional
        Names of what the forward returns after its output.
    differentiable : bool, default=True
        False for operations whose results have no derivative (comparisons, argmax).
    """
    if forward is None:
        return lambda f: Primitive(f, **options)
    return Primitive(forward)
