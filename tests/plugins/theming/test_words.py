"""Terminology and editable texts: whole words, right grammar, no way into the page's markup."""

from __future__ import annotations

import pytest

from kernel import N_, gettext, set_setting, setting, speaking, update_tenant
from kernel.base.errors import Invalid
from kernel.testing.people import TenantKit
from plugins.theming.words.own import MAX_WORDS, parse_lines
from plugins.theming.words.rewriting import made

# --- packs ------------------------------------------------------------

ENGLISH = {
    "Find an interviewer": "Find a coach",
    "An interviewer": "A coach",
    "AN INTERVIEWER": "A COACH",
    "interviewers": "coaches",
    "Interviewers' hours": "Coaches' hours",
    "the interviewer's notes": "the coach's notes",
    "Book an interview with an interviewer": "Book a practice session with a coach",
    "Mock interview": "Practice session",
    "an interview type": "a session type",
    "Candidates and a candidate": "Learners and a learner",
    "interviewing": "coaching",
    "candidature": "candidature",
    "Nothing to see": "Nothing to see",
}
GERMAN = {
    "Interviewer finden": "Trainer finden",
    "die Interviewer": "die Trainer",
    "den Interviewern": "den Trainern",
    "des Interviewers": "des Trainers",
    "eine Interviewerin": "eine Trainerin",
    "Interviewer:innen": "Trainer:innen",
    "dem Kandidaten": "dem Klienten",
    "die Kandidatinnen": "die Klientinnen",
    "Dein Interview": "Dein Training",
    "zwei Interviews": "zwei Trainings",
    "Interviewtypen": "Trainingstypen",
    "Interviewerprofil": "Trainerprofil",
    "Probeinterviews": "Probetrainings",
    "KI-Interviewer": "KI-Trainer",
    "Preisliste": "Preisliste",
}
ARABIC = {
    "محاور": "مدرب",
    "المُحاوِر": "المدرب",
    "والمحاورين": "والمدربين",
    "للمحاورين": "للمدربين",
    "المرشحون": "المتعلمون",
    "للمرشحة": "للمتعلمة",
    "مقابلة": "جلسة",
    "بالمقابلة": "بالجلسة",
    "المقابلات": "الجلسات",
    "مقابلتك": "جلستك",
    "مقابل 50 يورو": "مقابل 50 يورو",
    "محاورة": "محاورة",
}
ALL = [(lo, a, b) for lo, table in (("en", ENGLISH), ("de", GERMAN), ("ar", ARABIC)) for a, b in table.items()]


@pytest.mark.parametrize(("locale", "before", "after"), ALL)
def test_the_coaching_pack_keeps_the_grammar(locale: str, before: str, after: str) -> None:
    assert made("coaching", locale, ())(before) == after


@pytest.mark.parametrize(("locale", "before", "_after"), ALL)
def test_without_a_pack_nothing_changes(locale: str, before: str, _after: str) -> None:
    assert made("none", locale, ())(before) == before


@pytest.mark.parametrize(
    "text",
    ["{interviewer} joined", "%(candidate)s left", "%(interview)s of %(interviewer)s", "100%% {a} {interviewer!r}"],
)
def test_what_is_filled_in_later_is_left_alone(text: str) -> None:
    rewritten = made("coaching", "en", (("joined", "came"), ("left", "went")))(text)
    for hole in ("{interviewer}", "%(candidate)s", "%(interview)s", "%(interviewer)s", "{interviewer!r}", "100%%"):
        assert (hole in rewritten) == (hole in text)


def test_what_one_word_put_in_no_other_word_sees() -> None:
    rewrite = made("none", "en", (("cat", "dog"), ("dog", "cat")))
    assert rewrite("A cat and a dog") == "A dog and a cat"


def test_own_words_win_over_the_pack_and_longer_ones_over_shorter() -> None:
    rewrite = made("coaching", "en", (("interviewer", "expert"), ("mock interview", "drill")))
    assert rewrite("An interviewer, a mock interview, interviewers") == "An expert, a drill, coaches"


def test_regular_expressions_in_own_words_are_plain_text() -> None:
    rewrite = made("none", "en", (("a.c", "X"), ("(b", "Y"), ("c+", "Z")))
    assert rewrite("abc a.c cc") == "abc X cc"


# --- own words: what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    ["coach", "= coach", "coach =", "a = <b>x</b>", "a = x & y", 'a = "x"', "a = {b}", "a = 50%", "a = b = c",
     "a = b\\c", "x" * 61 + " = y", "y = " + "x" * 61],
)  # fmt: skip
async def test_a_line_that_could_break_pages_is_refused_with_its_number(tenant: TenantKit, line: str) -> None:
    admin = await tenant.sign_in("admin")
    answer = await admin.post(
        "/admin/texts/terminology?locale=en", {"pack": "none", "words": f"good = fine\n{line}", "do": "save"}
    )
    assert answer.status == 422
    assert "Line 2:" in answer.text
    with tenant.scope():
        assert setting("theming.words") == {}


def test_too_many_words_are_refused() -> None:
    _words, wrong = parse_lines("\n".join(f"w{i} = x" for i in range(MAX_WORDS + 1)))
    assert wrong == "Use at most 100 words."


@pytest.mark.parametrize(
    "value",
    [{"en": {"a": "<script>"}}, {"en": ["a"]}, {"xx": {"a": "b"}}, {"en": {"a": 1}}, {"en": {"": "b"}}],
)
async def test_the_setting_refuses_the_same_from_any_side(tenant: TenantKit, value: object) -> None:
    with tenant.scope(), pytest.raises(Invalid):
        await set_setting("theming.words", value)


