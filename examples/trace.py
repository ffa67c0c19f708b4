"""The textbook's table: y = ln(x1) + x1 x2 - sin(x2) at (2, 5), forward and backward, every number of it.

    python examples/trace.py

The left side is read down: each value is computed from those above it. The right side is read up, from the seed: beside
each operation stands what it sends to its operands. The adjoint of v0 has two parts: -0.284 arrives through the sine,
then 2 through the product, and their sum is dy/dx2 = 1.716.

The same from the command line: python -m autodiff trace "log(x1) + x1*x2 - sin(x2)" x1=2 x2=5
"""

import autodiff as ad


def trace():
    x1 = ad.tensor(2.0, dtype=ad.float64, requires_grad=True)
    x2 = ad.tensor(5.0, dtype=ad.float64, requires_grad=True)
    with ad.record(x1=x1, x2=x2) as rec:
        y = ad.log(x1) + x1 * x2 - ad.sin(x2)
        y.backward()
    return rec.name(y=y)


def main():
    rec = trace()
    print(rec)
    print()
    for name in ("x1", "x2"):
        row = rec[name]
        print(f"dy/d{name} = {row.adjoint:.3f}:")
        for part in row.contributions:
            print(f"    {part.value:6.3f} through {part.operation} ({part.formula}), so far {part.total:.3f}")


if __name__ == "__main__":
    main()
