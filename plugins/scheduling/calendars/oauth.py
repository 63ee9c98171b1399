"""Signing in at a provider: OAuth 2 authorisation code with PKCE (RFC 6749, 7636), and renewing what it gave."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from kernel import N_, _, now, setting

from ..api import CalendarFailed, CalendarRefused
from .reading import as_json, ask

#: A token is renewed when it lasts less than this.
_EARLY = timedelta(minutes=2)
REFUSED = N_("The calendar does not let us in any more. Connect it again.")


def challenge() -> tuple[str, str]:
    """A fresh verifier and what is sent ahead of it."""
    verifier = secrets.token_urlsafe(48)
    return verifier, base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Client:
    """Our standing with a provider; id and secret are the tenant's settings."""

    authorize: str
    token: str
    scope: str
    id_setting: str
    secret_setting: str
    extra: tuple[tuple[str, str], ...] = ()

    def ready(self) -> bool:
        return bool(setting(self.id_setting) and setting(self.secret_setting))

    def url(self, back: str, state: str, code_challenge: str) -> str:
        return f"{self.authorize}?" + urlencode(
            {
                "client_id": setting(self.id_setting), "redirect_uri": back, "response_type": "code",
                "scope": self.scope, "state": state, "code_challenge": code_challenge,
                "code_challenge_method": "S256", **dict(self.extra),
            }
        )  # fmt: skip

    async def redeem(self, back: str, code: str, verifier: str) -> Mapping[str, str]:
        found = await self._token(
            {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        )
        if "refresh_token" not in found:
            raise CalendarRefused(_("The provider gave no lasting access. Connect it again and allow it."))
        return found

    async def fresh(self, access: Mapping[str, str]) -> Mapping[str, str]:
        """Access with a token that still lasts a while; the same object when it does already."""
        if float(access.get("until", "0")) > (now() + _EARLY).timestamp():
            return access
        found = await self._token({"grant_type": "refresh_token", "refresh_token": access["refresh_token"]})
        return {**access, **found}

    async def _token(self, values: Mapping[str, str]) -> dict[str, str]:
        sent = {**values, "client_id": setting(self.id_setting), "client_secret": setting(self.secret_setting)}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        answer = await ask("POST", self.token, headers=headers, body=urlencode(sent).encode(), redirects=0)
        found = as_json(answer)
        if answer.status == 400 and found.get("error") == "invalid_grant":
            raise CalendarRefused(_(REFUSED))
        if answer.status != 200 or not isinstance(found.get("access_token"), str):
            raise CalendarFailed(_("The calendar's server answered with an error ({code}).").format(code=answer.status))
        until = now() + timedelta(seconds=int(found.get("expires_in", 3600)))
        made = {"access_token": found["access_token"], "until": str(until.timestamp())}
        if isinstance(found.get("refresh_token"), str):
            made["refresh_token"] = found["refresh_token"]
        return made


def bearer(access: Mapping[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {access['access_token']}", "Accept": "application/json"}
