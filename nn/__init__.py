"""nn: networks as modules, with PyTorch's names: layers, activations, losses, first values, data."""

from nn import data, functional, init, utils
from nn.activation import *  # noqa: F403
from nn.activation import __all__ as _activation
from nn.containers import *  # noqa: F403
from nn.containers import __all__ as _containers
from nn.dropout import *  # noqa: F403
from nn.dropout import __all__ as _dropout
from nn.errors import *  # noqa: F403
from nn.errors import __all__ as _errors
from nn.flatten import *  # noqa: F403
from nn.flatten import __all__ as _flatten
from nn.linear import *  # noqa: F403
from nn.linear import __all__ as _linear
from nn.loss import *  # noqa: F403
from nn.loss import __all__ as _loss
from nn.module import Module
from nn.normalization import *  # noqa: F403
from nn.normalization import __all__ as _normalization
from nn.parameter import Buffer, Parameter

__all__ = [
    "Buffer",
    "Module",
    "Parameter",
    *_activation,
    *_containers,
    *_dropout,
    *_errors,
    *_flatten,
    *_linear,
    *_loss,
    *_normalization,
    "data",
    "functional",
    "init",
    "utils",
]
