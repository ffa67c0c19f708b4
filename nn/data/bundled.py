"""The handwritten digits that travel with the package, so that a first run needs no download."""

from __future__ import annotations

import os

import numpy as np

import autodiff as ad
from nn.data.dataset import TensorDataset


def digits(train: bool | None = None, *, flat: bool = True) -> TensorDataset:
    """1,797 real handwritten digits of 8x8 pixels, with the numbers they show.

    Parameters
    ----------
    train : bool or None, default=None
        True for the 1,442 training images, False for the 355 test images, None for all in their original order.
    flat : bool, default=True
        Images of shape (64,); False gives (1, 8, 8), as convolutions take them.

    Returns
    -------
    TensorDataset of two Tensors
        Images of shape (n, 64) or (n, 1, 8, 8), float32, from 0 (paper) to 1 (ink); labels of shape (n,), int64,
        0 to 9.

    Notes
    -----
    The split is fixed and has the same share of each digit: of the images of one digit, in their original order, the
    5th, 10th, 15th and so on are for the test. Writers follow each other in the original order, so each of them is
    in both parts. To measure how well a model reads writers it has never seen, train on the first 1,437 images and
    test on the last 360 instead; that is much harder, and costs a small network about six points of accuracy.

    Credit: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository,
    1998, https://doi.org/10.24432/C50P49, CC BY 4.0.

    Examples
    --------
    >>> import nn.data
    >>> images, labels = nn.data.digits(train=True).tensors
    >>> images.shape, labels[:10].tolist()
    (Size([1442, 64]), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    with np.load(os.path.join(os.path.dirname(__file__), "digits.npz")) as file:
        images = file["images"].astype(np.float32) / np.float32(16)
        labels = file["labels"].astype(np.int64)
    if not flat:
        images = images.reshape(-1, 1, 8, 8)
    if train is not None:
        # counts[i, d]: how many of the images 0 ... i show the digit d.
        counts = np.cumsum(labels[:, None] == np.arange(10), axis=0)
        for_test = counts[np.arange(len(labels)), labels] % 5 == 0
        chosen = ~for_test if train else for_test
        images, labels = images[chosen], labels[chosen]
    return TensorDataset(ad.from_numpy(images), ad.from_numpy(labels))
