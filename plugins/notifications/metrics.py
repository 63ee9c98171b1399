"""What an operator wants to know at night: e-mails that wait, and those that were given up."""

from __future__ import annotations

from kernel import Metric, sql


async def _emails() -> dict[tuple[str, ...], float]:
    rows = await sql(
        "SELECT state, count(*) AS emails FROM notifications_email"
        " WHERE state = 'queued' OR created_at > now() - interval '1 day' GROUP BY state"
    )
    return {("queued",): 0.0, **{(row.state,): float(row.emails) for row in rows}}


METRICS = [
    Metric(
        name="notifications_emails",
        help="E-mails queued, and of the last day by state.",
        read=_emails,
        labels=("state",),
    )
]
