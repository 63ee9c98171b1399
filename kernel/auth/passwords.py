"""Passwords: Argon2id in threads of its own, and the rules a new one must meet."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from ..base import errors
from ..base.i18n import _
from ..base.runtime import runtime

SHORTEST, LONGEST = 10, 200
#: More waiting than this means a flood: refuse at once instead of making everybody wait.
_MOST_WAITING = 64

# Argon2 inline stalls the event loop, and in the shared pool it starves everything else there.
_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
_waiting = 0


@cache
def _hasher(cheapest: bool) -> PasswordHasher:
    if cheapest:
        return PasswordHasher.from_parameters(profiles.CHEAPEST)
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def _current_hasher() -> PasswordHasher:
    return _hasher(runtime().config.mode == "test")


@cache
def _dummy_hash(cheapest: bool) -> str:
    return _hasher(cheapest).hash("nobody has this password")


async def hash_password(password: str) -> str:
    """The Argon2id hash to store."""
    hasher = _current_hasher()
    return await _in_pool(hasher, None, normal_form(password))


async def verify_password(stored: str | None, password: str) -> bool:
    """Whether `password` matches. `None` (no such account, or no password) takes as long and is False."""
    cheapest = runtime().config.mode == "test"
    answer = await _in_pool(_hasher(cheapest), stored or _dummy_hash(cheapest), normal_form(password[:LONGEST]))
    return bool(answer) and stored is not None and len(password) <= LONGEST


def needs_rehash(stored: str) -> bool:
    """Whether `stored` was made with other parameters than today's."""
    return _current_hasher().check_needs_rehash(stored)


async def _in_pool(hasher: PasswordHasher, stored: str | None, password: str) -> str:
    """Hash (`stored` is None) or verify ("yes" or "") in the pool."""
    global _waiting
    if _waiting >= _MOST_WAITING:
        raise errors.Unavailable(_("Too many people are signing in at this moment. Try again shortly."), retry_after=2)
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_pool, _work, hasher, stored, password)
    finally:
        _waiting -= 1


def _work(hasher: PasswordHasher, stored: str | None, password: str) -> str:
    if stored is None:
        return hasher.hash(password)
    try:
        return "yes" if hasher.verify(stored, password) else ""
    except (VerificationError, InvalidHashError):
        return ""


def normal_form(password: str) -> str:
    """The same characters typed on different keyboards are the same password (NIST: NFKC)."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *, email: str = "", name: str = "", tenant: str = "") -> str | None:
    """What is wrong with a new password, for people; None when it may be used."""
    if len(password) < SHORTEST:
        return _("Use at least {count} characters.").format(count=SHORTEST)
    if len(password) > LONGEST:
        return _("Use at most {count} characters.").format(count=LONGEST)
    folded = _fold(password)
    for known in (email.split("@")[0], *name.split(), tenant):
        if len(known) >= 4 and _fold(known) in folded:
            return _("Leave out your name, your e-mail address and the name of this site.")
    if is_common(password):
        return _("This password is easy to guess. Use several words that do not belong together.")
    return None


_LEET = str.maketrans("@4301!$57", "aaeoiisst")
_COMMON = """
    password passwort motdepasse contrasena contrasenya kennwort parola senha passphrase passwordpassword
    administrator superuser welcome willkommen bienvenue letmein letmeinplease changeme changemenow iloveyou ihateyou
    qwerty qwertz azerty qwertyuiop qwertzuiop azertyuiop asdfghjkl asdfghjklzxcvbnm zxcvbnm qazwsxedc qazwsxedcrfv
    onetwothree abcdefghij abcdefghijkl football baseball basketball superman batman spiderman starwars pokemon
    monkey dragon sunshine princess shadow master michael jennifer jordan summer winter spring autumn january february
    september october november december monday friday computer internet samsung iphone google facebook microsoft
    whatever trustno trustnoone secret topsecret mysecret default guest login logmein access hello helloworld
    liverpool arsenal chelsea barcelona juventus manchester charlie freedom cheese chocolate butterfly mustang ferrari
    mercedes porsche corvette harley yankees cowboys steelers rangers qwertyqwerty passpass adminadmin testtest
    testing testuser demodemo temporary temppass newpassword mypassword yourpassword thepassword passwordone
"""
_WORDS = frozenset(_COMMON.split())
_ROWS = """
    qwertyuiop qwertzuiop azertyuiop asdfghjkl zxcvbnm yxcvbnm 1234567890 1q2w3e4r5t6y7u8i9o0p
    abcdefghijklmnopqrstuvwxyz qazwsxedcrfvtgbyhnujmikolp 1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik
"""
_LONG_ROWS = "|".join(row * 2 for row in _ROWS.split())
_LONG_ROWS += "|" + _LONG_ROWS[::-1]


def _fold(text: str) -> str:
    return re.sub(r"[^\w]|_", "", normal_form(text).casefold())


def is_common(password: str) -> bool:
    """Whether it is one of the first things a guesser tries: a word with digits, a keyboard row, a repetition."""
    plain = _fold(password)
    if len(plain) < len(password) / 2:  # signs and pictures: they are the password then
        plain = "".join(normal_form(password).split())
    if len(set(plain)) <= 3 or re.fullmatch(r"(.{1,5}?)\1+.{0,3}", plain):
        return True
    if plain in _LONG_ROWS or re.fullmatch(r"\d{1,12}", plain):
        return True
    for form in (plain, normal_form(password).casefold().translate(_LEET)):
        core = re.sub(r"^[\d\W_]+|[\d\W_]+$", "", form)
        if (
            core in _WORDS
            or re.sub(r"(.+?)\1+", r"\1", core) in _WORDS
            or (len(core) < 4 and len(plain) < 14 and plain.isascii())
        ):
            return True
        if core and len(core) < 16 and _left_after_words(core) <= 1:
            return True
    return False


def _left_after_words(core: str) -> int:
    """How many characters stay when the common words are taken out of `core`."""
    for word in sorted(_WORDS, key=len, reverse=True):
        core = core.replace(word, "")
    return len(re.sub(r"[\d\W_]", "", core))
