"""XOR: what one unit cannot learn, what two hidden units can say, and what a trained network finds.

    python examples/xor.py [--step-at-zero {0,1}] [--seed S]

1. Least squares with one linear unit ends at w = 0, b = 1/2: the output is 1/2 everywhere.
2. The perceptron's delta rule never settles on one unit: after every pass the same four weights come round again.
3. A 2-2-1 network of step units with given weights computes it exactly.
4. A multilayer perceptron learns it by gradient descent.
"""

import argparse

import autodiff as ad
import nn
import optim

INPUTS = ad.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
TARGETS = ad.tensor([[0.0], [1.0], [1.0], [0.0]])


def step(x, at_zero=0):
    """The threshold unit: 0 below zero, 1 above. Textbooks differ on what it is at zero."""
    return ((x > 0) if at_zero == 0 else (x >= 0)).float()


def least_squares():
    """One linear unit fitted by gradient descent on the mean squared error."""
    unit = nn.Linear(2, 1)
    optimizer = optim.SGD(unit.parameters(), lr=0.5)
    for _ in range(500):
        optimizer.zero_grad()
        nn.functional.mse_loss(unit(INPUTS), TARGETS).backward()
        optimizer.step()
    return unit


def delta_rule(passes=50, at_zero=0):
    """The perceptron's rule, w += (t - y) x, on one step unit: the weights after each pass over the four inputs."""
    w, b = ad.zeros(2), ad.zeros(1)
    history = []
    for _ in range(passes):
        for x, t in zip(INPUTS, TARGETS, strict=True):
            error = t - step((w * x).sum() + b, at_zero)
            w, b = w + error * x, b + error
        history.append((*w.tolist(), b.item()))
    return history


def two_layers_of_steps(at_zero=0):
    """The given weights: the first hidden unit is AND, the second OR, and the output is OR without AND."""
    hidden = step(INPUTS @ ad.ones(2, 2) + ad.tensor([-1.5, -0.5]), at_zero)
    return step(hidden @ ad.tensor([[-1.0], [1.0]]) - 0.5, at_zero)


def train(seed):
    """A 2-4-1 network with tanh, trained on the four cases."""
    ad.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    criterion = nn.BCEWithLogitsLoss()
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    for _ in range(500):
        optimizer.zero_grad()
        loss = criterion(model(INPUTS), TARGETS)
        loss.backward()
        optimizer.step()
    return model, loss.item()


def main():
    parser = argparse.ArgumentParser(description="XOR, four ways.")
    parser.add_argument("--step-at-zero", type=int, choices=(0, 1), default=0, help="what step(0) is (0)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the trained network (0)")
    arguments = parser.parse_args()

    unit = least_squares()
    print("1. Least squares with one linear unit")
    print(f"   w = {[round(abs(w), 4) for w in unit.weight.tolist()[0]]}, b = {unit.bias.item():.4f}")
    print(f"   outputs {[round(y, 4) for (y,) in unit(INPUTS).tolist()]}")

    history = delta_rule(at_zero=arguments.step_at_zero)
    print("2. The delta rule on one step unit: (w1, w2, b) after each pass")
    print(f"   {' '.join(str(w) for w in history[:5])} ...")
    settled = history[-1] == history[-2] and solved(history[-1], arguments.step_at_zero)
    print(f"   settled on a solution after {len(history)} passes: {'yes' if settled else 'no'}")

    print("3. Two layers of step units with given weights")
    print(f"   outputs {[int(y) for (y,) in two_layers_of_steps(arguments.step_at_zero).tolist()]}")

    model, loss = train(arguments.seed)
    print("4. A trained 2-4-1 network")
    outputs = [round(y, 3) for (y,) in model(INPUTS).sigmoid().tolist()]
    print(f"   loss {loss:.4f}, outputs {outputs}, targets {[int(t) for (t,) in TARGETS.tolist()]}")


def solved(weights, at_zero):
    """Whether one unit with these weights computes XOR."""
    w1, w2, b = weights
    outputs = step(INPUTS @ ad.tensor([[w1], [w2]]) + b, at_zero)
    return bool((outputs == TARGETS).all())


if __name__ == "__main__":
    main()
