"""Compile a training step: the same lines, recorded once and replayed, and the code that is run, to be read.

    python examples/compiled_step.py [--out DIR]

Without llvmlite (`pip install 'wengert[jit]'`) the step is replayed as NumPy, with it as machine code.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter

import autodiff as ad
import nn
import optim

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument(
    "--out", type=Path, default=Path(__file__).resolve().parent.parent / "out", help="folder to write to"
)
out = parser.parse_args().out

ad.manual_seed(0)
train, test = nn.data.digits(train=True), nn.data.digits(train=False)
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=3e-3)


def step(x: ad.Tensor, y: ad.Tensor) -> ad.Tensor:
    """Train on one batch: the step of every tutorial."""
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


def microseconds(function, x: ad.Tensor, y: ad.Tensor, times: int = 300) -> float:
    """The shortest of some calls."""
    best = float("inf")
    for _ in range(times):
        start = perf_counter()
        function(x, y)
        best = min(best, perf_counter() - start)
    return best * 1e6


fast = ad.compile(step)
for _ in range(20):
    for x, y in nn.data.DataLoader(train, batch_size=32, shuffle=True, drop_last=True):
        loss = fast(x, y)
x, y = test.tensors
print(f"{(model(x).argmax(1) == y).float().mean().item():.1%} of the test digits are right; {fast.stats}")

readable = ad.compile(step, backend="numpy")
for _ in range(3):
    readable(x[:32], y[:32])
print(f"\n{readable.program.final}\n\n{readable.source}")

readable.save_source(out / "step.py")
print(f"{out / 'step.py'} runs alone, with no import but NumPy, and tests itself; here the code is for {fast.backend}")

batch = x[:32].clone(), y[:32].clone()
plain = microseconds(step, *batch)
for name, function in (("as it is written", step), ("NumPy", readable), (f"compiled ({fast.backend})", fast)):
    took = microseconds(function, *batch)
    print(f"a step {name}: {took:.0f} µs, {plain / took:.1f} times as fast")