async def test_an_unknown_pack_is_refused(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    answer = await admin.post("/admin/texts/terminology", {"pack": "pirate", "words": "", "do": "save"})
    assert answer.status == 422
    assert "Choose one of the options" in answer.text


# --- own words: what they do -----------------------------------------------------------------------------------------


async def test_words_change_messages_of_this_tenant_and_language_only(
    tenant: TenantKit, other_tenant: TenantKit
) -> None:
    admin = await tenant.sign_in("admin")
    sent = {"pack": "none", "words": "Sign in = Come in\nstart page = lounge", "do": "save"}
    assert (await admin.post("/admin/texts/terminology?locale=en", sent)).status == 303
    page = await tenant.visitor().get("/sign-in", headers={"Accept-Language": "en"})
    assert "Come in" in page.text
    assert "Sign in" not in page.text
    assert "Sign in" in (await other_tenant.visitor().get("/sign-in", headers={"Accept-Language": "en"})).text
    assert "Come in" not in (await tenant.visitor().get("/sign-in", headers={"Accept-Language": "ar"})).text
    shown = await admin.get("/admin/texts/terminology?locale=en")
    assert "start page = lounge" in shown.text


async def test_the_pack_reaches_every_message_of_the_product(tenant: TenantKit) -> None:
    with tenant.scope():
        await set_setting("theming.terminology", "coaching")
        assert gettext(N_("Find an interviewer")) == "Find a coach"
        with speaking("de", "UTC"):
            assert gettext("Interviewer finden") == "Trainer finden"


async def test_a_preview_of_words_saves_nothing(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    sent = {"pack": "coaching", "words": "coach = mentor", "do": "preview"}
    answer = await admin.post("/admin/texts/terminology?locale=en", sent)
    assert answer.status == 200
    assert "Find a coach" in answer.text
    with tenant.scope():
        assert setting("theming.terminology") == "none"


# --- error pages ------------------------------------------------------------


async def test_own_words_of_an_error_page_show_in_their_language_only(
    tenant: TenantKit, other_tenant: TenantKit
) -> None:
    admin = await tenant.sign_in("admin")
    sent = {"title": "Lost & found", "body": "Go **home** <script>alert(1)</script>", "do": "save"}
    assert (await admin.post("/admin/texts/pages/404?locale=en", sent)).status == 303
    page = await tenant.visitor().get("/nowhere", headers={"Accept-Language": "en"})
    assert page.status == 404
    assert "Lost &amp; found" in page.text
    assert "<strong>home</strong>" in page.text
    assert "<script>alert" not in page.text
    german = await tenant.visitor().get("/nowhere", headers={"Accept-Language": "de"})
    assert german.status == 404
    assert "Lost" not in german.text
    assert "Lost" not in (await other_tenant.visitor().get("/nowhere")).text
    problem = await tenant.visitor().get("/api/v1/nowhere")
    assert problem.headers["Content-Type"].startswith("application/problem+json")
    assert (await admin.post("/admin/texts/pages/404/reset?locale=en")).status == 303
    assert "Lost" not in (await tenant.visitor().get("/nowhere")).text


async def test_a_forbidden_page_says_the_tenants_words(tenant: TenantKit) -> None:
    admin, member = await tenant.sign_in("admin"), await tenant.sign_in()
    await admin.post("/admin/texts/pages/403?locale=en", {"title": "Members only", "body": "Ask Grace.", "do": "save"})
    page = await member.get("/admin/branding")
    assert page.status == 403
    assert "Members only" in page.text
    assert "Ask Grace." in page.text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"title": ""}, "Enter a title."),
        ({"body": " "}, "Enter a text."),
        ({"title": "x" * 121}, "Use at most 120 characters."),
        ({"body": "x" * 2001}, "Use at most 2000 characters."),
    ],
)
async def test_a_page_without_words_is_refused(tenant: TenantKit, changed: dict[str, str], words: str) -> None:
    admin = await tenant.sign_in("admin")
    answer = await admin.post("/admin/texts/pages/500?locale=en", {"title": "A", "body": "B", "do": "save"} | changed)
    assert answer.status == 422
    assert words in answer.text
    with tenant.scope():
        assert setting("theming.error_500") == {}


async def test_unknown_pages_are_not_there(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    assert (await admin.get("/admin/texts/pages/418")).status == 404
    assert (await admin.post("/admin/texts/pages/418", {"title": "A", "body": "B"})).status == 404


async def test_previews_are_drawn_and_not_saved(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    drawn = await admin.post("/admin/texts/preview", {"text": "**bold** <img src=x>"})
    assert "<strong>bold</strong>" in drawn.text
    assert "<img" not in drawn.text
    page = await admin.post("/admin/texts/pages/410?locale=en", {"title": "T", "body": "*x*", "preview": "1"})
    assert page.status == 200
    assert "<em>x</em>" in page.text
    with tenant.scope():
        assert setting("theming.error_410") == {}


# --- languages ------------------------------------------------------------


async def test_a_tenant_chooses_its_languages(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    assert (await admin.post("/admin/texts/languages", {"default": "de", "offered": ["de", "en"]})).status == 303
    page = await tenant.visitor().get("/", headers={"Accept-Language": "ar"})
    assert '<html lang="de"' in page.text
    assert "العربية" not in page.text
    with tenant.scope():
        await update_tenant(locale="en", locales=["en"])


@pytest.mark.parametrize(
    "sent", [{"default": "fr"}, {"default": "", "offered": ["en"]}, {"default": "en", "offered": ["en", "xx"]}]
)
async def test_unknown_languages_are_refused(tenant: TenantKit, sent: dict[str, object]) -> None:
    admin = await tenant.sign_in("admin")
    answer = await admin.post("/admin/texts/languages", sent)
    assert answer.status == 422
    assert '<html lang="en"' in (await tenant.visitor().get("/")).text
