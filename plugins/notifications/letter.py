"""How an e-mail looks: one column of tables with inline styles, which every mail program understands.

E-mails are not pages: no style sheets, no scripts, no classes; colours are fixed, since mail programs recolour.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from kernel import Brand, absolute_url, current_locale, current_snapshot, get_logger, is_rtl
from kernel import gettext as _

from .texts import Words

log = get_logger(__name__)

_FONT: Final = "-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Noto Sans',sans-serif"
_TEXT, _QUIET, _LINE, _GROUND = "#17181c", "#5b5d66", "#e4e5e9", "#f4f5f7"
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")

#: Styles for what our markdown can produce.
_BODY: Final = {
    "p": "margin:0 0 16px;",
    "ul": "margin:0 0 16px;padding-inline-start:22px;",
    "ol": "margin:0 0 16px;padding-inline-start:22px;",
    "li": "margin:0 0 6px;",
    "h2": "margin:24px 0 8px;font-size:18px;line-height:1.35;",
    "h3": "margin:20px 0 8px;font-size:16px;line-height:1.4;",
    "h4": "margin:16px 0 8px;font-size:15px;line-height:1.4;",
    "blockquote": f"margin:0 0 16px;padding-inline-start:14px;border-inline-start:3px solid {_LINE};color:{_QUIET};",
    "pre": f"margin:0 0 16px;padding:12px;background:{_GROUND};border-radius:6px;font-size:13px;white-space:pre-wrap;",
    "hr": f"border:0;border-top:1px solid {_LINE};margin:20px 0;",
    "table": "border-collapse:collapse;margin:0 0 16px;",
    "td": f"border-bottom:1px solid {_LINE};padding:6px 10px 6px 0;",
    "th": f"border-bottom:1px solid {_LINE};padding:6px 10px 6px 0;text-align:start;",
}


@dataclass(frozen=True, slots=True)
class Footer:
    """Why somebody gets a mail, and where to change that."""

    why: str
    preferences_url: str = ""
    unsubscribe_url: str = ""


def brand() -> Brand:
    """The look of the tenant in scope; a plain one when nobody gives it, or when that fails."""
    snapshot = current_snapshot()
    for pid, branding in snapshot.shape.branding[:1]:
        try:
            return branding.brand()
        except Exception:
            log.exception("the brand of %s could not be read", pid)
    return Brand(name=snapshot.tenant.name)


def address_of(path: str) -> str:
    """An address that works outside of our pages."""
    return absolute_url(path) if path.startswith("/") else path


def why(label: str, *, critical: bool, known: bool) -> str:
    """The line "why did I get this", for the language in scope. `known`: the recipient has an account."""
    site = brand().name
    if not known:
        return _("You get this because somebody entered your address at {site}.").format(site=site)
    if critical:
        return _(
            "You get this because “{type}” concerns you at {site}. It is among the few messages that cannot be turned"
            " off."
        ).format(site=site, type=_(label))
    return _("You get this because “{type}” is turned on in your preferences at {site}.").format(
        site=site, type=_(label)
    )


def text_part(words: Words, action_url: str, footer: Footer) -> str:
    """The plain part: everything that the HTML part says."""
    parts = [words.text]
    if action_url:
        label = f"{words.action_label}:\n" if words.action_label else ""
        parts.append(label + address_of(action_url))
    foot = ["-- ", brand().name, footer.why]
    if footer.preferences_url:
        foot.append(_("Preferences: {url}").format(url=footer.preferences_url))
    if footer.unsubscribe_url:
        foot.append(_("Unsubscribe: {url}").format(url=footer.unsubscribe_url))
    return "\n\n".join(parts) + "\n\n" + "\n".join(foot) + "\n"


def html_part(words: Words, action_url: str, footer: Footer) -> str:
    """The whole HTML document of a mail."""
    look = brand()
    locale = current_locale()
    color = look.theme_color if _COLOR.fullmatch(look.theme_color) else "#4f46e5"
    names = {
        "lang": locale, "dir": "rtl" if is_rtl(locale) else "ltr", "font": _FONT, "text": _TEXT, "quiet": _QUIET,
        "line": _LINE, "ground": _GROUND, "color": color, "on": _readable_on(color), "brand": look.name,
        "initial": look.name[:1].upper(), "home": absolute_url("/"), "subject": words.subject,
        "preview": words.text.replace("\n", " ")[:140], "body": _styled(words.body), "button": Markup(),
        "foot": _foot(footer),
    }  # fmt: skip
    if action_url:
        label = words.action_label or _("Open")
        names["button"] = _BUTTON.format(**names, href=address_of(action_url), label=label)
    return _PAGE.format(**names)


def _foot(footer: Footer) -> Markup:
    links = [(footer.preferences_url, _("Notification preferences")), (footer.unsubscribe_url, _("Unsubscribe"))]
    drawn = [
        Markup('<a href="{}" style="color:{};text-decoration:underline;">{}</a>').format(href, _QUIET, label)
        for href, label in links
        if href
    ]
    line = Markup('<p style="margin:0 0 6px;">{}</p>').format(footer.why)
    return line + Markup(" · ").join(drawn)


def _styled(body: Markup) -> Markup:
    """Our markdown's HTML with a style on each of its elements."""

    def with_style(match: re.Match[str]) -> str:
        style = _BODY.get(match[1])
        return f'<{match[1]} style="{style}"{match[2]}>' if style else match[0]

    return Markup(re.sub(r"<([a-z0-9]+)((?: [^<>]*)?)>", with_style, str(body)))  # noqa: S704 - was sanitised; styles are ours


