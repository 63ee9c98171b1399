"""Pieces of other pages."""

from __future__ import annotations

from markupsafe import Markup

from kernel import SIGNED_IN, Widget, templates


async def account_link(_subject: object) -> Markup | None:
    return await templates.piece("compliance/w_account.html")


WIDGETS = [Widget(slot="shell.account", name="privacy", render=account_link, order=80, permission=SIGNED_IN)]
