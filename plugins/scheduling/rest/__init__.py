"""The same actions as JSON, for programs. Same services, same rules, same refusals (409, 422 as problem+json)."""

from . import availability, bookings, calendars, catalogue, changes, search, turns

ROUTES = [
    *catalogue.ROUTES, *bookings.ROUTES, *changes.ROUTES, *availability.ROUTES, *search.ROUTES, *turns.ROUTES,
    *calendars.ROUTES,
]
