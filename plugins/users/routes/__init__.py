"""HTML handlers: read the form, call the service, draw the page."""

from __future__ import annotations

from kernel import Actor, current_actor, errors


def me() -> Actor:
    """Who is signed in; the routes that ask are for signed-in people only."""
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return actor
