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
from typing import Any, overload

import numpy as np

from autodiff.dtypes import default_dtype, float32, float64, result_dtype
from autodiff.errors import AutodiffError, DtypeError, GradientError
from autodiff.graph import (
    RELEASED,
    Node,
    Storage,
    Value,
    current_listener,
    grad_mode,
    last_write,
    saving_hooks,
    succeed,
    tick,
    upward,
    wrap,
)
from autodiff.operands import NUMBERS, explain, operand, second_backward, wrapped
from autodiff.rules import Plan, ResolvedRule, Rule
from autodiff.saved import check_fresh, unpack
from autodiff.saving import pack_node

__all__ = ["Namespace", "Primitive", "plain", "primitive", "primitives", "recorded"]

Array = np.ndarray[Any, Any]

_new = object.__new__

_RESERVED = ("out", "xp", "g", "needs")


class Namespace:
    """Operations by name: what rules call `xp`."""

    def __getattr__(self, name: str) -> Any:
        upward.load_all()
        if name in self.__dict__:
            return self.__dict__[name]
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


class Primitive:
    """An operation that can be applied to Tensors, recorded and differentiated. Made by `primitive`."""

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        promotes: str | None = None,
        outputs: bool = False,
        keeps_gaps: bool = False,
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
        self.keeps_gaps = keeps_gaps
        self.view = view
        self.differentiable = differentiable
        self.composite: Rule | None = None
        self.joint: ResolvedRule | None = None
        self.rules: tuple[ResolvedRule | None, ...] = ()
        self.plans: dict[int, Plan] = {}
        residuals = residuals or {}
        for name in (*self.arguments, *residuals):
            if name in _RESERVED or name.endswith("_shape"):
                raise AutodiffError(f"{self.name}: {name!r} means something else to a rule; rename it")
        self.scope = (*self.arguments, "out", *residuals, "needs")
        self.n_parameters = len(self.parameters)
        # Whether a scope is more than the arguments and the output.
        self.irregular = self.variadic or bool(residuals)
        self.residuals = [form and ResolvedRule(form, self, leading=1) for form in residuals.values()]
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
        self.rules = tuple([rule and ResolvedRule(rule, self) for rule in rules])

    def defvjp_joint(self, rule: Rule) -> None:
        """Give one rule for all arguments together: it returns a cotangent (or None) for each of them."""
        self.joint = ResolvedRule(rule, self)
        self.irregular = True

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
        tracked = 0  # one bit for each argument that has a place in the graph
        bit = 1
        mixed = False
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
                    tracked += bit
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
            bit += bit
        if self.promotes is not None and (mixed or (dtype is not float32 and dtype is not float64)):
            promoted = self._promote(args, arrays)
            if promoted is not None:
                return self(*promoted, **static)
        try:
            out = self.forward(*arrays, **static)
        except (ValueError, IndexError, TypeError, OverflowError, AttributeError) as error:
            if (fitting := wrapped(args, arrays, error)) is not None:
                return self(*fitting, **static)
            raise explain(self.name, arrays, error) from None
        extra: Any = ()
        if self.residuals:
            out, *extra = out
        if self.outputs:
            return self._finish_outputs(args, (arrays, edges, storages), tracked, out, extra, static)
        if type(out) is not np.ndarray:
            out = np.asarray(out)
        tensor: Any = _new(upward.tensor)
        tensor._array = out
        tensor._storage = storage = Storage()
        tensor._base = tensor._node = None
        if self.view and _is_view(out, arrays[0]) and isinstance(args[0], Value):
            storage = self._share(tensor, args, static)
        if tracked and grad_mode():
            storages.append(storage)
            tensor._node = self.node(tracked, arrays, edges, storages, out, extra, static)
        if (listener := current_listener()) is not None:
            listener.operation(self, args, static, (tensor,), extra)
        return tensor

    def node(
        self,
        tracked: int,
        arrays: list[Any],
        edges: list[Any],
        storages: list[Any],
        out: Any,
        extra: Any,
        static: dict[str, Any],
    ) -> Node | None:
        """Make the node of one application; None when no tracked argument has a rule."""
        plan = self.plans.get(tracked)
        if plan is None:
            plan = self.plans[tracked] = Plan(self, tracked)
        if not plan.positions:
            return None
        if len(static) != self.n_parameters:
            static = {**self.defaults, **static}
        scope = arrays
        if self.irregular:
            if self.variadic:
                k = len(self.arguments) - 1
                scope = [*arrays[:k], tuple(arrays[k:])]
            scope = [*scope, out, *extra]
            if self.joint is not None:
                scope.append(tuple([edge is not None for edge in edges]))
        else:
            scope.append(out)
        node = Node()
        if self.outputs:
            node.outputs = tuple([(o.shape, o.dtype) for o in out])
            node.keeps_gaps = self.keeps_gaps
        else:
            node.outputs = None
            node.shape = out.shape
            node.dtype = dtype = out.dtype
            if dtype.kind != "f":
                return None
        if self.residuals:
            node.spare = [form and form.pick(scope) for form in self.residuals]
        node.plan = plan
        picks = plan.picks
        # A list comprehension is a function call (until Python 3.12), and most operations have one or two rules.
        if len(picks) == 1:
            node.saved = (picks[0](scope),)
        elif len(picks) == 2:
            node.saved = (picks[0](scope), picks[1](scope))
        else:
            node.saved = [pick(scope) for pick in picks]
        node.edges = plan.edges(edges)
        node.static = static
        node.storages = storages
        node.watched = False
        node.seq = tick()
        if saving_hooks() is not None:
            pack_node(node)
        return node

    def _share(self, view: Value, args: tuple[Any, ...], static: dict[str, Any]) -> Storage:
        """Make `view` one of the first argument, and return the storage they share."""
        base: Value = args[0]
        view._storage = base._storage
        view._view = (self, args[1:], static)
        if grad_mode():
            view._base, view._seen = base, base._storage.version
        return base._storage

    def apply_in_place(self, out: Value, *args: Any, **static: Any) -> Node | None:
        """Record an application whose result stands in the memory of `out` already."""
        arrays = [a._array if isinstance(a, Value) else a for a in args]
        edges = [a._node if isinstance(a, Value) else None for a in args]
        storages = [a._storage if isinstance(a, Value) else None for a in args]
        tracked = sum([1 << i for i, edge in enumerate(edges) if edge is not None])
        return self.node(tracked, arrays, edges, [*storages, out._storage], out._array, (), static)

    def _finish_outputs(
        self,
        args: Any,
        operands: Any,
        tracked: int,
        outs: Any,
        extra: Any,
        static: dict[str, Any],
    ) -> tuple[Any, ...]:
        """Wrap the several outputs of one application."""
        outs = tuple([np.asarray(o) for o in outs])
        base = args[0] if self.view and isinstance(args[0], Value) else None
        tensors = tuple([wrap(o, None, None if base is None else base._storage) for o in outs])
        if base is not None:
            view, recording = (self, args[1:], static), grad_mode()
            for t in tensors:
                t._view = view
                if recording:
                    t._base, t._seen = base, base._storage.version
        if tracked and grad_mode():
            arrays, edges, storages = operands
            storages = [*storages, *[t._storage for t in tensors]]
            node = self.node(tracked, arrays, edges, storages, outs, extra, static)
            if node is not None:
                for i, t in enumerate(tensors):
                    t._node = node.output(i) if t._array.dtype.kind == "f" else None
        if (listener := current_listener()) is not None:
            listener.operation(self, args, static, tensors, extra)
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
        if not counted and not numbers:
            raise DtypeError(f"{self.name} needs a Tensor, an array or a number, and got None")
        dtype = result_dtype([arrays[i] for i in counted] + numbers)
        if self.promotes == "float" and dtype.kind != "f":
            dtype = default_dtype()
        promoted: list[Any] = list(args)
        if not counted:
            first = next(i for i, a in enumerate(arrays) if a is numbers[0])
            promoted[first] = wrap(np.asarray(numbers[0], dtype))
            return promoted
        stale = [i for i in counted if arrays[i].dtype is not dtype]
        for i in stale:
            promoted[i] = primitives["cast"](args[i], dtype=dtype)
        return promoted if stale else None

    # ------------------------------------------------------------------ going backward through it

    def pullback(self, node: Node, g: Any) -> Any:
        """Cotangents of the tracked arguments, on plain arrays."""
        saved = node.saved
        if saved is RELEASED:
            raise second_backward(self.name)
        static = node.static
        plan = node.plan
        if plan.whole:
            grads = []
            for rule, values in zip(plan.rules, saved):
                grads.append(rule.rule(plain, g, *values, **static))
        else:
            grads = [
                rule.rule(plain, g, *values, **rule.static(static))
                for rule, values in zip(plan.rules, saved, strict=True)
            ]
        return grads if self.joint is None else [grads[0][i] for i in plan.positions]

    def pullback_recorded(self, node: Node, g: Any) -> Any:
        """Cotangents of the tracked arguments, on Tensors: what the rules do is recorded."""
        if node.saved is RELEASED:
            raise second_backward(self.name)
        plan = node.plan
        grads = [
            rule.rule(recorded, g, *unpack(self, node, rule, values, recorded), **rule.static(node.static))
            for rule, values in zip(plan.rules, node.saved, strict=True)
        ]
        return grads if self.joint is None else [grads[0][i] for i in plan.positions]

    def check_fresh(self, node: Node) -> None:
        """Raise when an array that `node` saved was written since. See Note [One clock]."""
        if last_write.tick >= node.seq and node.saved is not RELEASED:
            check_fresh(self, node)


