"""What a tenant can set about its look and words. Each is edited on a page of this plugin, not on the general one."""

from __future__ import annotations

from typing import Any

from kernel import LOCALES, N_, Setting
from kernel import gettext as _

from . import palette
from .words.own import problem_with

NAME = "theming.brand_name"
TAGLINE = "theming.tagline"
COLOUR = "theming.brand_color"
RADIUS = "theming.radius"
FONT = "theming.font"
LOGO = "theming.logo"
PACK = "theming.terminology"
OWN_WORDS = "theming.words"
#: Everything that the branding page resets.
LOOK = (NAME, TAGLINE, COLOUR, RADIUS, FONT, LOGO)

DEFAULT_COLOUR = "#4f46e5"
FONTS = (
    ("inter", N_("Inter (clear, neutral)")),
    ("system", N_("The device's own font")),
    ("serif", N_("Serif (classic)")),
    ("rounded", N_("Rounded (friendly)")),
)
PACKS = (
    ("none", N_("The usual words")),
    ("coaching", N_("Coaching")),
)
#: Pages with editable words, and the status that each stands for; "maintenance" is this plugin's own page.
ERROR_PAGES = ("404", "403", "410", "500", "maintenance")
MAX_TITLE = 120
MAX_BODY = 2000

_BRANDING, _WORDING, _PAGES = "theming.branding", "theming.terminology", "theming.texts"


def error_key(page: str) -> str:
    """The setting that holds the words of one page: `{locale: {"title": …, "body": …}}`."""
    return f"theming.error_{page}"


def _colour(value: Any) -> str | None:
    if not palette.is_colour(value):
        return _("Choose a colour such as #4f46e5.")
    if palette.audit(value):
        return _("With this colour some texts could not be read. Choose another one.")
    return None


def _words(value: Any) -> str | None:
    for locale, terms in value.items():
        if locale not in LOCALES or not isinstance(terms, dict):
            return _("Choose one of the languages.")
        for word, own in terms.items():
            if wrong := problem_with(word, own):
                return wrong
    return None


def _page(value: Any) -> str | None:
    for locale, words in value.items():
        known = locale in LOCALES and isinstance(words, dict) and words.keys() == {"title", "body"}
        if not known or not all(isinstance(text, str) for text in words.values()):
            return _("Give a title and a text for each language.")
        if len(words["title"]) > MAX_TITLE or len(words["body"]) > MAX_BODY:
            return _("This is too long.")
    return None


SETTINGS = [
    Setting(key=NAME, type=str, default="", maximum=60, label=N_("Name of the site"), page=_BRANDING),
    Setting(key=TAGLINE, type=str, default="", maximum=160, label=N_("Tagline"), page=_BRANDING),
    Setting(key=COLOUR, type=str, default=DEFAULT_COLOUR, label=N_("Brand colour"), check=_colour, page=_BRANDING),
    Setting(
        key=RADIUS, type=int, default=8, minimum=0, maximum=palette.MAX_RADIUS, label=N_("Roundness of corners"),
        page=_BRANDING,
    ),
    Setting(key=FONT, type=str, default="inter", choices=FONTS, label=N_("Font"), page=_BRANDING),
    Setting(key=LOGO, type=str, default="", maximum=36, label=N_("Logo"), page=_BRANDING),
    Setting(key=PACK, type=str, default="none", choices=PACKS, label=N_("Terminology"), page=_WORDING),
    Setting(key=OWN_WORDS, type=dict, default={}, label=N_("Own words"), check=_words, page=_WORDING),
    *(
        Setting(
            key=error_key(page), type=dict, default={}, label=N_("Words of an error page"), check=_page, page=_PAGES
        )
        for page in ERROR_PAGES
    ),
]  # fmt: skip
