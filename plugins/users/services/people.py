"""What administrators do about people. Locking, roles and their audit entries are the kernel's."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from kernel import accounts, audit, current_tenant, errors, get_logger, now, publish, setting, sql, unit_of_work
from kernel import gettext as _

from .. import events
from ..models import Application, ApplicationStep, InterviewerProfile, Profile
from . import interviewers
from .profiles import drop_files

log = get_logger(__name__)


async def confirm(account_id: UUID) -> None:
    """Vouch for an address that could not be confirmed by mail."""
    async with unit_of_work():
        row = await accounts.account(account_id)
        if row.state != "pending":
            raise errors.Conflict(_("This account is confirmed already."))
        await accounts.verify_account(account_id)
        await audit.record(
            "users.account_confirmed", subject="account", subject_id=str(account_id),
            before={"state": "pending"}, after={"state": "active"},
        )  # fmt: skip
        await publish(events.EmailVerified(account_id=account_id, by_admin=True))


async def give_role(account_id: UUID, role: str) -> bool:
    """Grant a role; whoever becomes an interviewer gets an empty profile to fill in."""
    async with unit_of_work():
        given = await accounts.grant(account_id, role)
        if given and role == "interviewer":
            await interviewers.ensure(account_id)
            await publish(events.InterviewerApproved(account_id=account_id))
    return given


async def take_role(account_id: UUID, role: str) -> bool:
    """Revoke a role. A former interviewer is no longer listed; the profile is kept."""
    async with unit_of_work():
        taken = await accounts.revoke(account_id, role)
        if taken and role == "interviewer":
            await publish(events.ProfileChanged(account_id=account_id))
    return taken


async def purge_unconfirmed() -> None:
    """Periodic: forget accounts that were never confirmed in time."""
    days = int(setting("users.purge_days"))
    if not days:
        return
    rows = await sql(
        "SELECT id FROM kernel_account WHERE tenant_id = $1 AND state = 'pending' AND verified_at IS NULL"
        " AND created_at < $2 ORDER BY created_at LIMIT 500",
        current_tenant().id,
        now() - timedelta(days=days),
    )
    for found in rows:
        async with unit_of_work():
            account = await accounts.account(found.id)
            if account.state == "pending":  # not confirmed since we looked
                await erase(account.id)
                await accounts.erase(account.id)
    if rows:
        log.info("erased %d accounts that were never confirmed", len(rows))


async def erase(account_id: UUID) -> list[str]:
    """Forget what this plugin holds about somebody; what is kept, and why."""
    kept: list[str] = []
    async with unit_of_work():
        if row := await Profile.get_or_none(account_id=account_id):
            await drop_files(row)  # that the account no longer points to them is the kernel's part
            await row.delete()
        await InterviewerProfile.filter(account_id=account_id).delete()
        if application := await Application.get_or_none(account_id=account_id):
            await ApplicationStep.filter(application_id=application.id).delete()
            await application.delete()
        decided = await Application.filter(decided_by=account_id).update(decided_by=None)
        decided += await ApplicationStep.filter(actor_id=account_id).update(actor_id=None)
        if decided:
            kept.append(_("Decisions on applications of others, without the name of who made them."))
        await publish(events.ProfileChanged(account_id=account_id))
    return kept
