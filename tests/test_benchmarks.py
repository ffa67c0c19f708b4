"""The benchmarks' own arithmetic, and that all contenders of this environment do the same work."""

import doctest
import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import interpreters, plot
from benchmarks.cases import CASES, find, make_problem
from benchmarks.checks import compare_weights, report
from benchmarks.contenders import able, load
from benchmarks.growth import table as growth_table
from benchmarks.many_steps import STUDY as MANY_STEPS
from benchmarks.run import STUDY
from benchmarks.summary import ratios, table
from benchmarks.targets import fallen_short

MODULES = ("cases", "ceiling", "imports", "interpreters", "machine", "stalls", "summary", "targets")
SMALL = ("A", "B", "regression")


def trained(name: str, case: str, optimizer: str, steps: int = 10) -> list[np.ndarray]:
    trainer = load(name, optimizer)(make_problem(CASES[case]))
    for i in range(steps):
        trainer.step(i)
    return trainer.parameters()


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name):
    assert doctest.testmod(importlib.import_module(f"benchmarks.{name}"), optionflags=doctest.ELLIPSIS).failed == 0


@pytest.mark.parametrize("name", [*CASES, "depth=3", "width=4", "batch=1"])
def test_a_case_gives_every_layer_its_parameters(name):
    case = find(name)
    problem = make_problem(case)
    layers = [arguments for kind, arguments in case.modules() if kind in ("Linear", "BatchNorm1d")]
    assert len(problem.state_dict()) == sum(1 if False in arguments else 2 for arguments in layers)
    assert all(array.dtype == case.dtype for array in problem.state_dict().values())
    assert all(x.shape == (case.batch, case.layers[0]) for x, _ in problem.batches)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("case", SMALL)
@pytest.mark.parametrize("name", ["ours", "compiled_numpy"])
def test_contenders_train_the_weights_of_the_floor(name, case, optimizer, capsys):
    weights = {who: trained(who, case, optimizer) for who in (name, "numpy_floor")}
    checks = compare_weights(case, optimizer, weights)
    assert [check["contenders"] for check in checks] == [[name, "numpy_floor"]]
    assert not report(checks), capsys.readouterr().out


def test_other_weights_are_found_wrong(capsys):
    weights = {"ours": trained("ours", "A", "sgd", 9), "numpy_floor": trained("numpy_floor", "A", "sgd", 10)}
    assert report(compare_weights("A", "sgd", weights))
    assert "WRONG: ours and numpy_floor differ" in capsys.readouterr().out


def test_with_dropout_only_those_with_the_same_random_numbers_are_compared():
    weights = {name: list(make_problem(CASES["norm"]).state_dict().values()) for name in ("ours", "torch_eager")}
    weights["ours"] = [array + 1 for array in weights["ours"]]
    assert compare_weights("norm", "sgd", weights) == []
    assert not able("numpy_floor", CASES["norm"])
    assert able("jax_jit", CASES["norm"])


def runs(**minima: float) -> list[dict]:
    about = {"case": "A", "label": "A 2-20-1@10", "optimizer": "sgd"}
    return [
        about | {"contender": name, "round": turn, "minimum": value * (1 + turn / 10), "median": value * 2}
        for name, value in minima.items()
        for turn in range(2)
    ]


def test_a_study_shows_its_pairs_and_what_falls_short():
    rows = ratios(runs(ours=40.0, compiled_numba=4.0, torch_eager=100.0, jax_jit=20.0, mygrad=200.0), STUDY.pairs)
    assert rows[0]["ratios"]["numba/torch"]["best"] == 0.04
    assert rows[0]["ratios"]["ours/mygrad"]["best"] == 0.2
    assert "0.040 (0.040-0.040)" in table(rows)
    short = fallen_short(rows, STUDY.targets, threads=2)
    assert [line.split("sgd ")[1].split(",")[0] for line in short] == ["numba/torch 0.04", "numba/jax 0.2"]


def test_a_ratio_that_is_recorded_the_other_way_round_is_held_to_its_target_too():
    rows = ratios(runs(compiled_numba=4.0, many_numba=2.0), MANY_STEPS.pairs)
    assert fallen_short(rows, MANY_STEPS.targets, threads=2) == [
        "short of what is promised: A sgd many_numba/numba 0.5, at most 0.4"
    ]


def test_a_contender_whose_modules_are_missing_is_left_out_and_named(capsys):
    requires = {"here": ("numpy",), "there": ("no_such_module",)}
    assert interpreters.usable(requires, requires, {}) == ["here"]
    assert "there is left out: ['no_such_module'] not installed" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_records_can_be_drawn(tmp_path: Path, suffix):
    points = [
        {"axis": "depth", "size": size, "contender": "ours", "task": task, "minimum": 10.0 * size}
        for size in (1, 10)
        for task in ("sgd", "value", "gradient")
    ]
    assert "| 10   |   100.0 |          1.00 |" in growth_table(points, ["ours"])
    for name, record in {
        "growth": {"points": points},
        "steps": {"ratios": ratios(runs(ours=40.0, torch_eager=100.0), STUDY.pairs)},
    }.items():
        file = tmp_path / "record.json"
        file.write_text(json.dumps(record))
        plot.main([str(file), str(tmp_path / (name + suffix))])
        assert (tmp_path / (name + suffix)).stat().st_size > 5000
