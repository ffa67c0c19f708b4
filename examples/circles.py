"""Two circles, one inside the other: a 2-20-1 network finds the boundary between them.

    python examples/circles.py [--epochs N] [--seed S] [--out DIR]

100 noisy points, ReLU, a logistic output, batches of 10, 100 epochs. Draws the boundary into out/circles.png.
"""

import argparse
from pathlib import Path

import numpy as np

import autodiff as ad
import nn
import optim
from nn.data import DataLoader, TensorDataset


def make_circles(n=100, noise=0.15, factor=0.3, seed=0):
    """Points on a circle of radius 1 (class 0) and one of radius `factor` (class 1), with Gaussian noise."""
    rng = np.random.default_rng(seed)
    angles = np.linspace(0, 2 * np.pi, n // 2, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = np.concatenate([circle, factor * circle]) + noise * rng.standard_normal((2 * len(circle), 2))
    classes = np.repeat([0.0, 1.0], len(circle))
    return ad.tensor(points, dtype=ad.float32), ad.tensor(classes, dtype=ad.float32).unsqueeze(1)


def train(points, classes, epochs, seed):
    """Fit a 2-20-1 network; the model gives the logit of class 1."""
    ad.manual_seed(seed)
    loader = DataLoader(TensorDataset(points, classes), batch_size=10, shuffle=True)
    model = nn.Sequential(nn.Linear(2, 20), nn.ReLU(), nn.Linear(20, 1))
    criterion = nn.BCEWithLogitsLoss()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for epoch in range(1, epochs + 1):
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        if epoch == 1 or epoch % 20 == 0:
            print(f"epoch {epoch:3d}: loss {total / len(loader):.4f}")
    return model


def draw_boundary(model, points, classes, path):
    """Shade the plane by the probability of class 1, and draw the line where it is one half."""
    import matplotlib

    matplotlib.use("agg")  # a file, no window
    import matplotlib.pyplot as plt

    side = np.linspace(-1.6, 1.6, 201, dtype=np.float32)
    x, y = np.meshgrid(side, side)
    with ad.no_grad():
        grid = ad.from_numpy(np.stack([x.ravel(), y.ravel()], axis=1))
        probability = model(grid).sigmoid().numpy().reshape(x.shape)
    figure, axes = plt.subplots(figsize=(5, 4.4), layout="constrained")
    shading = axes.contourf(x, y, probability, levels=np.linspace(0, 1, 21), cmap="RdBu_r", alpha=0.8)
    axes.contour(x, y, probability, levels=[0.5], colors="black")
    inner = classes.numpy().ravel() == 1
    p = points.numpy()
    axes.scatter(*p[~inner].T, color="navy", edgecolor="white", label="outer circle")
    axes.scatter(*p[inner].T, color="darkred", edgecolor="white", marker="s", label="inner circle")
    figure.colorbar(shading, label="probability of the inner circle", ticks=[0, 0.25, 0.5, 0.75, 1])
    axes.set(xlabel="x1", ylabel="x2", title="Two circles, 2-20-1", aspect="equal")
    figure.legend(loc="outside lower center", ncols=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description="Train a 2-20-1 network on two circles.")
    parser.add_argument("--epochs", type=int, default=100, metavar="N", help="passes over the 100 points (100)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the weights and the order (0)")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="where the picture goes (out)")
    arguments = parser.parse_args()

    points, classes = make_circles()
    model = train(points, classes, arguments.epochs, arguments.seed)
    with ad.no_grad():
        accuracy = ((model(points) > 0).float() == classes).float().mean().item()
    print(f"{accuracy:.0%} of the points lie on their side of the boundary")
    path = arguments.out / "circles.png"
    try:
        draw_boundary(model, points, classes, path)
    except ImportError:
        print("To draw the boundary, install matplotlib: pip install 'wengert[demo]'")
    else:
        print(f"the boundary: {path}")


if __name__ == "__main__":
    main()
