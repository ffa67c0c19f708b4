"""Pictures: what they show, how they are laid out without a system package, and what is said where they cannot be."""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import autodiff as ad
from autodiff.drawing import render

SVG = "{http://www.w3.org/2000/svg}"


def leaf(value):
    return ad.tensor(value, dtype=ad.float64, requires_grad=True)


@pytest.fixture
def formula():
    x1, x2 = leaf(2.0), leaf(5.0)
    with ad.record(x1=x1, x2=x2) as rec:
        y = x1.log() + x1 * x2 - x2.sin()
        y.backward()
    return rec.name(y=y)


def parts(picture, kind):
    """The nodes or edges of a picture, by their titles."""
    tree = ElementTree.fromstring(picture.svg())
    return {group.find(f"{SVG}title").text: group for group in tree.iter(f"{SVG}g") if group.get("class", "") == kind}


def words(group):
    shown = [text.text.replace("\xa0", " ").strip() for text in group.iter(f"{SVG}text")]
    return [text for text in shown if text]


def dashed(group):
    return any(path.get("stroke-dasharray") for path in group.iter(f"{SVG}path"))


def edges(picture):
    """Every edge as (from, to, dashed, words)."""
    tree = ElementTree.fromstring(picture.svg())
    return [
        (*group.find(f"{SVG}title").text.split("->"), dashed(group), words(group))
        for group in tree.iter(f"{SVG}g")
        if group.get("class") == "edge"
    ]


def test_a_node_shows_name_operation_value_and_adjoint(formula):
    shown = [words(group) for group in parts(ad.draw(formula), "node").values()]
    assert ["v0 = x2", "5", "v̄0 = 1.716"] in shown
    assert ["v3", "sin(v0)", "-0.959", "v̄3 = -1"] in shown
    assert ["v5 = y", "v4 - v3", "11.652", "v̄5 = 1"] in shown


def test_forward_edges_are_solid_and_backward_edges_dashed_with_their_contribution(formula):
    found = edges(ad.draw(formula))
    assert [e for e in found if not e[2] and e[3]] == []
    assert len([e for e in found if not e[2]]) == len([e for e in found if e[2]]) == 8
    assert sorted(e[3][0] for e in found if e[2]) == sorted(["0.5", "5", "2", "-0.284", "1", "1", "1", "-1"])


def test_inputs_results_and_outputs_look_different_without_colour_too(formula):
    nodes = parts(ad.draw(formula), "node")
    outlines = {
        words(group)[0]: [shape.tag.removeprefix(SVG) for shape in group.iter() if shape.get("stroke")]
        for group in nodes.values()
    }
    assert outlines["v0 = x2"] == ["polygon"]  # straight corners
    assert outlines["v3"] == ["path"]  # round corners
    assert outlines["v5 = y"] == ["path", "path"]  # a double border


def test_an_input_without_derivative_has_a_dashed_border():
    x, data = leaf([1.0, 2.0]), ad.tensor([3.0, 4.0], dtype=ad.float64)
    with ad.record(x=x, data=data) as rec:
        (x * data).sum().backward()
    nodes = {words(group)[0]: group for group in parts(ad.draw(rec), "node").values()}
    assert any(shape.get("stroke-dasharray") for shape in nodes["v0 = data"].iter())
    assert not any(shape.get("stroke-dasharray") for shape in nodes["v-1 = x"].iter())


def contrast(one, other):
    """The contrast of two colours as WCAG defines it."""

    def luminance(colour):
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_text_stands_out_from_its_ground():
    from autodiff.drawing.graph import BACK, FAINT, INK, STYLES

    assert min(contrast(text, s["fillcolor"]) for text in (BACK, FAINT, INK) for s in STYLES.values()) > 4.5


def test_small_arrays_are_written_out_row_by_row_and_large_ones_have_their_shape():
    small, large = leaf([[1.0, 2.0], [3.0, 4.0]]), leaf(np.ones((8, 2)))
    with ad.record(small=small, large=large) as rec:
        (large @ small).sum().backward()
    nodes = {words(group)[0]: words(group)[1:] for group in parts(ad.draw(rec), "node").values()}
    assert nodes["v-1 = small"][:3] == ["[[1, 2],", "[3, 4]]", "shape (2, 2)"]
    assert nodes["v0 = large"] == ["shape (8, 2)", "v̄0"]


def test_an_operation_with_several_results_has_a_node_of_its_own():
    x = leaf([1.0, 2.0, 3.0])
    with ad.record() as rec:
        a, b = x.split([1, 2])
        (a * b).sum().backward()
    nodes = {title: words(group) for title, group in parts(ad.draw(rec), "node").items()}
    (hub,) = [title for title, shown in nodes.items() if shown == ["split"]]
    assert len([e for e in edges(ad.draw(rec)) if e[0] == hub and not e[2]]) == 2


def test_a_value_used_twice_by_one_operation_has_two_edges_each_way():
    x = leaf(3.0)
    with ad.record() as rec:
        (x * x).backward()
    assert [e[2] for e in edges(ad.draw(rec))].count(True) == 2
    assert [e[2] for e in edges(ad.draw(rec))].count(False) == 2


