"""The errors a user meets: what was given, what was expected, and one mend that works.

Each class also derives from the built-in exceptions that PyTorch and NumPy raise for the same mistake, so
that an ``except ValueError`` or ``except RuntimeError`` written for either of them still catches ours.
"""

from __future__ import annotations

from numpy.linalg import LinAlgError as _LinAlgError

__all__ = [
    "AnomalyError",
    "AutodiffError",
    "DivisionError",
    "DtypeError",
    "GradientError",
    "IndexingError",
    "LinAlgError",
    "MissingExtraError",
    "RecordingError",
    "SettingError",
    "ShapeError",
    "StaleValueError",
]


class AutodiffError(RuntimeError):
    """Base of every error that wengert raises on purpose."""


class ShapeError(AutodiffError, ValueError):
    """Shapes that do not fit each other, or the operation."""


class DtypeError(AutodiffError, TypeError):
    """A dtype, or a type of Python object, that the operation has no meaning for."""


class IndexingError(AutodiffError, IndexError):
    """An index, a dim or a class label that is out of range."""


class GradientError(AutodiffError):
    """A derivative that was asked for and cannot be given."""


class StaleValueError(GradientError):
    """A value that backward needs was changed in place after it was saved."""


class SettingError(AutodiffError, ValueError):
    """A setting, or a number given to a loss, that has no meaning."""


class RecordingError(AutodiffError):
    """A step that cannot be compiled as it is written: the line, and how to write it instead."""


class AnomalyError(AutodiffError, FloatingPointError):
    """A nan or an inf that was made of finite numbers, found by `detect_anomaly`."""


class DivisionError(AutodiffError, ZeroDivisionError):
    """Integers divided by zero: there is no integer for the result, as inf is for floats."""


class LinAlgError(AutodiffError, _LinAlgError):
    """A matrix that has no inverse, no such factorisation, or none that was found."""


class MissingExtraError(AutodiffError, ImportError):
    """An optional package that this feature needs is not installed."""

    @classmethod
    def of(cls, package: str, extra: str, feature: str) -> MissingExtraError:
        """Name the feature, the package it lacks and the one command that installs it."""
        return cls(
            f"{feature} needs {package}, which is not installed.\nInstall it with: pip install 'wengert[{extra}]'"
        )


class Deviation(Exception):
    """What the code of a compiled step raises, before it has changed anything, on values that it is not for.

    Users never meet it: the call is recorded anew, in a form that is for such values too.
    """
