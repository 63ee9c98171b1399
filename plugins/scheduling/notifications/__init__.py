"""What people are told: bookings.py about the booking itself, near.py about the time around it, notices.py the rest."""

from __future__ import annotations

from .. import notices
from . import bookings, near
from .bookings import calendar_entry, calendar_file, cancelled, confirmed, moved

NOTIFICATION_TYPES = [*bookings.TYPES, *near.TYPES, *notices.MORE_TYPES]

__all__ = ["NOTIFICATION_TYPES", "calendar_entry", "calendar_file", "cancelled", "confirmed", "moved"]
