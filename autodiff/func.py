"""The names of ``torch.func``: functions that turn functions into their derivatives, and a few of JAX's."""

from __future__ import annotations

from autodiff.transforms.flat import ravel
from autodiff.transforms.forward import jvp, linearize
from autodiff.transforms.jacobians import hessian, jacfwd, jacrev
from autodiff.transforms.mapping import vmap
from autodiff.transforms.reverse import grad, grad_and_value, hvp, value_and_grad, vjp
from autodiff.transforms.stateless import functional_call, stack_module_state

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "hvp",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "ravel",
    "stack_module_state",
    "value_and_grad",
    "vjp",
    "vmap",
]
