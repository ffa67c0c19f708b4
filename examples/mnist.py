"""Train a 784-128-10 network on MNIST's 60,000 handwritten digits, in a plain training loop.

    python examples/mnist.py --data DIR              the folder with the four IDX files, plain or .gz
    python examples/mnist.py --data DIR --download   fetch and verify what is missing

Prints the loss and the accuracy on held-out training images after each epoch, then the accuracy on the 10,000 test
images, and draws the loss curve into out/mnist_loss.png.
"""

import argparse
import sys
import time
from pathlib import Path

import autodiff as ad
import nn
import optim
from nn.data import DataLoader, mnist, random_split

try:
    from tqdm import tqdm
except ImportError:  # the bar is a comfort, not a need

    def tqdm(iterable, **_):
        return iterable


def parse_arguments():
    parser = argparse.ArgumentParser(description="Train a 784-128-10 network on MNIST.")
    parser.add_argument("--data", required=True, metavar="DIR", help="folder with MNIST's four IDX files, plain or .gz")
    parser.add_argument("--download", action="store_true", help="download and verify the files that are missing")
    parser.add_argument("--epochs", type=int, default=10, metavar="N", help="passes over the training images (10)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the weights and the order (0)")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="where the loss curve goes (out)")
    return parser.parse_args()


def load(arguments):
    """The training and the test images; where they are missing, say what to do and stop."""
    try:
        return [mnist(arguments.data, train=train, download=arguments.download) for train in (True, False)]
    except FileNotFoundError as error:
        sys.exit(f"{error}\nWith this example: python examples/mnist.py --data {arguments.data} --download")
    except (OSError, ValueError) as error:
        sys.exit(str(error))


def evaluate(model, loss_function, data):
    """Mean loss and accuracy over a whole dataset."""
    loss = correct = 0.0
    model.eval()
    with ad.no_grad():
        for images, labels in DataLoader(data, batch_size=1000):
            logits = model(images)
            loss += loss_function(logits, labels).item() * len(labels)
            correct += (logits.argmax(dim=1) == labels).sum().item()
    model.train()
    return loss / len(data), correct / len(data)


def draw_losses(losses, held_out_losses, steps_an_epoch, path):
    """Draw the loss of every step, its running mean, and the held-out loss after each epoch."""
    import matplotlib

    matplotlib.use("agg")  # a file, no window
    import matplotlib.pyplot as plt
    import numpy as np

    window = min(100, len(losses))
    running = np.convolve(losses, np.ones(window) / window, mode="valid")
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.semilogy(losses, color="tab:blue", alpha=0.15, linewidth=0.5, label="each step")
    axes.semilogy(np.arange(window - 1, len(losses)), running, color="tab:blue", label=f"mean of {window} steps")
    ends = steps_an_epoch * np.arange(1, len(held_out_losses) + 1)
    axes.semilogy(ends, held_out_losses, "o-", color="tab:orange", label="held-out images")
    axes.set(xlabel="step", ylabel="cross-entropy", title="MNIST, 784-128-10")
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main():
    arguments = parse_arguments()
    started = time.perf_counter()
    train_data, test_data = load(arguments)

    ad.manual_seed(arguments.seed)
    # Every setting below was chosen by the accuracy on the held-out part; the test images are looked at once.
    train_part, held_out = random_split(train_data, [55 / 60, 5 / 60])
    loader = DataLoader(train_part, batch_size=64, shuffle=True, drop_last=True)

    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    loss_function = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=3e-3)

    losses, held_out_losses = [], []
    for epoch in range(1, arguments.epochs + 1):
        for images, labels in tqdm(loader, desc=f"epoch {epoch}", disable=None, leave=False):
            optimizer.zero_grad()
            loss = loss_function(model(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        for group in optimizer.param_groups:
            group["lr"] *= 0.75
        held_out_loss, accuracy = evaluate(model, loss_function, held_out)
        held_out_losses.append(held_out_loss)
        mean = sum(losses[-len(loader) :]) / len(loader)
        print(f"epoch {epoch}: loss {mean:.4f}, held-out loss {held_out_loss:.4f}, accuracy {accuracy:.2%}", flush=True)

    _, accuracy = evaluate(model, loss_function, test_data)
    seconds = time.perf_counter() - started
    print(f"test accuracy {100 * accuracy:.2f} % on {len(test_data):,} images, after {seconds:.1f} s")

    path = arguments.out / "mnist_loss.png"
    try:
        draw_losses(losses, held_out_losses, len(loader), path)
    except ImportError:
        print("To draw the loss curve, install matplotlib: pip install 'wengert[demo]'")
    else:
        print(f"loss curve: {path}")


if __name__ == "__main__":
    main()
