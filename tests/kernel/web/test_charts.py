"""Charts stand without script and style attributes, and say in words what they show."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from kernel.web.charts import MAX_SERIES, Series, area, bars, heat, spark

DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri"]
SVG = "{http://www.w3.org/2000/svg}"


def _parsed(markup: str) -> list[ElementTree.Element]:
    text = str(markup).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ')
    return list(ElementTree.fromstring(f"<all>{text}</all>"))


def _numbers(path: str) -> list[float]:
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", path)]


def test_area_has_a_wide_and_a_narrow_drawing_with_title_and_finding() -> None:
    drawings = _parsed(area("r", "Visits", "Visits doubled.", DAYS, [Series("Visits", [1, 2, 3, 2, 4])]))
    assert [d.get("class") for d in drawings] == ["chart only-wide", "chart only-narrow"]
    for drawing in drawings:
        assert drawing.get("role") == "img"
        title, finding = (drawing.get("aria-labelledby") or "").split()
        ids = {el.get("id"): el.text for el in drawing if el.get("id")}
        assert ids[title] == "Visits"
        assert ids[finding] == "Visits doubled."
    assert len({el.get("id") for d in drawings for el in d if el.get("id")}) == 4


@pytest.mark.parametrize(
    "markup",
    [
        area("a", "T", "F", DAYS, [Series("A", [1, 2, 3, 4, 5])], compare=Series("B", [5, 4, 3, 2, 1])),
        bars("b", "T", "F", DAYS, [Series("A", [1, 0, 3, 4, 5]), Series("B", [5, 4, 3, 2, 1])]),
        heat("h", "T", "F", ["x"], DAYS, [[0, 1, 2, 3, 4]]),
        spark([1, 2, 3]),
    ],
    ids=["area", "bars", "heat", "spark"],
)
def test_no_style_no_script_no_colour(markup: str) -> None:
    text = str(markup)
    assert "style=" not in text
    assert "<script" not in text
    assert not re.search(r'(?:fill|stroke|color)="', text)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", text)
    assert _parsed(markup)


def test_words_from_outside_are_escaped() -> None:
    evil = '"><script>alert(1)</script>'
    for markup in (
        area("a", evil, evil, [evil, "x"], [Series(evil, [1, 2])]),
        bars("b", evil, evil, [evil], [Series(evil, [1])]),
        heat("h", evil, evil, [evil], [evil], [[1]]),
    ):
        assert "<script" not in str(markup)
        assert _parsed(markup)


@pytest.mark.parametrize(
    "values",
    [[], [5], [0, 0, 0], [3, 3, 3], [-4, 2, -1], [0.0001, 0.0002], [1e12, 2e12, 5e11]],
    ids=["none", "one", "zeros", "flat", "negative", "tiny", "huge"],
)
def test_odd_values_still_make_a_drawing_inside_its_frame(values: list[float]) -> None:
    labels = [str(i) for i in range(len(values))]
    for drawing in _parsed(area("a", "T", "F", labels, [Series("A", values)])):
        _x, _y, _width, height = _numbers(drawing.get("viewBox") or "")
        for path in drawing.iter(f"{SVG}path"):
            assert all(-1 <= y <= height + 1 for y in _numbers(path.get("d") or "")[1::2])
    assert "nan" not in str(spark(values))


def test_lines_never_swing_beyond_their_values() -> None:
    drawing = _parsed(area("a", "T", "F", DAYS, [Series("A", [0, 10, 10, 10, 0])]))[0]
    line = next(p for p in drawing.iter(f"{SVG}path") if p.get("class") == "line")
    ys = _numbers(line.get("d") or "")[1::2]
    assert min(ys) >= 10
    assert max(ys) <= 250 - 26


def test_bars_stack_without_overlap_and_leave_out_nothings() -> None:
    drawing = _parsed(bars("b", "T", "F", ["x"], [Series("A", [2]), Series("B", [0]), Series("C", [3])]))[0]
    found = [r for r in drawing.iter(f"{SVG}rect") if (r.get("class") or "").startswith("fill")]
    assert [r.get("class") for r in found] == ["fill s1", "fill s3"]
    lower, upper = found
    assert float(upper.get("y", 0)) + float(upper.get("height", 0)) <= float(lower.get("y", 0))


def test_tips_name_every_series() -> None:
    markup = area("a", "T", "F", DAYS, [Series("Now", [1, 2, 3, 4, 5])], fmt=lambda v: f"{v:g} €",
                  compare=Series("Before", [5, 4, 3, 2, 1]))  # fmt: skip
    assert 'data-tip="Mon: Now 1 €, Before 5 €"' in str(markup)


def test_long_labels_are_thinned_out() -> None:
    labels = [f"{day} November 2026" for day in range(1, 31)]
    for drawing in _parsed(area("a", "T", "F", labels, [Series("A", list(range(30)))])):
        below = [t for t in drawing.iter(f"{SVG}text") if "November" in (t.text or "")]
        assert 1 <= len(below) <= 6


def test_heat_levels_follow_the_share_of_the_most() -> None:
    drawing = _parsed(heat("h", "T", "F", ["x"], ["a", "b", "c"], [[0, 1, 4]]))[0]
    cells = [r.get("class") for r in drawing.iter(f"{SVG}rect")]
    assert cells == ["cell", "h1", "h4"]


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(ValueError, match="values for"):
        area("a", "T", "F", DAYS, [Series("A", [1])])
    with pytest.raises(ValueError, match="each row and column"):
        heat("h", "T", "F", ["x"], DAYS, [[1]])
    with pytest.raises(ValueError, match="told apart"):
        bars("b", "T", "F", ["x"], [Series(str(i), [1]) for i in range(MAX_SERIES + 2)])
