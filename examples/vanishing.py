"""Why the first layers of a deep sigmoid network learn slowly: four units in a chain.

    python examples/vanishing.py

Each unit computes a_j = f(w_j a_(j-1) + b_j). The chain rule gives

    dC/db_1 = f'(z_1) w_2 f'(z_2) w_3 f'(z_3) w_4 f'(z_4) dC/da_4
    dC/db_3 =                     f'(z_3) w_4 f'(z_4) dC/da_4

so dC/db_1 has two more factors w f'(z) than dC/db_3. The sigmoid's derivative is at most 1/4: with weights of at most 1
each factor is at most 1/4, and the first gradient at least 16 times smaller than the third.
"""

import autodiff as ad


def bias_gradients(activation, weights, x=1.0, target=0.0):
    """dC/db_1 ... dC/db_4 of the chain with C = (a_4 - target)^2 / 2 and biases of 0."""
    w = [ad.tensor(value, dtype=ad.float64) for value in weights]
    b = [ad.zeros((), dtype=ad.float64, requires_grad=True) for _ in weights]
    a = ad.tensor(x, dtype=ad.float64)
    for w_j, b_j in zip(w, b, strict=True):
        a = activation(w_j * a + b_j)
    cost = (a - target) ** 2 / 2
    cost.backward()
    return [b_j.grad.item() for b_j in b]


CASES = (
    ("sigmoid, weights of 1", ad.sigmoid, [1.0] * 4),
    ("sigmoid, weights of 0.5", ad.sigmoid, [0.5] * 4),
    ("sigmoid, weights of 4 (an initialisation that fits its slope of 1/4)", ad.sigmoid, [4.0] * 4),
    ("tanh, weights of 1", ad.tanh, [1.0] * 4),
    ("ReLU, weights of 1", ad.relu, [1.0] * 4),
    ("ReLU, weights of 0.5", ad.relu, [0.5] * 4),
)


def main():
    for name, activation, weights in CASES:
        gradients = bias_gradients(activation, weights)
        ratio = gradients[2] / gradients[0]
        print(name)
        print("   " + "  ".join(f"dC/db{j} = {g:.6f}" for j, g in enumerate(gradients, 1)))
        print(f"   dC/db3 is {ratio:.1f} times dC/db1")


if __name__ == "__main__":
    main()
