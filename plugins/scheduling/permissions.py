"""Rights of this plugin. Booking itself needs none but being signed in."""

from __future__ import annotations

from kernel import N_, Permission

HOURS = "scheduling.availability.edit"
VIEW = "scheduling.bookings.view"
MANAGE = "scheduling.bookings.manage"
EXPORT = "scheduling.bookings.export"
TYPES = "scheduling.types.manage"
POLICIES = "scheduling.policies.manage"

PERMISSIONS = [
    Permission(id=HOURS, label=N_("Offer times to candidates"), roles=("interviewer",)),
    Permission(id=VIEW, label=N_("See all bookings")),
    Permission(id=MANAGE, label=N_("Cancel, move and hand over bookings of other people")),
    Permission(id=EXPORT, label=N_("Download bookings with names and addresses")),
    Permission(id=TYPES, label=N_("Manage interview types")),
    Permission(id=POLICIES, label=N_("Manage cancellation policies")),
]
