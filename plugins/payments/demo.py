"""Payments for the bookings of a demo tenant, with books that balance."""

from __future__ import annotations


async def seed(slug: str) -> None:
    """Filled in below."""
