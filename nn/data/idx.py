"""MNIST from its IDX files: found in a folder, or downloaded and verified."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

import autodiff as ad
from nn.data.dataset import TensorDataset

# SHA-256 of the unzipped files.
DIGESTS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
# Tried in this order; each holds the four files with .gz after their names.
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
TIMEOUT = 30.0


def mnist(
    root: str | os.PathLike[str], train: bool = True, download: bool = False, *, flat: bool = True
) -> TensorDataset:
    """MNIST: 70,000 handwritten digits of 28x28 pixels, from files in a folder.

    Parameters
    ----------
    root : path of a folder
        It holds the original IDX files, ``train-images-idx3-ubyte`` and so on, plain or with ``.gz``. The folder
        ``MNIST/raw`` inside it, where other libraries put them, is searched too.
    train : bool, default=True
        True for the 60,000 training images, False for the 10,000 test images.
    download : bool, default=False
        Download what is missing into `root`; each file is kept only if its SHA-256 is the known one.
    flat : bool, default=True
        Images of shape (784,); False gives (1, 28, 28), as convolutions take them.

    Returns
    -------
    TensorDataset of two Tensors
        Images of shape (n, 784) or (n, 1, 28, 28), float32, from 0 (paper) to 1 (ink); labels of shape (n,), int64,
        0 to 9.

    Raises
    ------
    FileNotFoundError
        If a file is missing and `download` is False.
    ConnectionError
        If a file is missing and no mirror gives the right one.
    ValueError
        If a file is damaged, or not in the IDX format.

    Notes
    -----
    Over the training images the mean is 0.1307 and the standard deviation 0.3081. Other sets in the same format and
    with the same file names, such as Fashion-MNIST, can be read too.

    Credit: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
    """
    part = "train" if train else "t10k"
    paths = [_find(root, name, download) for name in (f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte")]
    pixels, labels = (_read(path) for path in paths)
    if pixels.ndim != 3 or labels.ndim != 1 or len(pixels) != len(labels):
        raise ValueError(f"{paths[0]} with shape {pixels.shape} and {paths[1]} with shape {labels.shape} do not match")
    images = pixels.astype(np.float32)
    images /= 255
    images = images.reshape(len(images), -1) if flat else images[:, None]
    return TensorDataset(ad.from_numpy(images), ad.from_numpy(labels.astype(np.int64)))


def _find(root: str | os.PathLike[str], name: str, download: bool) -> str:
    """The path of one of the files, after downloading it where that is wanted and needed."""
    root = os.fspath(root)
    for folder in (root, os.path.join(root, "MNIST", "raw")):
        for candidate in (os.path.join(folder, name), os.path.join(folder, name + ".gz")):
            if os.path.isfile(candidate):
                return candidate
    if download:
        return _download(root, name)
    raise FileNotFoundError(
        f"MNIST's file {name} (or {name}.gz) is not in {root!r}.\n"
        f"Put the four files there ({', '.join(DIGESTS)}; each plain or with .gz),\n"
        "or have them downloaded: nn.data.mnist(root, download=True)"
    )


def _download(root: str, name: str) -> str:
    """Fetch one file from the first mirror that gives the right one; no damaged or partial file is left behind."""
    import gzip
    import hashlib
    import urllib.request
    import zlib

    troubles = []
    for mirror in MIRRORS:
        try:
            with urllib.request.urlopen(mirror + name + ".gz", timeout=TIMEOUT) as answer:
                packed = answer.read()
            digest = hashlib.sha256(gzip.decompress(packed)).hexdigest()
        except (OSError, EOFError, zlib.error) as error:
            troubles.append(f"{mirror}: {error}")
            continue
        if digest != DIGESTS[name]:
            troubles.append(f"{mirror}: a file with the wrong SHA-256, {digest}")
            continue
        os.makedirs(root, exist_ok=True)
        path = os.path.join(root, name + ".gz")
        with open(path + ".part", "wb") as file:
            file.write(packed)
        os.replace(path + ".part", path)
        return path
    raise ConnectionError(
        f"MNIST's file {name}.gz could not be downloaded:\n  "
        + "\n  ".join(troubles)
        + f"\nWithout a network, bring the four files ({', '.join(DIGESTS)}; each plain or with .gz)\n"
        f"from another machine and put them into {root!r}."
    )


def _read(path: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Read an IDX file of bytes: 0 0, type 8, the number of dimensions, their sizes as big-endian int32, the data."""
    content = _unzipped(path)
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is not an IDX file of bytes: it begins with {content[:4]!r}")
    start = 4 + 4 * content[3]
    shape = tuple(np.frombuffer(content[4:start].ljust(start - 4, b"\0"), dtype=">i4").tolist())
    expected = math.prod(shape)
    if len(content) - start != expected:
        raise ValueError(
            f"{path} is damaged: its head promises {expected:,} bytes of data, shape {shape}, "
            f"but {max(0, len(content) - start):,} follow; delete it and fetch it again"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _unzipped(path: str) -> Any:
    """The content of a file, gzipped or plain; what it is called does not matter."""
    import gzip
    import zlib

    with open(path, "rb") as file:
        content = file.read()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is damaged ({error}); delete it and fetch it again") from None
