"""What is kept of a practice session when it ends: topic coverage, never a grade."""

from __future__ import annotations

from uuid import UUID

from ..api import PointCoverage, PracticeReport, QuestionCoverage
from ..models import LiveSession, PracticeRun
from .bank import Item
from .script import Script, report


async def store(session: LiveSession) -> None:
    """Write the report of an ended session; nothing was asked when there is no run. Joins the unit of work."""
    run = await PracticeRun.filter(session_id=session.id).first()
    if run is None:
        return
    items = [Item.from_data(item) for item in run.items]
    run.report = report(Script.from_data(run.script), items)
    await run.save()


async def of_booking(booking_id: UUID) -> PracticeReport | None:
    """The stored report of a booking's session."""
    run = await PracticeRun.filter(session__booking_id=booking_id).first()
    if run is None or run.report is None:
        return None
    data: dict[str, object] = run.report
    questions = data["questions"]
    assert isinstance(questions, list)  # noqa: S101 - our own JSON
    return PracticeReport(
        booking_id=booking_id,
        questions=tuple(_question(q) for q in questions),
        touched=int(str(data["touched"])),
        points=int(str(data["points"])),
    )


def _question(data: dict[str, object]) -> QuestionCoverage:
    points = data["points"]
    assert isinstance(points, list)  # noqa: S101 - our own JSON
    return QuestionCoverage(
        title=str(data["title"]),
        topic=str(data["topic"]),
        answer=str(data["answer"]),
        points=tuple(PointCoverage(p["label"], p["coverage"], p["quote"]) for p in points),
        hints_used=int(str(data["hints_used"])),
        follow_ups=int(str(data["follow_ups"])),
        not_assessable=str(data["not_assessable"]),
        reached=bool(data["reached"]),
    )
