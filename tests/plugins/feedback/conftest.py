"""Two people whose session has just ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kernel.testing.people import Site, TenantKit

from .kit import Duo, booked, end_session


@pytest.fixture
async def make_duo(run_jobs: Callable[..., Awaitable[int]]) -> Callable[..., Awaitable[Duo]]:
    """`await make_duo(tenant, candidate=site)`: another finished session, with new people unless given."""

    async def make(
        tenant: TenantKit, *, candidate: Site | None = None, interviewer: Site | None = None, **booking: Any
    ) -> Duo:
        candidate = candidate or await tenant.sign_in("candidate", name="Ada Novak")
        interviewer = interviewer or await tenant.sign_in("interviewer", name="Tomás Ferreira")
        assert candidate.account_id is not None
        booking_id = await booked(tenant, candidate.account_id, interviewer.account_id, **booking)
        await end_session(tenant, booking_id, candidate.account_id, interviewer.account_id)
        await run_jobs(tenant)
        return Duo(tenant, candidate, interviewer, booking_id, run_jobs)

    return make


@pytest.fixture
async def duo(tenant: TenantKit, make_duo: Callable[..., Awaitable[Duo]]) -> Duo:
    return await make_duo(tenant)
