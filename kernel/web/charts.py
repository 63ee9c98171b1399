"""Charts as SVG drawn by the server: no script, no style attributes, colour by class only.

So one drawing serves light and dark pages, prints, and mails. Charts run from left to right in every language.
`finding` is one sentence with what there is to see: it is what a screen reader says, so never leave it vague.
Put `ui.legend` beneath for more than one series, and `ui.datatable` for the figures themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from markupsafe import Markup

#: A value's words: on the axis, in tips.
Format = Callable[[float], str]
_Point = tuple[float, float]

#: There are six series colours.
MAX_SERIES: Final = 6
_STEPS: Final = 4
_LEVELS: Final = 4


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one part of each bar; as many values as the chart has labels."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Size of a drawing and what is left inside it after the labels, in SVG units."""

    width: float
    height: float
    labels: int  # at most so many below
    css: str
    tips: bool
    left: float = 46
    right: float = 10
    top: float = 10
    bottom: float = 26

    @property
    def inner_width(self) -> float:
        return self.width - self.left - self.right

    @property
    def inner_height(self) -> float:
        return self.height - self.top - self.bottom

    @property
    def floor(self) -> float:
        return self.height - self.bottom


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to heights."""

    low: float
    high: float
    frame: _Frame

    def y(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return self.frame.top + self.frame.inner_height * (1 - part)

    def ticks(self) -> Iterator[float]:
        for step in range(_STEPS + 1):
            yield self.low + (self.high - self.low) * step / _STEPS


#: Text keeps its size on phones because they get a drawing of their own; the card's width decides which is shown.
_WIDE: Final = _Frame(720, 250, 6, "chart only-wide", tips=True)
_NARROW: Final = _Frame(340, 200, 3, "chart only-narrow", tips=False)
_HALF: Final = _Frame(420, 250, 8, "chart only-wide", tips=True, left=36, right=6)


def area(
    key: str,
    title: str,
    finding: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    fmt: Format = str,
    compare: Series | None = None,
) -> Markup:
    """Lines over time with a wash beneath; `compare` is a dashed line without one. `key` is unique on its page."""
    shown = [*series, compare] if compare is not None else [*series]
    _check(labels, shown)
    return Markup().join(
        _area(frame, key + suffix, title, finding, labels, series, fmt, compare)
        for frame, suffix in ((_WIDE, ""), (_NARROW, "-n"))
    )


def bars(
    key: str, title: str, finding: str, labels: Sequence[str], series: Sequence[Series], *, fmt: Format = str
) -> Markup:
    """One bar a label, its series stacked. For values of zero and above."""
    _check(labels, series)
    return Markup().join(
        _bars(frame, key + suffix, title, finding, labels, series, fmt)
        for frame, suffix in ((_HALF, ""), (replace(_NARROW, labels=8, left=36, right=6), "-n"))
    )


def spark(values: Sequence[float], series: int = 1) -> Markup:
    """A small line for a tile; hidden from screen readers, since the tile's words say it."""
    if not values:
        return Markup()
    width, height = 120.0, 28.0
    low, high = min(values), max(values)
    span = (high - low) or 1
    across = width / max(1, len(values) - 1)
    points = [(i * across, height - 3 - (v - low) / span * (height - 6)) for i, v in enumerate(values)]
    if len(points) == 1:
        points.append((width, points[0][1]))
    line = _smooth(points)
    return Markup(
        '<svg class="spark s{}" viewBox="0 0 {:g} {:g}" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="area" d="{}L{:g},{:g}L0,{:g}Z"/><path class="line" d="{}"/></svg>'
    ).format(series, width, height, line, width, height, height, line)


