"""Backpropagation by hand: two inputs, two hidden and two output units, all logistic, every number of one step.

    python examples/backpropagation.py

The network that many lecture notes work through on paper. It is written in single numbers here, so that the table shows
each of them: what every unit computes, and how the error comes back to every weight. The hidden unit h1 feeds both
outputs, so two contributions meet in its adjoint: dE_o1/dh1 and dE_o2/dh1.
"""

import autodiff as ad

RATE = 0.5


def number(value, requires_grad=False):
    return ad.tensor(value, dtype=ad.float64, requires_grad=requires_grad)


def parameters():
    """The weights w1 ... w8 and the biases of the two layers."""
    weights = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
    named = {f"w{i}": number(w, requires_grad=True) for i, w in enumerate(weights, start=1)}
    return {**named, "b1": number(0.35, requires_grad=True), "b2": number(0.60, requires_grad=True)}


def forward(p, i1, i2, target_o1, target_o2):
    """The error of the network, and by name every value on the way to it."""
    net_h1 = p["w1"] * i1 + p["w2"] * i2 + p["b1"]
    net_h2 = p["w3"] * i1 + p["w4"] * i2 + p["b1"]
    out_h1 = ad.sigmoid(net_h1)
    out_h2 = ad.sigmoid(net_h2)
    net_o1 = p["w5"] * out_h1 + p["w6"] * out_h2 + p["b2"]
    net_o2 = p["w7"] * out_h1 + p["w8"] * out_h2 + p["b2"]
    out_o1 = ad.sigmoid(net_o1)
    out_o2 = ad.sigmoid(net_o2)
    E_o1 = 0.5 * (target_o1 - out_o1) ** 2
    E_o2 = 0.5 * (target_o2 - out_o2) ** 2
    E = E_o1 + E_o2
    return E, {name: value for name, value in locals().items() if name != "p"}


def step():
    """Record one forward and backward, then move every weight against its gradient."""
    data = {"i1": number(0.05), "i2": number(0.10), "target_o1": number(0.01), "target_o2": number(0.99)}
    p = parameters()
    with ad.record(**data, **p) as rec:
        E, values = forward(p, **data)
        E.backward()
    rec.name(**values)
    with ad.no_grad():
        for name in p:
            if name.startswith("w"):  # as in the lecture notes, which leave the biases where they are
                p[name] -= RATE * p[name].grad
    after, _ = forward(p, **data)
    return rec, p, after


def main():
    rec, p, after = step()
    print(rec.table(precision=6, names=True))
    print()
    print(f"E = {rec['E_o1'].value:.5f} + {rec['E_o2'].value:.5f} = {rec['E'].value:.5f}")
    from_o2, from_o1 = rec["out_h1"].contributions
    print(f"dE/dout_h1 = {from_o1.value:.4f} + ({from_o2.value:.5f}) = {rec['out_h1'].adjoint:.5f}")
    print(f"dE/dw5 = {rec['w5'].adjoint:.6f}, dE/dw1 = {rec['w1'].adjoint:.6f}")
    print()
    print(f"After one step at rate {RATE}:")
    for names in (("w1", "w2", "w3", "w4"), ("w5", "w6", "w7", "w8")):
        print("    " + "  ".join([f"{name} = {p[name].item():.6f}" for name in names]))
    print(f"    E = {after.item():.5f}")


if __name__ == "__main__":
    main()
