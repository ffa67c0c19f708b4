"""Layers, activations and losses as functions, without parameters of their own: usually imported as ``F``."""

from nn.functional.activations import *  # noqa: F403
from nn.functional.activations import __all__ as _activations
from nn.functional.distances import *  # noqa: F403
from nn.functional.distances import __all__ as _distances
from nn.functional.layers import *  # noqa: F403
from nn.functional.layers import __all__ as _layers
from nn.functional.losses import *  # noqa: F403
from nn.functional.losses import __all__ as _losses
from nn.functional.normalization import *  # noqa: F403
from nn.functional.normalization import __all__ as _normalization
from nn.functional.padding import *  # noqa: F403
from nn.functional.padding import __all__ as _padding
from nn.functional.regression import *  # noqa: F403
from nn.functional.regression import __all__ as _regression

__all__ = [*_activations, *_distances, *_layers, *_losses, *_normalization, *_padding, *_regression]
