"""Scheduling: when interviewers are free, and who takes which time.

For: availability, holds, bookings, moving and cancelling, the slot engine (`slots/`) and its exchange
format (`exchange.py`, `greenroom scheduling slots`). Not for: prices, money, reminders' delivery, the live room.
"""
