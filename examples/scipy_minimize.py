"""SciPy's optimisers on functions written here: Rosenbrock's valley, and logistic regression on handwritten digits.

    python examples/scipy_minimize.py

`ad.func.value_and_grad` of a function of an array gives a float and an array, which is what SciPy asks for with
``jac=True``. Newton-CG also wants products of the Hessian with a vector: `ad.func.hvp`.
"""

import numpy as np
from scipy.optimize import minimize

import autodiff as ad
import nn.data
import nn.functional as F

# -- Rosenbrock's function, in ten dimensions --------------------------------------------------------------------------


def rosenbrock(x):
    """A narrow, bent valley; the smallest value is 0, at (1, ..., 1)."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def product(x, v):
    return ad.func.hvp(rosenbrock, x, v)


start = np.zeros(10)
print("Rosenbrock's function of ten numbers")
for method, more in (
    ("BFGS", {}),
    ("Newton-CG", {"hessp": product}),
    ("trust-exact", {"hess": ad.func.hessian(rosenbrock)}),
):
    found = minimize(ad.func.value_and_grad(rosenbrock), start, jac=True, method=method, **more)
    error = np.abs(found.x - 1).max()
    print(f"  {method:12} {found.nit:3} steps, {found.nfev:3} gradients: farthest from 1 by {error:.0e}")

# -- logistic regression: which digit is it? ---------------------------------------------------------------------------

images, labels = nn.data.digits(train=True).tensors
test_images, test_labels = nn.data.digits(train=False).tensors
images, test_images = images.double(), test_images.double()


def loss(params):
    """Cross-entropy, and a little decay so that the weights stay finite."""
    scores = images @ params["weight"] + params["bias"]
    return F.cross_entropy(scores, labels) + 1e-4 * (params["weight"] ** 2).sum()


# SciPy moves one vector; `unravel` makes the nested parameters of it again.
flat, unravel = ad.func.ravel({"weight": np.zeros((64, 10)), "bias": np.zeros(10)})


def flat_loss(vector):
    return loss(unravel(vector))


print(f"Logistic regression with {flat.size} parameters on {len(labels)} digits")
for method, more in (
    ("L-BFGS-B", {}),
    ("Newton-CG", {"hessp": lambda x, v: ad.func.hvp(flat_loss, x, v), "options": {"xtol": 1e-4}}),
):
    found = minimize(ad.func.value_and_grad(flat_loss), flat, jac=True, method=method, **more)
    params = unravel(found.x)
    guesses = (test_images.numpy() @ params["weight"] + params["bias"]).argmax(1)
    accuracy = (guesses == test_labels.numpy()).mean()
    print(f"  {method:12} {found.nit:3} steps: loss {found.fun:.5f}, test accuracy {100 * accuracy:.1f} %")