def _is_view(out: Array, x: Any) -> bool:
    """Whether `out` looks at the memory of `x`."""
    if out is x or out.base is x:
        return True
    return out.base is not None and isinstance(x, np.ndarray) and np.may_share_memory(out, x)


def _base(view: Any) -> Any:
    """The Tensor that a view looks at, as it was when the view was last used. See `inplace.turn`."""
    while view._base._turned > abs(view._seen):
        view._base = view._base._past
    return view._base


def rederive(view: Value) -> None:
    """Give a view whose memory was written the history that its base has now; the base first, if it is a view too."""
    stale: list[Any] = [view]
    while (base := _base(stale[-1]))._base is not None and base._seen != base._storage.version:
        stale.append(base)
    for one in reversed(stale):
        op, rest, static = one._view
        if op.outputs and not (one._node is one._base._node is None):
            if not grad_mode():
                return
            raise GradientError(
                f"the memory of this Tensor, one of several views from {op.name}, was changed in place after it was "
                f"made; call {op.name} again, or change a copy (x = x.clone())"
            )
        succeed(one, None if one._base._node is None else op.apply_in_place(one, one._base, *rest, **static))
        one._seen = one._storage.version


@overload
def primitive(forward: Callable[..., Any]) -> Primitive: ...
@overload
def primitive(
    *,
    promotes: str | None = None,
    outputs: bool = False,
    keeps_gaps: bool = False,
    view: bool = False,
    residuals: dict[str, Rule | None] | None = None,
    differentiable: bool = True,
) -> Callable[[Callable[..., Any]], Primitive]: ...
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
    keeps_gaps : bool, default=False
        Whether the rule is shown None, and not zeros, for the cotangents of outputs that were not used.
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
