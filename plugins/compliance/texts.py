"""Acts and things in people's words. Acts of other plugins are known by name; unknown ones are spelled out."""

from __future__ import annotations

from kernel import N_
from kernel import gettext as _

ACTIONS = {
    "kernel.account_created": N_("Account created"),
    "kernel.account_verified": N_("Email address confirmed"),
    "kernel.account_locked": N_("Account locked"),
    "kernel.account_unlocked": N_("Account unlocked"),
    "kernel.account_erased": N_("Account erased"),
    "kernel.email_changed": N_("Email address changed"),
    "kernel.password_changed": N_("Password changed"),
    "kernel.signed_in": N_("Signed in"),
    "kernel.signed_out_all": N_("Everybody signed out"),
    "kernel.role_granted": N_("Role given"),
    "kernel.role_revoked": N_("Role taken away"),
    "kernel.role_changed": N_("Role changed"),
    "kernel.role_deleted": N_("Role deleted"),
    "kernel.plugin_switched_on": N_("Plugin switched on"),
    "kernel.plugin_switched_off": N_("Plugin switched off"),
    "kernel.setting_changed": N_("Setting changed"),
    "kernel.tenant_created": N_("Site created"),
    "kernel.job_replayed": N_("Failed job replayed"),
    "kernel.job_discarded": N_("Failed job discarded"),
    "users.account_confirmed": N_("Account confirmed by hand"),
    "users.application_decided": N_("Application decided"),
    "users.rate_changed": N_("Rate changed"),
    "scheduling.booking_cancelled": N_("Booking cancelled"),
    "payments.refund_ordered": N_("Refund ordered"),
    "notifications.email_retried": N_("Email sent again"),
    "analytics.rebuild_asked": N_("Figures rebuilt"),
    "theming.languages_changed": N_("Languages changed"),
    "theming.maintenance_planned": N_("Maintenance planned"),
    "theming.maintenance_started": N_("Maintenance started"),
    "theming.maintenance_ended": N_("Maintenance ended"),
    "theming.maintenance_cancelled": N_("Maintenance cancelled"),
    "theming.maintenance_prolonged": N_("Maintenance prolonged"),
    "compliance.export_requested": N_("Copy of the data requested"),
    "compliance.export_downloaded": N_("Copy of the data downloaded"),
    "compliance.erasure_requested": N_("Erasure requested"),
    "compliance.erasure_withdrawn": N_("Erasure withdrawn"),
    "compliance.erasure_declined": N_("Erasure declined"),
    "compliance.erasure_started": N_("Erasure started"),
    "compliance.erasure_finished": N_("Erasure finished"),
    "compliance.audit_exported": N_("Audit log exported"),
    "compliance.audit_details_erased": N_("Details in the audit log erased"),
}

SUBJECTS = {
    "account": N_("Account"),
    "application": N_("Application"),
    "booking": N_("Booking"),
    "email": N_("Email"),
    "job": N_("Job"),
    "maintenance window": N_("Maintenance window"),
    "payment": N_("Payment"),
    "plugin": N_("Plugin"),
    "role": N_("Role"),
    "setting": N_("Setting"),
    "tenant": N_("Site"),
    "audit log": N_("Audit log"),
}

#: Pieces of an action's name, by the tone of its badge.
_TONES = (
    ("bad", ("erased", "deleted", "locked", "discarded", "switched_off", "declined")),
    ("warn", ("cancelled", "revoked", "started", "signed_out", "refund", "withdrawn")),
    ("ok", ("created", "verified", "confirmed", "granted", "switched_on", "unlocked", "finished")),
    ("info", ("changed", "exported", "downloaded", "planned", "prolonged", "requested", "decided")),
)


def action_label(action: str) -> str:
    known = ACTIONS.get(action)
    if known:
        return _(known)
    words = action.rpartition(".")[2].replace("_", " ")
    return words[:1].upper() + words[1:]


def tone(action: str) -> str:
    name = action.rpartition(".")[2]
    return next((tone for tone, pieces in reversed(_TONES) if any(p in name for p in pieces)), "")


def subject_label(subject: str) -> str:
    known = SUBJECTS.get(subject)
    return _(known) if known else subject[:1].upper() + subject[1:].replace("_", " ")


def setting_label(key: str) -> str:
    return key
