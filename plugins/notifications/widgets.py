"""The bell in the top bar."""

from __future__ import annotations

from markupsafe import Markup

from kernel import SIGNED_IN, Widget, current_actor, templates, url

from . import queries
from .routes.inbox import count, label
