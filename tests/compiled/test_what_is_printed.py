"""`step.program`, printed: every pass by its name, and at the end what the emitter put together."""

import re

import pytest

import autodiff as ad
import nn
import optim
from autodiff.compiler.passes import DEFAULT


def printed(backend):
    """The program of a step with all that can be put together, and the part of it that is the emitter's."""
    ad.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    optimizer = optim.Adam(model.parameters())
    criterion = nn.CrossEntropyLoss()

    @ad.compile(backend=backend)
    def step(x, y):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(2):
        step(ad.rand(5, 3), ad.tensor([0, 1, 1, 0, 1]))
    text = str(step.program)
    return text, text[text.rindex("===") :]


def rows(text):
    """(result, what computes it, where it lies) of each line of the emitter's part."""
    found = [re.match(r"    (\S+)[^=]* = (\S.*?)   +\w+(?:\[.*?\])?   +(\S.*)", line) for line in text.splitlines()]
    return [row.groups() for row in found if row]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_every_pass_stands_there_by_its_name_and_the_emitter_last(backend):
    if backend == "numba":
        pytest.importorskip("llvmlite", reason="machine code is made by an extra, jit")
    titles = re.findall(r"^=== (\w+)", printed(backend)[0], re.MULTILINE)
    assert titles == ["recorded", *[p.__name__ for p in DEFAULT], backend]


def test_what_shares_memory_is_not_needed_any_more_when_it_is_written_over():
    lines = rows(printed("numpy")[1])
    inside = {name: place.removeprefix("in ") for name, _, place in lines if place.startswith("in ")}

    def owner(name):
        return owner(inside[name]) if name in inside else name

    def bytes_of(place):
        found = re.fullmatch(r"memory\[(\d+):(\d+)\]", place)
        return range(*map(int, found.groups())) if found else range(0)

    reads = [{owner(name) for name in re.findall(r"[A-Za-z_][\w.]*", text)} for _, text, _ in lines]
    shared = 0
    for k, (name, _, place) in enumerate(lines):
        last = max([n for n, read in enumerate(reads) if name in read], default=k)
        here = bytes_of(place)
        for n in range(k + 1, len(lines)):
            there = bytes_of(lines[n][2])
            if max(here.start, there.start) < min(here.stop, there.stop):
                assert n >= last, f"{lines[n]} writes over {name}, which is read later"
                shared += 1
    assert shared > 5


def test_transposes_are_read_where_they_lie_and_the_update_is_made_where_the_state_is():
    lines = rows(printed("numpy")[1])
    transposes = [place for _, text, place in lines if text.startswith("swap_last")]
    assert transposes == ["in parameters", "in parameters", "in d_model.2.out", "in d_model.0.out"]
    assert lines[-1][1].startswith("subtract(parameters, ")
    assert lines[-1][2] == "in parameters"


def test_bias_activation_and_their_backward_are_each_in_one_loop_and_so_is_the_update():
    pytest.importorskip("llvmlite", reason="machine code is made by an extra, jit")
    groups = [rows(group) for group in re.split(r"\n(?=\S)", printed("numba")[1])]
    operations = [[text.partition("(")[0] for _, text, _ in group] for group in groups]
    assert any({"add", "maximum"} <= {*group} for group in operations)
    assert any({"where", "sum"} <= {*group} for group in operations)
    update = groups[-1]
    left = [place for _, _, place in update if place != "in registers"]
    assert left == ["in exp_avg", "in exp_avg_sq", "in parameters"]
    assert {"multiply", "add", "sqrt", "divide", "subtract"} == {*operations[-1]}


def test_what_comes_after_the_backward_pass_is_called_so_and_results_by_their_keys():
    model = nn.Linear(3, 2)
    optimizer, average = optim.SGD(model.parameters(), lr=0.1), ad.zeros(2, 3)

    @ad.compile(backend="numpy")
    def step(x):
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        with ad.no_grad():
            average.mul_(0.9).add_(model.weight, alpha=0.1)
        return {"loss": loss, "length": norm}

    for _ in range(2):
        step(ad.ones(4, 3))
    headings = ["forward", "backward", "after the backward pass", "update", "after the update"]
    assert re.findall(r"# ---- (.*)", step.source) == headings
    assert [line.strip(":") for line in str(step.program.final).splitlines() if line.strip(":") in headings] == headings
    assert "return loss, length" in step.source


def test_two_losses_have_a_forward_and_a_backward_pass_each():
    model = nn.Linear(3, 2)

    @ad.compile(backend="numpy")
    def step(x):
        model.zero_grad()
        model(x).square().mean().backward()
        model(x * x).sigmoid().mean().backward()

    for _ in range(2):
        step(ad.ones(4, 3))
    headings = ["forward", "backward", "forward", "backward", "after the backward pass"]  # where gradients are added
    assert re.findall(r"# ---- (.*)", step.source) == headings