def heat(
    key: str,
    title: str,
    finding: str,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float]],
    *,
    fmt: Format = str,
) -> Markup:
    """A field of cells, stronger where there is more (weekday by hour). One list of values a row."""
    if len(values) != len(rows) or any(len(line) != len(columns) for line in values):
        raise ValueError("a heat chart needs one value for each row and column")
    cell, gap, left, top = 26.0, 3.0, 44.0, 20.0
    width, height = left + len(columns) * (cell + gap), top + len(rows) * (cell + gap)
    most = max((v for line in values for v in line), default=0)
    every = max(1, math.ceil(len(columns) / 12))
    parts = [_open(key, title, finding, "chart", width, height)]
    for c in range(0, len(columns), every):
        parts.append(_text(left + c * (cell + gap) + cell / 2, 12, columns[c], "middle"))
    for r, row in enumerate(rows):
        y = top + r * (cell + gap)
        parts.append(_text(left - 8, y + cell / 2 + 4, row, "end"))
        for c, value in enumerate(values[r]):
            level = 0 if value <= 0 or most <= 0 else max(1, math.ceil(value / most * _LEVELS))
            parts.append(
                Markup('<rect class="{}" x="{:g}" y="{:g}" width="{:g}" height="{:g}" rx="4" data-tip="{}"/>').format(
                    f"h{level}" if level else "cell",
                    left + c * (cell + gap), y, cell, cell,
                    f"{row}, {columns[c]}: {fmt(value)}",
                )
            )  # fmt: skip
    return _close(parts)


# --- drawing -------------------------------------------------------------------------------------------------------


def _area(
    frame: _Frame, key: str, title: str, finding: str, labels: Sequence[str], series: Sequence[Series], fmt: Format,
    compare: Series | None,
) -> Markup:  # fmt: skip
    values = [v for s in (*series, *([compare] if compare else ())) for v in s.values]
    scale = _scale(min(values, default=0), max(values, default=0), frame)
    across = frame.inner_width / max(1, len(labels) - 1)

    def points(one: Series) -> list[_Point]:
        found = [(frame.left + i * across, scale.y(v)) for i, v in enumerate(one.values)]
        return found if len(found) != 1 else [*found, (frame.width - frame.right, found[0][1])]

    parts = [_open(key, title, finding, frame.css, frame.width, frame.height), _axes(frame, scale, fmt)]
    for i in _chosen(frame, labels):
        anchor = "start" if i == 0 else "end" if i == len(labels) - 1 else "middle"
        parts.append(_text(frame.left + i * across, frame.height - 6, labels[i], anchor))
    if compare is not None and compare.values:
        parts.append(Markup('<path class="ghostline" d="{}"/>').format(_smooth(points(compare))))
    ground = scale.y(max(0.0, scale.low))
    for number, one in enumerate(series, 1):
        if not one.values:
            continue
        line = points(one)
        path = _smooth(line)
        parts.append(
            Markup('<g class="s{}"><path class="area" d="{}L{:.1f},{:.1f}L{:.1f},{:.1f}Z"/>').format(
                number, path, line[-1][0], ground, line[0][0], ground
            )
            + Markup('<path class="line" d="{}"/></g>').format(path)
        )
    if frame.tips:
        shown = [*series, compare] if compare is not None else [*series]
        for i, label in enumerate(labels):
            x = frame.left + i * across
            parts.append(_hit(frame, x - across / 2, across, _tip(label, shown, i, fmt)))
            for number, one in enumerate(series, 1):
                mark = Markup('<circle class="mark s{}" cx="{:.1f}" cy="{:.1f}" r="4"/>')
                parts.append(mark.format(number, x, scale.y(one.values[i])))
            parts.append(Markup("</g>"))
    return _close(parts)


def _bars(
    frame: _Frame, key: str, title: str, finding: str, labels: Sequence[str], series: Sequence[Series], fmt: Format
) -> Markup:
    sums = [sum(max(0.0, s.values[i]) for s in series) for i in range(len(labels))]
    scale = _scale(0, max(sums, default=0), frame)
    across = frame.inner_width / max(1, len(labels))
    wide = min(across * 0.56, 44)
    named = set(_chosen(frame, labels))
    parts = [_open(key, title, finding, frame.css, frame.width, frame.height), _axes(frame, scale, fmt)]
    for i, label in enumerate(labels):
        x, below = frame.left + i * across, 0.0
        parts.append(_hit(frame, x, across, _tip(label, series, i, fmt)))
        for number, one in enumerate(series, 1):
            value = max(0.0, one.values[i])
            top, foot = scale.y(below + value), scale.y(below)
            below += value
            if value:
                bar = Markup('<rect class="fill s{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2.5"/>')
                parts.append(bar.format(number, x + (across - wide) / 2, top, wide, max(1.0, foot - top - 1)))
        if i in named:
            parts.append(_text(x + across / 2, frame.height - 6, label, "middle"))
        parts.append(Markup("</g>"))
    return _close(parts)