def test_it_goes_from_left_to_right_or_from_top_to_bottom(formula):
    def size(picture):
        tree = ElementTree.fromstring(picture.svg())
        return [float(tree.get(side).removesuffix("pt")) for side in ("width", "height")]

    across, down = size(ad.draw(formula)), size(ad.draw(formula, direction="TB"))
    assert across[0] > across[1]
    assert down[0] < down[1]


def test_a_record_without_backward_has_solid_edges_alone():
    x = leaf(2.0)
    with ad.record() as rec:
        x.exp()
    picture = ad.draw(rec)
    assert [e[2] for e in edges(picture)] == [False]
    assert "dashed:" not in picture.svg()


def test_the_graph_of_a_tensor_can_be_drawn_after_the_fact():
    w, b = leaf([[1.0, 2.0]]), leaf([0.5])
    loss = ((w * 3 + b) ** 2).sum()
    loss.backward()
    shown = {words(g)[0]: words(g)[1:] for g in parts(ad.draw(loss, params={"w": w, "b": b}), "node").values()}
    assert shown["v-1 = w"] == ["shape (1, 2)", "v̄-1 = [[21, 39]]"]
    assert shown["v1"] == ["multiply", "shape (1, 2)"]
    assert shown["v4"][-1] == "54.5"


def test_whatever_a_name_holds_is_shown_and_breaks_nothing():
    x = leaf(2.0)
    awkward = '<b>&amp;"quoted"\\N \\n {|}\u0007'
    with ad.record(**{awkward: x}) as rec:
        (x * 2).backward()
    shown = [words(g)[0] for g in parts(ad.draw(rec), "node").values()]
    assert f"v0 = {awkward[:-1]}" in shown


@pytest.mark.parametrize(
    ("suffix", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("dot", b"digraph"), ("gv", b"digraph")]
)
def test_it_is_saved_in_the_format_of_the_suffix(formula, tmp_path, suffix, start):
    file = tmp_path / "new folder" / f"picture.{suffix}"
    ad.draw(formula, file)
    assert file.read_bytes().startswith(start)


def test_an_unknown_format_is_answered_with_the_known_ones(formula, tmp_path):
    with pytest.raises(ad.AutodiffError, match=r"'bmpp' is no format of a picture; use \.svg, \.png or \.dot"):
        ad.draw(formula, tmp_path / "picture.bmpp")


def test_notebooks_show_the_svg(formula):
    assert ad.draw(formula)._repr_svg_() == ad.draw(formula).svg()


def test_names_can_take_the_place_of_numbers(formula):
    assert ["y", "v4 - v3", "11.652", "y\N{COMBINING MACRON} = 1"] in [
        words(g) for g in parts(ad.draw(formula, names=True), "node").values()
    ]


# -- the program that lays out ----------------------------------------------------------------------------------------


def program(folder: Path, name: str) -> str:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_a_real_dot_on_the_path_is_preferred(tmp_path, monkeypatch):
    dot = program(tmp_path, "dot")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert render.renderer() == dot


def test_the_program_of_graphviz_pure_is_found_although_it_is_on_no_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Path(render.renderer()).name.startswith("graphviz-pure")


def test_a_failing_program_is_quoted(formula, tmp_path, monkeypatch):
    (tmp_path / "dot").write_text("#!/bin/sh\necho out of ink >&2\nexit 3\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(ad.AutodiffError, match="dot could not write 'svg': out of ink"):
        ad.draw(formula).svg()


def test_drawing_leaves_the_graphviz_package_as_it_was(formula):
    from graphviz.backend import dot_command

    before = dot_command.DOT_BINARY
    ad.draw(formula).svg()
    assert before == dot_command.DOT_BINARY


@pytest.mark.parametrize("missing", ["graphviz", "graphviz-pure"])
def test_without_the_packages_the_error_names_the_extra(formula, missing, tmp_path, monkeypatch):
    if missing == "graphviz":
        monkeypatch.setitem(sys.modules, "graphviz", None)
    else:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(render, "_carried", lambda: None)
    with pytest.raises(ad.MissingExtraError, match=rf"needs {missing}, which is not installed") as caught:
        ad.draw(formula).svg()
    assert "pip install 'wengert[viz]'" in str(caught.value)


# -- what cannot be drawn ---------------------------------------------------------------------------------------------


def test_a_picture_too_large_to_read_is_refused_unless_asked_for():
    x = leaf(1.0)
    with ad.record() as rec:
        y = x
        for _ in range(30):
            y = y * 2
    with pytest.raises(ad.AutodiffError, match=r"31 values is too large to read.*limit=31"):
        ad.draw(rec, limit=30)
    assert len(re.findall("shape", ad.draw(rec, limit=31).dot)) > 0


def test_what_has_no_graph_says_so():
    with ad.record() as empty:
        pass
    with pytest.raises(ad.AutodiffError, match="nothing was recorded"):
        ad.draw(empty)
    with pytest.raises(ad.AutodiffError, match="has no graph"):
        ad.draw(ad.tensor(1.0))
    with pytest.raises(ad.AutodiffError, match="not a str"):
        ad.draw("x")
    with pytest.raises(ad.AutodiffError, match="direction is"):
        ad.draw(leaf(1.0) * 2, direction="RL")
