"""What the command palette finds here: interviewers, and one's own sessions."""

from __future__ import annotations

from kernel import SIGNED_IN, SearchHit, SearchSource, current_actor, format_datetime, services, url
from plugins.users.api import Interviewers

from . import queries


async def find(words: str) -> list[SearchHit]:
    actor = current_actor()
    people = services.get(Interviewers)
    if actor is None or not words.strip():
        return []
    hits = []
    for card in (await people.listed(words))[:5] if people is not None else []:
        hits.append(
            SearchHit(label=card.name, hint=card.headline, url=url("scheduling.profile", slug=card.slug), icon="user")
        )
    wanted = words.casefold()
    for info in await queries.BOOKINGS.upcoming(actor.id, 30):
        partner = info.interviewer_name if info.candidate_id == actor.id else info.candidate_name
        if wanted in f"{info.type_title} {partner}".casefold():
            when = format_datetime(info.starts_at, "short")
            hits.append(SearchHit(label=info.type_title, hint=when, url=info.path, icon="calendar"))
    return hits[:10]


SEARCH = [SearchSource(name="scheduling.sessions", find=find, permission=SIGNED_IN)]
