"""Many people's free times at once: months worked out ahead by the slot engine, kept as bits, never taken for right
when they are not.

A row is right while the interviewer's pulse has the version it was made at (triggers raise it in the transaction of
every change of hours, bookings, holds or other calendars), the type and the house rules have the stamp it was made by,
and no hold in it has run out since. Whatever is not right is worked out anew, in the same question. The engine's exact
answer is what is stored, so lists made from here agree with the booking page.

    months  one interviewer's months: read, or worked out and kept
    tables  each one's starts; starts at which anybody is free; next free times
    boards  counters: the first free times of a group, whatever its size
"""

from .boards import first_times
from .months import stamp_of
from .tables import Anybody, Table, anybody, next_free, table

__all__ = ["Anybody", "Table", "anybody", "first_times", "next_free", "stamp_of", "table"]
