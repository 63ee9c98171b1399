"""Starts as the bits of one number: bit n is the start n grains after a base. For many people at once.

Everything is whole seconds, as in the engine. A grain divides every start's distance from the base, so nothing is lost.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import date
from math import gcd
from typing import Generic, TypeVar

from plugins.scheduling.slots.closures import closed_starts
from plugins.scheduling.slots.model import Availability, Refusal
from plugins.scheduling.slots.spans import DAY, EPOCH_ORDINAL, Span, subtract

Who = TypeVar("Who", bound=Hashable)

_BITS_OF = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


def grain_of(step: int, offset: int) -> int:
    """Seconds between two possible starts of a grid (step and offset in minutes), whatever the zone.

    Since 1972 every zone's offset is whole quarters of an hour, but for Monrovia's first week of that year.
    """
    return gcd(gcd(step, offset), 15) * 60


def encode(starts: Iterable[int], base: int, grain: int) -> int:
    """The number whose bits are these starts, none before the base; ValueError for one between two grains."""
    seconds = [start - base for start in starts]
    if not seconds:
        return 0
    places = [second // grain for second in seconds]
    if sum(seconds) != sum(places) * grain:  # a remainder is never negative, so none can make up for another
        raise ValueError("a start is off the grain")
    found = bytearray(max(places) // 8 + 1)
    for place in places:
        found[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(found, "little")


def decode(bits: int, base: int, grain: int) -> list[int]:
    """The starts of a number, in order."""
    return [base + place * grain for place in places_of(bits)]


def places_of(bits: int) -> Iterator[int]:
    """The places of the bits that are set, in order."""
    for i, byte in enumerate(bits.to_bytes((bits.bit_length() + 7) // 8, "little")):
        if byte:
            for bit in _BITS_OF[byte]:
                yield i * 8 + bit


def union(packed: bytes, size: int) -> int:
    """All rows of `size` bytes, one after another in `packed`, as one: halved again and again, so a few long steps."""
    rows, found = len(packed) // size, int.from_bytes(packed, "little")
    while rows > 1:
        rows = (rows + 1) // 2
        width = rows * size * 8
        found = (found >> width) | (found & ((1 << width) - 1))
    return found


def texts(bits: int, base: int, grain: int) -> list[str]:
    """The starts as `2026-11-24T09:30Z`; `base` is a UTC midnight."""
    a_day = DAY // grain
    clock = [f"T{second // 3600:02}:{second // 60 % 60:02}Z" for second in range(0, DAY, grain)]
    length = bits.bit_length() // a_day + 1
    dates = [f"{date.fromordinal(EPOCH_ORDINAL + base // DAY + n)}" for n in range(length)]
    return [dates[place // a_day] + clock[place % a_day] for place in places_of(bits)]


def first(bits: int, base: int, grain: int, count: int = 1) -> list[int]:
    """The first few starts of a number."""
    found: list[int] = []
    while bits and len(found) < count:
        low = bits & -bits
        found.append(base + (low.bit_length() - 1) * grain)
        bits ^= low
    return found


def mask(spans: Sequence[Span], base: int, grain: int) -> int:
    """The bits of the starts that lie in the spans (before the base there are none)."""
    found = 0
    for low, high in spans:
        a, b = max(0, -(-(low - base) // grain)), max(0, -(-(high - base) // grain))
        if a < b:
            found |= (1 << b) - (1 << a)
    return found


def window(who: Availability, low: int, high: int, now: int) -> list[Span]:
    """Where in [low, high) starts may lie by notice and booking window alone."""
    low = max(low, now + who.minimum_notice * 60)
    if low >= high:
        return []
    closed = dict(closed_starts(who, low, high + DAY, now, 0)).get(Refusal.TOO_LATE, [])
    return subtract([(low, high)], closed)


class Tally(Generic[Who]):
    """How many of a group are free at each start: "who is free first" costs the same for ten as for ten thousand."""

    __slots__ = ("_bits", "counts", "open")

    def __init__(self) -> None:
        self._bits: dict[Who, int] = {}
        self.counts: dict[int, int] = {}
        self.open = 0
        """Bits of the starts at which anybody is free."""

    def __len__(self) -> int:
        return len(self._bits)

    def put(self, who: Who, bits: int) -> None:
        """These are somebody's starts from now on; 0: none."""
        before = self._bits.get(who, 0)
        for place in places_of(before & ~bits):
            self.counts[place] -= 1
            if not self.counts[place]:
                del self.counts[place]
                self.open &= ~(1 << place)
        gained = bits & ~before
        for place in places_of(gained):
            self.counts[place] = self.counts.get(place, 0) + 1
        self.open |= gained
        self._bits[who] = bits

    def drop(self, who: Who) -> None:
        """Somebody left the group."""
        self.put(who, 0)
        self._bits.pop(who, None)

    def first(self, allowed: int, count: int) -> list[tuple[int, int]]:
        """(place, people free) of the first few starts among the allowed bits."""
        return [(place, self.counts[place]) for place in first(self.open & allowed, 0, 1, count)]

    def members(self) -> set[Who]:
        return set(self._bits)