def _readable_on(color: str) -> str:
    """White or near-black, whichever is read better on a colour."""

    def linear(part: str) -> float:
        c = int(part, 16) / 255
        return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4

    light = 0.2126 * linear(color[1:3]) + 0.7152 * linear(color[3:5]) + 0.0722 * linear(color[5:7])
    return "#ffffff" if 1.05 / (light + 0.05) >= (light + 0.05) / 0.0558 else "#101114"


_BUTTON = Markup(
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:8px 0 12px;"><tr>'
    '<td bgcolor="{color}" style="background:{color};border-radius:8px;">'
    '<a href="{href}" style="display:inline-block;padding:12px 22px;font:600 15px/1.2 {font};color:{on};'
    'text-decoration:none;border-radius:8px;">{label}</a></td></tr></table>'
    '<p style="margin:0 0 4px;font-size:13px;line-height:1.5;color:{quiet};word-break:break-all;">'
    '<a href="{href}" style="color:{quiet};">{href}</a></p>'
)

_PAGE = Markup(
    "<!doctype html>\n"
    '<html lang="{lang}" dir="{dir}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light"><meta name="supported-color-schemes" content="light">'
    "<title>{subject}</title></head>\n"
    '<body style="margin:0;padding:0;background:{ground};" dir="{dir}">'
    '<div style="display:none;max-height:0;overflow:hidden;opacity:0;">{preview}</div>\n'
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" dir="{dir}" '
    'style="background:{ground};"><tr><td align="center" style="padding:24px 12px;">\n'
    '<table role="presentation" width="560" cellpadding="0" cellspacing="0" border="0" '
    'style="width:100%;max-width:560px;">\n'
    '<tr><td style="padding:0 4px 14px;font:600 15px/1.4 {font};color:{text};">'
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>'
    '<td width="30" height="30" align="center" bgcolor="{color}" '
    'style="width:30px;height:30px;background:{color};border-radius:8px;font:700 15px/30px {font};'
    'color:{on};">{initial}</td>'
    '<td style="padding:0 10px;font:600 15px/1.4 {font};">'
    '<a href="{home}" style="color:{text};text-decoration:none;">{brand}</a></td></tr></table></td></tr>\n'
    '<tr><td bgcolor="#ffffff" style="background:#ffffff;border:1px solid {line};border-top:3px solid {color};'
    'border-radius:10px;padding:28px 28px 20px;font:400 15px/1.6 {font};color:{text};">'
    '<h1 style="margin:0 0 14px;font:650 21px/1.3 {font};color:{text};">{subject}</h1>\n'
    "{body}\n{button}</td></tr>\n"
    '<tr><td style="padding:16px 4px 0;font:400 12px/1.6 {font};color:{quiet};">{foot}</td></tr>\n'
    "</table></td></tr></table></body></html>\n"
)
