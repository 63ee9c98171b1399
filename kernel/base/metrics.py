"""Numbers for whoever runs the platform, in Prometheus' text format. Counting costs nothing until somebody listens.

Own code and no library: what a request needs is two dictionary look-ups, and the format is thirty lines.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["counter", "gauge", "histogram"]
#: Upper bounds in seconds; the last one is without bound.
BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
#: Combinations of label values that one family may have; further ones are counted together as "other".
LIMIT: Final = 2000

Labels = tuple[str, ...]


@dataclass(slots=True)
class Family:
    """One metric: values by label values."""

    name: str
    help: str
    kind: Kind
    labels: Labels = ()
    values: dict[Labels, float] = field(default_factory=dict)

    def add(self, labels: Labels, by: float = 1) -> None:
        values = self.values
        if labels not in values and len(values) >= LIMIT:
            labels = ("other",) * len(labels)
        values[labels] = values.get(labels, 0) + by

    def lines(self) -> Iterable[str]:
        yield from _head(self.name, self.help, self.kind)
        for values, number in self.values.items():
            yield f"{self.name}{_labels(self.labels, values)} {_number(number)}"


@dataclass(slots=True)
class Histogram:
    """Durations by label values."""

    name: str
    help: str
    labels: Labels = ()
    buckets: dict[Labels, list[int]] = field(default_factory=dict)
    sums: dict[Labels, float] = field(default_factory=dict)

    def observe(self, labels: Labels, seconds: float) -> None:
        counts = self.buckets.get(labels)
        if counts is None:
            if len(self.buckets) >= LIMIT:
                labels = ("other",) * len(labels)
            counts = self.buckets.setdefault(labels, [0] * (len(BOUNDS) + 1))
            self.sums.setdefault(labels, 0.0)
        counts[bisect_left(BOUNDS, seconds)] += 1
        self.sums[labels] += seconds

    def lines(self) -> Iterable[str]:
        yield from _head(self.name, self.help, "histogram")
        for values, counts in self.buckets.items():
            total = 0
            for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
                total += count
                yield f"{self.name}_bucket{_labels((*self.labels, 'le'), (*values, bound))} {total}"
            yield f"{self.name}_sum{_labels(self.labels, values)} {_number(self.sums[values])}"
            yield f"{self.name}_count{_labels(self.labels, values)} {total}"


def gauge(name: str, help_: str, value: float | Mapping[Labels, float], labels: Labels = ()) -> Family:
    """A family of the moment."""
    values: dict[Labels, float] = dict(value) if isinstance(value, Mapping) else {(): value}
    return Family(name, help_, "gauge", labels, values)


def text(families: Iterable[Family | Histogram]) -> str:
    """The page that Prometheus reads (version 0.0.4)."""
    return "".join(f"{line}\n" for family in families for line in family.lines())


def _head(name: str, help_: str, kind: str) -> Iterable[str]:
    clean = help_.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {name} {clean}"
    yield f"# TYPE {name} {kind}"


def _labels(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
