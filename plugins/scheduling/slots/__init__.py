"""The slot engine: from an interviewer's hours to the times that can be booked.

Pure: no I/O, no clock of its own, nothing but the standard library; `now` is always passed in. Listing,
submitting, moving and "nearest free" all ask the one function in `engine.py`, so what is listed can be booked.

    model     what the caller says: Availability and its parts, Refusal
    clock     UTC offsets of a zone over a stretch of time; from wall readings to instants and back
    spans     arithmetic on sorted half-open intervals of whole seconds
    hours     rules + overrides + travel -> the instants an interviewer's hours cover
    grid      where on the wall clock slots start, and which have their whole length within given hours
    days      starts within the hours: the short cut for calm dates, the exact way for the others
    closures  busy, time off, limits, booking window -> what is taken away
    engine    the questions: free_slots, free_by_start, is_bookable, nearest
    bits      starts of a month as the bits of one number; many people at once; counters for "who is free first"

Meaning, exactly: docs of the exchange format. Points it leaves open, as decided here: two overrides of one
date or two travels over one date: the later entry wins; a start is on the grid by the wall clock of the zone
its date's hours are read in (an overnight range keeps the zone of the date it began on); an empty busy time
(end = start) blocks nothing but counts for the limits.
"""

from plugins.scheduling.slots.clock import clock_changes
from plugins.scheduling.slots.engine import free_by_start, free_seconds, free_slots, is_bookable, nearest
from plugins.scheduling.slots.model import Availability, Limits, Override, Refusal, Rule, Travel

__all__ = [
    "Availability",
    "Limits",
    "Override",
    "Refusal",
    "Rule",
    "Travel",
    "clock_changes",
    "free_by_start",
    "free_seconds",
    "free_slots",
    "is_bookable",
    "nearest",
]
