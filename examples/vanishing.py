"""Why the first layers of a deep sigmoid network learn slowly: four units in a chain.

    python examples/vanishing.py

Each unit computes a_j = f(w_j a_(j-1) + b_j). The chain rule gives

    dC/db_1 = f'(z_1) w_2 f'(z_2) w_3 f'(z_3) w_4 f'(z_4) dC/da_4
    dC/db_3 =                     f'(z_3) w_4 f'(z_4) dC/da_4

so dC/db_1 has two more factors w f'(z) than dC/db_3. The sigmoid's derivative is at most 1/4: with weights of at most 1
each factor is at most 1/4, and the first gradient at least 16 times smaller than the third.
"""

import autodiff as ad


def bias_gradients(activation, weight, centred=False, x=1.0, target=0.0):
    """dC/db_1 ... dC/db_4 of the chain with C = (a_4 - target)^2 / 2.

    Biases are 0; `centred` chooses them so that every z_j is 0, where the sigmoid is steepest.
    """
    biases = []
    a = ad.tensor(x, dtype=ad.float64)
    for _ in range(4):
        start = -weight * a.item() if centred else 0.0
        b = ad.tensor(start, dtype=ad.float64, requires_grad=True)
        a = activation(weight * a + b)
        biases.append(b)
    cost = (a - target) ** 2 / 2
    cost.backward()
    return [b.grad.item() for b in biases]


CASES = (
    ("sigmoid, weights of 1", ad.sigmoid, 1.0, False),
    ("sigmoid, weights of 0.5", ad.sigmoid, 0.5, False),
    ("sigmoid, weights of 4: larger weights saturate the units, and it gets worse", ad.sigmoid, 4.0, False),
    ("sigmoid, weights of 4 and biases that centre every z: each factor is 4/4", ad.sigmoid, 4.0, True),
    ("tanh, weights of 1: its slope reaches 1, not 1/4", ad.tanh, 1.0, False),
    ("ReLU, weights of 1: its slope is 1", ad.relu, 1.0, False),
    ("ReLU, weights of 0.5: now the weights alone make it vanish", ad.relu, 0.5, False),
)


def main():
    for name, activation, weight, centred in CASES:
        gradients = bias_gradients(activation, weight, centred)
        print(name)
        print("   " + "  ".join(f"dC/db{j} = {g:.6f}" for j, g in enumerate(gradients, 1)))
        print(f"   dC/db3 is {gradients[2] / gradients[0]:.1f} times dC/db1")


if __name__ == "__main__":
    main()
