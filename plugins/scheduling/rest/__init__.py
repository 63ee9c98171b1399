"""The same actions as JSON, for programs. Same services, same rules, same refusals (409, 422 as problem+json)."""

from . import (
    admin,
    availability,
    bookings,
    calendars,
    catalogue,
    changes,
    policies,
    search,
    series,
    turns,
    types,
    waiting,
)

ROUTES = [
    *catalogue.ROUTES, *bookings.ROUTES, *changes.ROUTES, *series.ROUTES, *waiting.ROUTES, *availability.ROUTES,
    *search.ROUTES, *types.ROUTES, *turns.ROUTES, *policies.ROUTES, *admin.ROUTES, *calendars.ROUTES,
]  # fmt: skip
