"""Scheduling: when interviewers are free, and who takes which time.

For: hours, interview types, free times, holds, bookings, moving and cancelling with their refund rule, reminders,
calendar files, practice with the scripted interviewer. Not for: taking money (payments), delivering messages
(notifications), the room (live), what is written afterwards (feedback).

Events: booking_confirmed, booking_cancelled, booking_rescheduled, booking_expired, booking_started,
booking_completed, running_late, confirmation_asked, availability_changed (all scheduling.*.v1, in events.py).
Service: `Bookings`; filter: `BookingRequested`; extension point: `CalendarProvider` (all in api.py). Slots for others'
pieces: `scheduling.booking` (page of a session, gets the booking's id), `scheduling.booking_aside`,
`scheduling.profile` (gets the interviewer's account id).

Sub-packages: slots/ the pure engine, calendars/ readers of calendars elsewhere, services/ the use cases,
routes/ the pages. `exchange.py` answers `greenroom scheduling slots`. How a booking flows: docs.md.
"""
