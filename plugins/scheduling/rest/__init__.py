"""The same actions as JSON, for programs. Same services, same rules, same refusals (409, 422 as problem+json)."""

from . import admin, availability, bookings, calendars, catalogue, changes, search, turns

ROUTES = [
    *catalogue.ROUTES, *bookings.ROUTES, *changes.ROUTES, *availability.ROUTES, *search.ROUTES, *turns.ROUTES,
    *admin.ROUTES, *calendars.ROUTES,
]  # fmt: skip
