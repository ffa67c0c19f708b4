"""Train a small network on 1,442 real handwritten digits, test it on 355 others, and look inside.

    python examples/digits.py                 one run: accuracy, loss curve, a backward pass in numbers and as a picture
    python examples/digits.py --seeds 5       the mean test accuracy of five seeds
    python examples/digits.py --validate      accuracy on held-out training images, by which the settings were chosen

Writes out/digits_loss.png and out/small_pass.svg.
"""

import argparse
import time
from pathlib import Path

import autodiff as ad
import nn
import optim
from nn.data import DataLoader, Subset, digits

try:
    from tqdm import tqdm
except ImportError:  # the bar is a comfort, not a need

    def tqdm(iterable, **_):
        return iterable


def parse_arguments():
    parser = argparse.ArgumentParser(description="Train a 64-256-128-10 network on handwritten digits.")
    parser.add_argument("--epochs", type=int, default=100, metavar="N", help="passes over the training images (100)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the weights and the order (0)")
    parser.add_argument("--seeds", type=int, default=1, metavar="K", help="how many seeds to try, from S on (1)")
    parser.add_argument("--validate", action="store_true", help="train on 4/5 of the training images, test on the rest")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="where the pictures go (out)")
    return parser.parse_args()


def load(validate):
    """What to train on and what to test on. The test images take no part in choosing a setting."""
    train = digits(train=True)
    if not validate:
        return train, digits(train=False)
    everyone = range(len(train))
    return Subset(train, [i for i in everyone if i % 5]), Subset(train, [i for i in everyone if i % 5 == 0])


def fit(data, epochs, seed):
    """Train a network; return it with the loss of every step."""
    ad.manual_seed(seed)
    loader = DataLoader(data, batch_size=32, shuffle=True)
    model = nn.Sequential(
        nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 10),
    )  # fmt: skip
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
    losses = []
    for epoch in tqdm(range(epochs), desc=f"training, seed {seed}", unit="epoch"):
        optimizer.param_groups[0]["lr"] = 3e-3 * (1 - epoch / epochs)
        for images, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return model, losses


def accuracy(model, data):
    """The share of images that the model reads right."""
    model.eval()
    with ad.no_grad():
        images, labels = next(iter(DataLoader(data, batch_size=len(data))))
        return (model(images).argmax(dim=1) == labels).float().mean().item()


def draw_losses(losses, path):
    """Draw the loss of every step and its running mean."""
    import matplotlib

    matplotlib.use("agg")  # a file, no window
    import matplotlib.pyplot as plt
    import numpy as np

    window = min(46, len(losses))  # one epoch
    running = np.convolve(losses, np.ones(window) / window, mode="valid")
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.semilogy(losses, color="tab:blue", alpha=0.25, linewidth=0.5, label="each step")
    axes.semilogy(np.arange(window - 1, len(losses)), running, color="tab:blue", label="mean of an epoch")
    axes.set(xlabel="step", ylabel="cross-entropy", title="Handwritten digits, 64-256-128-10")
    axes.legend()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def small_pass():
    """The textbooks' small example, recorded: y = ln(x1) + x1 x2 - sin(x2) at (2, 5), forward and backward."""
    x1 = ad.tensor(2.0, dtype=ad.float64, requires_grad=True)
    x2 = ad.tensor(5.0, dtype=ad.float64, requires_grad=True)
    with ad.record(x1=x1, x2=x2) as record:
        y = ad.log(x1) + x1 * x2 - ad.sin(x2)
        y.backward()
    return record


def main():
    arguments = parse_arguments()
    train, test = load(arguments.validate)
    scores = []
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        started = time.perf_counter()
        model, losses = fit(train, arguments.epochs, seed)
        scores.append(accuracy(model, test))
        what = "held-out" if arguments.validate else "test"
        seconds = time.perf_counter() - started
        print(f"seed {seed}: {what} accuracy {scores[-1]:.2%} on {len(test)} images, after {seconds:.1f} s")
    if len(scores) > 1:
        print(f"mean of {len(scores)} seeds: {sum(scores) / len(scores):.2%}")

    record = small_pass()
    print("\nOne small pass in numbers, y = ln(x1) + x1 x2 - sin(x2) at (2, 5):\n")
    print(record.table())
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        draw_losses(losses, arguments.out / "digits_loss.png")
        ad.draw(record, arguments.out / "small_pass.svg")
    except ImportError as error:
        print(f"\nNo pictures: {error}")
    else:
        print(f"\nthe loss curve: {arguments.out / 'digits_loss.png'}")
        print(f"the pass as a picture: {arguments.out / 'small_pass.svg'}")


if __name__ == "__main__":
    main()
