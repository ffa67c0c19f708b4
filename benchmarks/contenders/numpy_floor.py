"""The floor: backpropagation written by hand in NumPy, with preallocated buffers and flat parameters.

It is what a careful person gets out of NumPy for one fixed network, with no engine at all. It keeps to NumPy's plain
vocabulary (no compiled helper, no blocking by cache size), and computes the loss like the others.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import BETAS, EPS, Array, Case, Problem
from benchmarks.contenders import Trainer

Loss = Callable[[Array, NDArray[np.generic], Array], object]


def setup(problem: Problem, optimizer: str) -> Trainer:
    """Lay weights and gradients flat, allocate every buffer, and close a step over them."""
    case = problem.case
    start = list(problem.state_dict().values())
    flat = np.concatenate([a.ravel() for a in start])
    grad = np.zeros_like(flat)
    params, grads = views(flat, start), views(grad, start)
    backpropagate = network(case, params, grads)
    update = {"sgd": sgd, "adam": adam}[optimizer](flat, grad, case.rate(optimizer))
    batches, count = problem.batches, len(problem.batches)

    def step(i: int) -> object:
        x, y = batches[i % count]
        loss = backpropagate(x, y)
        update()
        return loss

    return Trainer(step, lambda: [p.copy() for p in params])


def predict(problem: Problem) -> Trainer:
    """From a NumPy array to a NumPy array, in buffers that are there."""
    case = problem.case
    params = list(problem.state_dict().values())
    out = [np.empty((case.batch, width), case.dtype) for width in case.layers[1:]]
    layers = list(zip([w.T for w in params[::2]], params[1::2], out, strict=True))
    *hidden, (last_w, last_b, z) = layers
    inputs = [x for x, _ in problem.batches]
    count = len(inputs)

    def step(i: int) -> Array:
        h = inputs[i % count]
        for w_t, b, o in hidden:
            h.dot(w_t, o)
            np.add(o, b, o)
            h = np.maximum(o, 0, out=o)
        h.dot(last_w, z)
        return np.add(z, last_b, z)

    return Trainer(step, lambda: [step(0).copy()])


def views(flat: Array, like: list[Array]) -> list[Array]:
    """Cut `flat` into views with the shapes of `like`, in order."""
    ends = np.cumsum([a.size for a in like])
    return [flat[end - a.size : end].reshape(a.shape) for end, a in zip(ends, like, strict=True)]


def network(case: Case, params: list[Array], grads: list[Array]) -> Callable[[Array, NDArray[np.generic]], object]:
    """The function that runs forward and backward and leaves the gradients in `grads`."""
    add, multiply, maximum, greater = np.add, np.multiply, np.maximum, np.greater
    n, widths = case.batch, case.layers[1:]
    weights, biases, grad_weights, grad_biases = params[::2], params[1::2], grads[::2], grads[1::2]
    transposed = [w.T for w in weights]
    out = [np.empty((n, width), case.dtype) for width in widths]
    delta = [np.empty_like(a) for a in out]
    delta_transposed = [d.T for d in delta]
    # Operands of equal shape and a product with ones take NumPy's short way; broadcasting costs 0.5 µs more a call.
    zeros = [np.zeros_like(a) for a in out]
    positive = [np.empty(a.shape, np.bool_) for a in out]
    ones = np.ones(n, case.dtype)
    of_loss = {"bce": binary_cross_entropy, "ce": softmax_cross_entropy, "mse": squared_error}[case.loss]
    loss_and_delta: Loss = of_loss(n, widths[-1], case.dtype)
    forward = list(zip(transposed, biases, out, zeros, strict=True))[:-1]
    above = zip(delta_transposed[1:], grad_weights[1:], delta[1:], grad_biases[1:], weights[1:], strict=True)
    below = zip(out[:-1], delta[:-1], zeros[:-1], positive[:-1], strict=True)
    backward = [(*a, *b) for a, b in zip(above, below, strict=True)][::-1]
    head = transposed[-1], biases[-1], out[-1], delta[-1]
    first = delta_transposed[0], grad_weights[0], delta[0], grad_biases[0]

    def backpropagate(x: Array, y: NDArray[np.generic]) -> object:
        h = x
        for w_t, b, o, zero in forward:
            h.dot(w_t, o)
            add(o, b, o)
            h = maximum(o, zero, out=o)
        w_t, b, z, d_z = head
        h.dot(w_t, z)
        add(z, b, z)
        loss = loss_and_delta(z, y, d_z)
        for d_t, d_w, d, d_b, w, h, d_h, zero, mask in backward:
            d_t.dot(h, d_w)
            ones.dot(d, d_b)
            d.dot(w, d_h)
            # The ReLU's derivative as a number: NumPy multiplies equal dtypes fastest. Its sign, putmask and where=
            # branch on every element, which costs twenty times as much on random signs.
            greater(h, zero, mask)
            h[...] = mask
            multiply(d_h, h, d_h)
        d_t, d_w, d, d_b = first
        d_t.dot(x, d_w)
        ones.dot(d, d_b)
        return loss

    return backpropagate


def binary_cross_entropy(n: int, width: int, dtype: str) -> Loss:
    """Mean of max(z, 0) - z*y + log(1 + exp(-|z|)), and its derivative (sigmoid(z) - y) / n."""
    shape = (n, width)
    exp_, term, zero = np.empty(shape, dtype), np.empty(shape, dtype), np.zeros(shape, dtype)
    one, inverse = np.ones(shape, dtype), np.full(shape, 1.0 / (n * width), dtype)
    inverse_flat = inverse.ravel()
    exp, log1p, add, subtract, multiply = np.exp, np.log1p, np.add, np.subtract, np.multiply

    def loss_and_delta(z: Array, y: NDArray[np.generic], d: Array) -> object:
        np.abs(z, exp_)
        np.negative(exp_, exp_)
        exp(exp_, exp_)  # e = exp(-|z|), never above 1
        log1p(exp_, term)
        np.maximum(z, zero, out=d)
        add(term, d, term)
        multiply(z, y, d)
        subtract(term, d, term)
        # sigmoid(z) = s / (1 + e) with s = 1 where z >= 0, else e
        np.greater_equal(z, zero, d)
        np.maximum(d, exp_, out=d)
        add(exp_, one, exp_)
        np.divide(d, exp_, d)
        subtract(d, y, d)
        multiply(d, inverse, d)
        return np.dot(term.ravel(), inverse_flat)

    return loss_and_delta


def softmax_cross_entropy(n: int, width: int, dtype: str) -> Loss:
    """Mean of log(sum(exp(z))) - z[y], and its derivative (softmax(z) - onehot(y)) / n."""
    column = np.empty((n, 1), dtype)
    column_flat = column.ravel()
    rows, at = np.arange(0, n * width, width), np.empty(n, np.intp)
    ones, inverse, picked = np.ones(width, dtype), np.dtype(dtype).type(1.0 / n), np.empty(n, dtype)
    average = np.full(n, inverse, dtype)

    def loss_and_delta(z: Array, y: NDArray[np.generic], d: Array) -> object:
        d_flat = d.reshape(-1)
        np.add(rows, y, at)
        np.maximum.reduce(z, 1, None, column, keepdims=True)
        np.subtract(z, column, z)
        z.reshape(-1).take(at, None, picked, "clip")
        np.exp(z, d)
        d.dot(ones, column_flat)
        np.divide(d, column, d)
        np.log(column_flat, column_flat)
        np.subtract(column_flat, picked, column_flat)
        d_flat[at] -= 1.0
        np.multiply(d, inverse, d)
        return np.dot(column_flat, average)

    return loss_and_delta


def squared_error(n: int, width: int, dtype: str) -> Loss:
    """Mean of (z - y)^2, and its derivative 2 (z - y) / n."""
    twice = np.full((n, width), 2.0 / (n * width), dtype)

    def loss_and_delta(z: Array, y: NDArray[np.generic], d: Array) -> object:
        np.subtract(z, y, z)
        np.multiply(z, twice, d)
        return 0.5 * np.dot(z.reshape(-1), d.reshape(-1))

    return loss_and_delta


def sgd(flat: Array, grad: Array, rate: float) -> Callable[[], object]:
    """Take `rate` times the gradient off the weights."""
    lr = flat.dtype.type(rate)

    def update() -> object:
        np.multiply(grad, lr, grad)
        return np.subtract(flat, grad, flat)

    return update


def adam(flat: Array, grad: Array, rate: float) -> Callable[[], object]:
    """Kingma and Ba, 2015, algorithm 1."""
    m, v, scratch = np.zeros_like(flat), np.zeros_like(flat), np.empty_like(flat)
    multiply, add = np.multiply, np.add
    b1, b2 = BETAS
    number = flat.dtype.type
    b1_, b2_, rest1, rest2 = (number(a) for a in (b1, b2, 1.0 - b1, 1.0 - b2))
    eps, t = number(EPS), 0

    def update() -> object:
        nonlocal t
        t += 1
        multiply(m, b1_, m)
        multiply(grad, rest1, scratch)
        add(m, scratch, m)
        multiply(v, b2_, v)
        multiply(grad, grad, grad)
        multiply(grad, rest2, grad)
        add(v, grad, v)
        multiply(v, number(1.0 / (1.0 - b2**t)), scratch)
        np.sqrt(scratch, scratch)
        add(scratch, eps, scratch)
        np.divide(m, scratch, scratch)
        multiply(scratch, number(rate / (1.0 - b1**t)), scratch)
        return np.subtract(flat, scratch, flat)

    return update
