"""What is handed out about a person, and what is left of them."""

from __future__ import annotations

from plugins.scheduling import models, privacy
from plugins.scheduling.models import Booking, Schedule

from .conftest import World, day_after, stamp


async def test_export_and_erasure_of_a_candidate(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)), goal="My secret goal")
    assert site.account_id is not None
    with world.tenant.scope():
        data = await privacy.export(site.account_id)
        assert "My secret goal" in str(data)
        assert str(booking_id) in str(data)
        assert "My secret goal" not in str(await privacy.export(world.interviewer_id))
        kept = await privacy.erase(site.account_id)
        assert len(kept) == 1
        row = await Booking.get(id=booking_id)
        assert (row.status, row.intake, row.cancel_reason) == ("cancelled", {}, "")
        assert "My secret goal" not in str(await privacy.export(site.account_id))
        assert await privacy.erase(site.account_id) == kept  # again: the same


async def test_erasing_an_interviewer_frees_their_candidates(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    with world.tenant.scope():
        await privacy.erase(world.interviewer_id)
        assert await Schedule.filter(account_id=world.interviewer_id).count() == 0
        row = await Booking.get(id=booking_id)
    assert (row.status, row.cancelled_by, row.refund_percent) == ("cancelled", "interviewer", 100)


def test_every_model_with_people_is_covered() -> None:
    covered = set(privacy.PRIVACY[0].models)
    about_people = {
        name
        for name, model in vars(models).items()
        if isinstance(model, type) and issubclass(model, models.TenantModel) and model is not models.TenantModel
        and ({"account_id", "candidate_id", "actor_id"} & set(model._meta.fields_map))
    }  # fmt: skip
    assert about_people <= covered
