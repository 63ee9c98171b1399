"""Times worked out ahead are the engine's at every moment, whatever changed; and what is listed can be booked."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import now, sql
from kernel.engines import client
from plugins.scheduling import availability, free
from plugins.scheduling.models import (
    Busy,
    DateOverride,
    FreeMonth,
    InterviewType,
    Offer,
    Schedule,
    TimeOff,
    Travel,
)
from plugins.scheduling.refusals import NotBookable
from plugins.scheduling.services import booking as booking_service
from plugins.scheduling.services.assignment import Share, choose_interviewer, turns
from plugins.scheduling.services.busy import busy_of, replace_busy
from plugins.users.api import Interviewers

from .conftest import World, day_after, instant, interviewer


async def _exact(kind: InterviewType, who: UUID) -> list[Any]:
    at = now()
    answer = await availability.ask(availability.Question(kind, who), at)
    end = at + timedelta(days=kind.window_days + 2)
    return answer.starts(at, end + timedelta(minutes=kind.duration_minutes - 1))


async def _kept(kind: InterviewType, who: UUID) -> list[Any]:
    at = now()
    return (await free.table(kind, [who], at, at + timedelta(days=kind.window_days + 2), at=at)).starts(who)


async def _same(kind: InterviewType, who: UUID) -> tuple[Any, ...]:
    """Kept and exact times agree, twice (worked out, then read); the times."""
    for _turn in range(2):
        exact, kept = await _exact(kind, who), await _kept(kind, who)
        assert kept == exact
    return tuple(exact)


async def test_whatever_changes_the_times_kept_are_the_engines(world: World) -> None:
    me = world.interviewer_id
    with world.tenant.scope():
        kind = await InterviewType.get(id=world.kind.id)
        before = await _same(kind, me)
        day = (now() + timedelta(days=5)).date()
        schedule = await Schedule.get(account_id=me)
        changes = {
            "override": lambda: DateOverride.create(schedule_id=schedule.id, date=day, ranges=[["06:00", "07:00"]]),
            "time off": lambda: TimeOff.create(account_id=me, starts_at=day_after(7, 0), ends_at=day_after(8, 0)),
            "travel": lambda: Travel.create(
                account_id=me, starts_on=day + timedelta(days=4), ends_on=day + timedelta(days=6), zone="Asia/Tokyo"
            ),
            "busy": lambda: replace_busy(me, "work", [(day_after(12, 10), day_after(12, 12))]),
            "weekly": lambda: Schedule.filter(id=schedule.id).update(
                weekly={str(day): [["09:00", "12:00"]] for day in range(2, 8)}
            ),
            "holidays": lambda: Schedule.filter(id=schedule.id).update(holidays=["BD", "DE", "LK", "US"]),
            "override gone": lambda: DateOverride.all().delete(),
            "buffers": lambda: InterviewType.filter(id=kind.id).update(buffer_after=15, step_minutes=20),
            "length": lambda: InterviewType.filter(id=kind.id).update(duration_minutes=90, window_days=33),
        }
        seen = {before}
        for name, change in changes.items():
            await change()
            kind = await InterviewType.get(id=kind.id)
            times = await _same(kind, me)
            assert times not in seen, name
            seen.add(times)
        await Offer.all().delete()
        assert await _kept(kind, me) == []


async def test_bookings_holds_and_their_end_are_seen_at_once(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    start = (await world.starts(site))[5]
    with world.tenant.scope():
        kind = await InterviewType.get(id=world.kind.id)
        assert instant(start) in await _kept(kind, world.interviewer_id)
    await world.hold(site, start)
    with world.tenant.scope():
        assert instant(start) not in await _kept(kind, world.interviewer_id)
        assert await _same(kind, world.interviewer_id)
        row = await FreeMonth.filter(good_until__not_isnull=True).first()
        assert row is not None
        # The hold runs out, and no job has cleared it away: it counts no longer, here as there.
        await sql("UPDATE scheduling_booking SET hold_until = now() - interval '1 second' RETURNING id")
        assert instant(start) in await _kept(kind, world.interviewer_id)
        assert await _same(kind, world.interviewer_id)


async def test_kept_rows_are_read_and_not_worked_out_again(world: World, monkeypatch: Any) -> None:
    with world.tenant.scope():
        kind = await InterviewType.get(id=world.kind.id)
        await _kept(kind, world.interviewer_id)
        asked: list[str] = []
        real = client.Client.fetch_rows

        async def counted(self: Any, query: str, values: Any) -> Any:
            asked.append(query)
            return await real(self, query, values)

        monkeypatch.setattr(client.Client, "fetch_rows", counted)
        assert await _kept(kind, world.interviewer_id)
        assert len(asked) == 1


async def test_what_was_read_before_a_booking_is_never_kept_as_right(world: World, monkeypatch: Any) -> None:
    """Somebody books between the reading of the version and of the data: what is kept is not believed."""
    site = await world.tenant.sign_in("candidate")
    start = (await world.starts(site))[4]
    real = free.months.hours_of

    async def slow(*args: Any) -> Any:
        found = await real(*args)
        monkeypatch.setattr(free.months, "hours_of", real)
        answer = await world.hold(site, start)
        assert answer.status == 303
        return found

    with world.tenant.scope():
        kind = await InterviewType.get(id=world.kind.id)
        await FreeMonth.all().delete()
        monkeypatch.setattr(free.months, "hours_of", slow)
        await _kept(kind, world.interviewer_id)
        assert instant(start) not in await _kept(kind, world.interviewer_id)
        assert await _same(kind, world.interviewer_id)


async def test_what_is_listed_can_be_booked(world: World) -> None:
    """Replay: random listed times through the real service; each holds, and each is then gone from the list."""
    draw = random.Random(11)
    with world.tenant.scope():
        await Schedule.filter(account_id=world.interviewer_id).update(per_day=3, consecutive=2, rest_minutes=30)
        await InterviewType.filter(id=world.kind.id).update(buffer_before=5, buffer_after=10)
        for number in range(12):
            kind = await InterviewType.get(id=world.kind.id)
            listed = await _kept(kind, world.interviewer_id)
            assert listed == await _exact(kind, world.interviewer_id)
            start = draw.choice(listed)
            candidate = await world.tenant.account("candidate", name=f"Person {number}")
            card = await _card(world)
            wish = booking_service.Wish(kind, card, candidate, start, "UTC")
            held = await booking_service.hold(wish)
            assert held.starts_at == start
            assert start not in await _kept(kind, world.interviewer_id)
        refused = next(t for t in (start + timedelta(minutes=5 * n) for n in range(1, 500)) if t not in listed)
        with pytest.raises(NotBookable) as no:
            await booking_service.hold(booking_service.Wish(kind, card, candidate, refused, "UTC"))
        assert set(no.value.nearest) <= set(await _kept(kind, world.interviewer_id))


async def _card(world: World) -> Any:
    from kernel import services

    return await services.need(Interviewers).card(world.interviewer_id)


async def test_other_lengths_windows_and_schedules(world: World) -> None:
    me = world.interviewer_id
    with world.tenant.scope():
        other = await Schedule.create(
            account_id=me, name="Evenings", zone="America/New_York", weekly={"3": [["18:00", "22:00"]]}
        )
        await Offer.filter(account_id=me).update(schedule_id=other.id)
        first, last = (now() + timedelta(days=3)).date(), (now() + timedelta(days=16)).date()
        await InterviewType.filter(id=world.kind.id).update(window_from=first, window_to=last, offset_minutes=10)
        kind = await InterviewType.get(id=world.kind.id)
        assert len(await _same(kind, me)) in (6, 12)
        starts = await _kept(kind, me)
        assert {s.minute for s in starts} == {10, 40}
        answer = await availability.ask(availability.Question(kind, me, duration=200))
        assert {f"{s:%H:%M}" for s in answer.starts(now(), day_after(60, 0))} <= {"22:10", "22:40", "23:10", "23:40"}
        await Offer.filter(account_id=me).update(schedule_id=me)  # points to nothing: the usual hours
        assert len(await _same(kind, me)) > 50


async def test_a_board_follows_every_change_with_one_query(world: World, monkeypatch: Any) -> None:
    noor = await interviewer(world.tenant, slug="noor")

    async def members() -> list[UUID]:
        return [world.interviewer_id, noor.interviewer_id]

    with world.tenant.scope():
        kind = await InterviewType.get(id=world.kind.id)
        before = await free.first_times(kind, "all", members, 3)
        assert [n for _start, n in before] == [2, 2, 2]
    site = await world.tenant.sign_in("candidate")
    await world.booked(site, f"{before[0][0]:%Y-%m-%dT%H:%MZ}")
    with world.tenant.scope():
        after = await free.first_times(kind, "all", members, 3)
        assert after[0] == (before[0][0], 1)
        asked: list[str] = []
        real = client.Client.fetch_rows

        async def counted(self: Any, query: str, values: Any) -> Any:
            asked.append(query)
            return await real(self, query, values)

        monkeypatch.setattr(client.Client, "fetch_rows", counted)
        assert await free.first_times(kind, "all", members, 3) == after
        assert len(asked) == 1
        monkeypatch.setattr(client.Client, "fetch_rows", real)
        await Offer.filter(account_id=noor.interviewer_id).delete()
        assert [n for _start, n in await free.first_times(kind, "all", members, 3)] == [1, 1, 1]
        await Schedule.all().update(weekly={})
        assert await free.first_times(kind, "all", members, 3) == []


async def test_other_tenants_see_nothing_of_it(world: World, other_tenant: Any) -> None:
    with world.tenant.scope():
        kind = await InterviewType.get(id=world.kind.id)
        assert await _kept(kind, world.interviewer_id)
    with other_tenant.scope():
        assert await free.table(kind, None, now(), day_after(30, 0)) == await free.table(
            kind, [world.interviewer_id], now(), day_after(30, 0)
        )
        assert (await free.table(kind, None, now(), day_after(30, 0))).rows == {}


async def test_busy_times_of_one_source_leave_the_others_alone(world: World) -> None:
    me = world.interviewer_id
    a, b = (day_after(3, 9), day_after(3, 10)), (day_after(4, 9), day_after(4, 10))
    with world.tenant.scope():
        assert await replace_busy(me, "work", [a, b, (b[1], b[0])])
        assert await replace_busy(me, "home", [b])
        assert not await replace_busy(me, "work", [b, a])
        assert (await busy_of([me], (now(), day_after(9, 0))))[me] == (a, b, b)
        assert await replace_busy(me, "work", [])
        assert await Busy.all().count() == 1
        kind = await InterviewType.get(id=world.kind.id)
        answer = await availability.ask(availability.Question(kind, me))
        assert answer.refusal(b[0]) == "busy"
        assert answer.refusal(a[0]) == ""


def _share(letter: str, **values: Any) -> Share:
    base = {"priority": 2, "weight": 100, "recent": 0, "total": 20, "missed": 0, "last": None}
    return Share(UUID(int=ord(letter)), **(base | values))


def _order(*people: Share, owed: bool = False) -> str:
    return "".join(chr(found.int) for found in turns(people, owed))


def test_turns_go_by_priority_then_weight_then_who_waited_longest() -> None:
    assert _order(_share("a"), _share("b", priority=4)) == "ba"
    assert _order(_share("a", recent=3), _share("b", recent=2)) == "ba"
    assert _order(_share("a", recent=3, weight=300), _share("b", recent=2)) == "ab"
    assert _order(_share("a", last=now()), _share("b", last=now() - timedelta(days=1))) == "ba"


def test_somebody_new_neither_waits_nor_gets_everything() -> None:
    veteran = _share("a", recent=30)
    taken = {"a": 30, "n": 0}
    for _n in range(20):  # one day on, twenty sessions: without calibration all would be the newcomer's
        first = _order(_share("a", recent=taken["a"]), _share("n", recent=taken["n"], missed=30))[0]
        taken[first] += 1
    assert taken["n"] == 10
    assert _order(veteran, _share("n", total=0, recent=2, missed=30, priority=1), owed=True) == "na"


async def test_any_suitable_interviewer_is_chosen_in_turn_and_only_when_free(world: World) -> None:
    noor = await interviewer(world.tenant, slug="noor", weekly={"1": [["10:00", "12:00"]]})
    with world.tenant.scope():
        kind = await InterviewType.get(id=world.kind.id)
        both = (await _kept(kind, noor.interviewer_id))[0]
        only_maya = next(s for s in await _kept(kind, world.interviewer_id) if s.isoweekday() == 3)
        card = await choose_interviewer(kind, only_maya)
        assert card is not None
        assert card.slug == "maya"
        assert await choose_interviewer(kind, only_maya, leaving_out=[world.interviewer_id]) is None
        assert await choose_interviewer(kind, only_maya, candidate_id=world.interviewer_id) is None
        assert await choose_interviewer(kind, both + timedelta(minutes=7)) is None
        seen = []
        for n in range(4):
            start = both + timedelta(days=7 * n)
            card = await choose_interviewer(kind, start)
            assert card is not None
            seen.append(card.slug)
            candidate = await world.tenant.account("candidate", name=f"Person {n}")
            await booking_service.hold(booking_service.Wish(kind, card, candidate, start, "UTC"))
        assert sorted(seen) == ["maya", "maya", "noor", "noor"]
        await Offer.filter(account_id=noor.interviewer_id).update(priority=4)
        card = await choose_interviewer(kind, both + timedelta(days=28))
        assert card is not None
        assert card.slug == "noor"


async def test_new_interviewers_get_their_share(world: World) -> None:
    """A veteran of the highest priority takes all, until the floor is owed to somebody new."""
    noor = await interviewer(world.tenant, slug="noor")
    with world.tenant.scope():
        kind = await InterviewType.get(id=world.kind.id)
        await Offer.filter(account_id=world.interviewer_id).update(priority=4)
        seen = []
        for n in range(30):
            start = (await _kept(kind, noor.interviewer_id))[16 * n]
            card = await choose_interviewer(kind, start)
            assert card is not None
            seen.append(card.slug)
            candidate = await world.tenant.account("candidate", name=f"Person {n}")
            await booking_service.hold(booking_service.Wish(kind, card, candidate, start, "UTC"))
    assert set(seen[:20]) == {"maya"}
    assert 1 <= seen[20:].count("noor") <= 5


async def test_joined_rows_are_the_union_of_everybodys(world: World) -> None:
    noor = await interviewer(world.tenant, slug="noor", zone="Asia/Tokyo", weekly={"3": [["10:00", "12:15"]]})
    ids = [world.interviewer_id, noor.interviewer_id]
    with world.tenant.scope():
        kind = await InterviewType.get(id=world.kind.id)
        at = now()
        end = at + timedelta(days=kind.window_days + 2)
        both = sorted({start for who in ids for start in await _exact(kind, who)})
        wanted = [f"{start:%Y-%m-%dT%H:%MZ}" for start in both]
        for _turn in range(2):  # worked out, then joined as the rows come
            assert (await free.anybody(kind, None, at, end, at=at)).texts() == wanted
        only = await free.anybody(kind, [noor.interviewer_id], at, end, at=at)
        assert only.texts() == [f"{start:%Y-%m-%dT%H:%MZ}" for start in await _exact(kind, noor.interviewer_id)]
        await Offer.filter(account_id=world.interviewer_id).delete()
        assert (await free.anybody(kind, None, at, end, at=at)).texts() == only.texts()
        assert (await free.anybody(kind, [], at, end, at=at)).texts() == []