def _open(key: str, title: str, finding: str, css: str, width: float, height: float) -> Markup:
    return Markup(
        '<svg class="{}" viewBox="0 0 {:g} {:g}" role="img" aria-labelledby="{}-t {}-d">'
        '<title id="{}-t">{}</title><desc id="{}-d">{}</desc>'
    ).format(css, width, height, key, key, key, title, key, finding)


def _close(parts: list[Markup]) -> Markup:
    return Markup().join(parts) + Markup("</svg>")


def _axes(frame: _Frame, scale: _Scale, fmt: Format) -> Markup:
    lines = []
    for step, value in enumerate(scale.ticks()):
        y = scale.y(value)
        lines.append(
            Markup('<line class="{}" x1="{:g}" x2="{:g}" y1="{:.1f}" y2="{:.1f}"/>').format(
                "gridline" if step else "axis", frame.left, frame.width - frame.right, y, y
            )
        )
        lines.append(_text(frame.left - 8, y + 3.5, fmt(value), "end"))
    return Markup().join(lines)


def _text(x: float, y: float, words: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, words)


def _hit(frame: _Frame, x: float, width: float, tip: str) -> Markup:
    """Opens a group that answers to the pointer; the caller closes it."""
    return Markup(
        '<g class="hit" data-tip="{}"><rect class="hot" x="{:.1f}" y="{:g}" width="{:.1f}" height="{:g}"/>'
    ).format(tip, x, frame.top, width, frame.inner_height)


def _tip(label: str, series: Sequence[Series], index: int, fmt: Format) -> str:
    return f"{label}: " + ", ".join(f"{s.name} {fmt(s.values[index])}" for s in series)


def _chosen(frame: _Frame, labels: Sequence[str]) -> range:
    """Which labels to write so that they do not run into each other."""
    longest = max((len(label) for label in labels), default=1)
    fitting = max(1, min(frame.labels, int(frame.inner_width / (longest * 6 + 6))))
    return range(0, len(labels), max(1, math.ceil(len(labels) / fitting)))


def _scale(low: float, high: float, frame: _Frame) -> _Scale:
    bottom = -_round_up(-low) if low < 0 else 0.0
    top = _round_up(high) if high > 0 else 0.0
    return _Scale(bottom, top if top > bottom else bottom + 1, frame)


def _round_up(value: float) -> float:
    """The next round number: axes then end at something people can read."""
    power: float = 10.0 ** math.floor(math.log10(value))
    # 1e-9: a value that is a step itself must not jump to the next for a rounding error.
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if value <= step * power * (1 + 1e-9))


def _smooth(points: Sequence[_Point]) -> str:
    """A monotone cubic path (Fritsch-Carlson): it never swings beyond the values themselves."""
    if len(points) < 3:
        return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
    pairs = list(pairwise(points))
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs]
    tangents = [slopes[0], *(_between(a, b) for a, b in pairwise(slopes)), slopes[-1]]
    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for i, ((x0, y0), (x1, y1)) in enumerate(pairs):
        third = (x1 - x0) / 3
        path += (
            f"C{x0 + third:.1f},{y0 + tangents[i] * third:.1f} "
            f"{x1 - third:.1f},{y1 - tangents[i + 1] * third:.1f} {x1:.1f},{y1:.1f}"
        )
    return path


def _between(before: float, after: float) -> float:
    return 0.0 if before * after <= 0 else 2 * before * after / (before + after)


def _check(labels: Sequence[str], series: Sequence[Series]) -> None:
    if len(series) > MAX_SERIES + 1:
        raise ValueError(f"more than {MAX_SERIES} series cannot be told apart")
    for one in series:
        if len(one.values) != len(labels):
            raise ValueError(f"{one.name!r} has {len(one.values)} values for {len(labels)} labels")
