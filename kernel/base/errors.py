"""What may go wrong in a way that its cause can understand. Any floor raises these; the web floor draws them."""

from __future__ import annotations

from collections.abc import Mapping


class Problem(Exception):
    """An answer other than success. `title` and `detail` are for people and already translated."""

    status = 500

    def __init__(self, detail: str = "", *, title: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail or title or type(self).__name__)
        self.detail = detail
        self.title = title
        self.headers: dict[str, str] = dict(headers or {})
        self.extra: dict[str, object] = {}


class BadRequest(Problem):
    """The request cannot be read at all."""

    status = 400


class SignInRequired(Problem):
    """Nobody is signed in; a page sends the reader to the sign-in form and back."""

    status = 401


class Forbidden(Problem):
    """Signed in, without the right. `permission` says which one."""

    status = 403

    def __init__(self, detail: str = "", *, permission: str = "", title: str = "") -> None:
        super().__init__(detail, title=title)
        self.permission = permission
        if permission:
            self.extra["permission"] = permission


class NotFound(Problem):
    """No such thing here: missing, another tenant's, or switched off; the answer is the same."""

    status = 404


class Conflict(Problem):
    """The thing moved on since it was read."""

    status = 409


class Gone(Problem):
    """It was here and is over (cancelled, expired, used)."""

    status = 410


class TooLarge(Problem):
    status = 413


class UnsupportedType(Problem):
    status = 415


class Misdirected(Problem):
    """No tenant answers to this host."""

    status = 421


class Invalid(Problem):
    """The input was read and refused. `errors` maps field names to messages for people."""

    status = 422

    def __init__(self, errors: Mapping[str, str], detail: str = "") -> None:
        super().__init__(detail or next(iter(errors.values()), ""))
        self.errors: dict[str, str] = dict(errors)
        self.extra["errors"] = self.errors


class TooMany(Problem):
    status = 429

    def __init__(self, retry_after: int, detail: str = "") -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})
        self.retry_after = retry_after


class Unavailable(Problem):
    """A part that is needed is off or down for now."""

    status = 503

    def __init__(self, detail: str = "", *, retry_after: int = 5) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})
        self.retry_after = retry_after
