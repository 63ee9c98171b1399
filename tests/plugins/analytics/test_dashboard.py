"""The dashboard and what hangs on it: rights, figures, CSV, API, the start page, being off."""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from kernel import Happened, accounts, now, set_setting, to_data
from kernel.base.ids import new_id
from kernel.base.runtime import runtime
from kernel.testing.people import Site, TenantKit
from plugins.analytics import csvs, services
from plugins.analytics.commands import COMMANDS

from .conftest import MakeTenant, cancelled, completed, confirmed, happen, paid, refunded, reviewed, rollup, signed_up

RunJobs = Callable[..., Awaitable[int]]
ROOT = Path(__file__).resolve().parents[3]
PATHS = ("/analytics", "/analytics/days", "/analytics/daily.csv", "/api/v1/analytics/summary", "/api/v1/analytics/days")


async def fill(kit: TenantKit, run_jobs: RunJobs) -> None:
    """30 days with 180 EUR less 30 EUR after 30 days with 100 EUR; six reviews by two people's interviewers."""
    recent, earlier = now() - timedelta(days=3), now() - timedelta(days=40)
    maya = await kit.account("interviewer", name="Maya Lindqvist")
    noah = await kit.account("interviewer", name="Noah Petit")
    await happen(
        kit, recent, paid(9000, "EUR", maya), paid(9000, "EUR", maya), refunded(3000, "EUR", maya), confirmed(recent),
        confirmed(recent, "ai"), completed(recent, interviewer=maya), completed(recent, interviewer=maya),
        completed(recent, kind="ai"), cancelled(recent), signed_up(), signed_up(),
        *(reviewed(rating, maya) for rating in (5, 4, 4.5)), reviewed(1, noah),
        completed(recent, interviewer=noah),
    )  # fmt: skip
    await happen(kit, earlier, paid(10000), signed_up(), completed(earlier, interviewer=noah))
    await run_jobs(kit)


@pytest.mark.parametrize("path", PATHS)
async def test_only_those_with_the_right_see_figures(kit: TenantKit, path: str) -> None:
    assert (await kit.visitor().get(path)).status in (303, 401)
    assert (await (await kit.sign_in("candidate", "interviewer")).get(path)).status == 403
    assert (await (await kit.sign_in("admin")).get(path)).status == 200


async def test_before_anything_happened_the_page_says_what_will_be_here(kit: TenantKit) -> None:
    page = await (await kit.sign_in("admin")).get("/analytics")
    assert page.status == 200
    assert "No figures yet" in page.text
    assert '<svg class="chart' not in page.text


async def test_tiles_compare_with_the_period_before(kit: TenantKit, run_jobs: RunJobs) -> None:
    await fill(kit, run_jobs)
    text = (await (await kit.sign_in("admin")).get("/analytics")).text
    assert re.search(r"Revenue</dt><dd class=\"stat-value\">€150</dd>.*?Improved by </span>\+50%", text, re.S)
    assert re.search(r"Sessions held</dt><dd class=\"stat-value\">4</dd>", text)
    assert re.search(r"Sign-ups</dt><dd class=\"stat-value\">2</dd>.*?\+100%", text, re.S)
    assert re.search(
        r"Cancelled or missed</dt><dd class=\"stat-value\">20%</dd>.*?Worsened by </span>\+20 pt", text, re.S
    )
    assert "days in Berlin, amounts in EUR" in text


async def test_charts_say_what_they_show_and_give_their_data(kit: TenantKit, run_jobs: RunJobs) -> None:
    await fill(kit, run_jobs)
    text = (await (await kit.sign_in("admin")).get("/analytics")).text
    assert text.count('role="img"') == 4  # two charts, each wide and narrow
    assert re.search(
        r"<desc id=\"revenue-d\">€150 in all, 50% more than before; the strongest day was .+ with €150\.", text
    )
    assert re.search(r"<desc id=\"sessions-d\">.+</desc>", text)
    assert text.count("Show data as table") == 2
    assert "How is this computed?" in text
    assert "payments received − refunds" in text


async def test_interviewers_are_ranked_and_small_groups_hidden(kit: TenantKit, run_jobs: RunJobs) -> None:
    await fill(kit, run_jobs)
    site = await kit.sign_in("admin")
    text = (await site.get("/analytics")).text
    assert text.index("Maya Lindqvist") < text.index("Noah Petit")
    assert '4.50 <span class="muted">(3)' in text
    assert "1.00" not in text  # a single review would tell who wrote what
    with kit.scope():
        await set_setting("analytics.smallest_group", 1)
    assert '1.00 <span class="muted">(1)' in (await site.get("/analytics")).text


async def test_an_erased_interviewer_has_no_name(kit: TenantKit, run_jobs: RunJobs) -> None:
    await fill(kit, run_jobs)
    with kit.scope():
        maya = (await accounts.search_accounts("Maya"))[0]
        await accounts.erase(maya.id)
        found = runtime().registry.privacy_providers["analytics"][0]
        assert found.export is not None
        assert found.erase is not None
        assert (await found.export(maya.id))["daily_counts"] != []
        assert await found.erase(maya.id) != []
    text = (await (await kit.sign_in("admin")).get("/analytics")).text
    assert "Maya" not in text
    assert "Former interviewer" in text


@pytest.mark.parametrize(
    "query", ["?days=7", "?days=90", "?days=0", "?days=x", "?currency=XXX", "?sort=evil", "?page=9e9"]
)
async def test_odd_queries_are_answered(kit: TenantKit, run_jobs: RunJobs, query: str) -> None:
    await fill(kit, run_jobs)
    site = await kit.sign_in("admin")
    for path in PATHS:  # a page shows the usual days instead; a program is told that it was wrong
        expected = 422 if path.startswith("/api/") and query in ("?days=0", "?days=x") else 200
        assert (await site.get(path + query)).status == expected, path


async def test_currencies_are_never_added_up(kit: TenantKit, run_jobs: RunJobs) -> None:
    await happen(kit, now(), paid(5000, "EUR"), paid(900, "JPY"))
    await run_jobs(kit)
    site = await kit.sign_in("admin")
    assert "€50</dd>" in (await site.get("/analytics")).text
    yen = (await site.get("/analytics?currency=JPY")).text
    assert "JP¥900</dd>" in yen or "¥900</dd>" in yen
    assert "amounts in JPY" in yen


async def test_the_csv_opens_safely_and_agrees_with_the_page(kit: TenantKit, run_jobs: RunJobs) -> None:
    await fill(kit, run_jobs)
    answer = await (await kit.sign_in("admin")).get("/analytics/daily.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert len(rows) == 30
    assert {row["zone"] for row in rows} == {"Europe/Berlin"}
    assert sum(float(row["revenue"]) for row in rows) == 150
    assert sum(int(row["sessions_with_a_person"]) for row in rows) == 3
    busy = next(row for row in rows if row["reviews"] == "4")
    assert busy["average_rating"] == "3.62"
    assert busy["payments"] == "180.00"


def test_cells_that_would_be_formulas_are_defused() -> None:
    text = csvs.table(["a"], [["=1+1"], ["@cmd"], ["-5.20"], [-3], [" +x"], ["\t=x"], [None], ["ok"]]).decode(
        "utf-8-sig"
    )
    assert text.splitlines() == ["a", "'=1+1", "'@cmd", "-5.20", "-3", "' +x", "'\t=x", '""', "ok"]


async def test_the_api_gives_the_same_figures(kit: TenantKit, run_jobs: RunJobs) -> None:
    await fill(kit, run_jobs)
    site = await kit.sign_in("admin")
    found = (await site.get("/api/v1/analytics/summary")).json()
    figures = {f["key"]: (f["value"], f["before"]) for f in found["figures"]}
    assert figures["revenue"] == (15000, 10000)
    assert figures["sessions"] == (4, 1)
    assert figures["lost"] == (0.2, 0)
    assert (found["zone"], found["currency"]) == ("Europe/Berlin", "EUR")
    days = (await site.get("/api/v1/analytics/days?days=7")).json()["days"]
    assert len(days) == 7
    assert sum(day["paid"] for day in days) == 18000


async def test_the_button_has_everything_counted_anew(kit: TenantKit, run_jobs: RunJobs) -> None:
    await fill(kit, run_jobs)
    right = await rollup(kit)
    with kit.scope():
        await services.count(_stray())
    site = await kit.sign_in("admin")
    assert (await site.post("/analytics/rebuild")).location == "/analytics"
    assert (await site.post("/api/v1/analytics/rebuild", json={})).status == 202
    assert await run_jobs(kit) == 1  # asked twice, done once
    assert await rollup(kit) == right
    assert "Last counted anew" in (await site.get("/analytics")).text
    assert (await (await kit.sign_in("candidate")).post("/analytics/rebuild")).status == 403
    assert (await site.get("/analytics/rebuild")).status in (404, 405)


def _stray() -> Happened:
    return Happened(id=new_id(), name="users.signed_up.v1", occurred_at=now(), actor_id=None, data=to_data(signed_up()))


def test_there_is_a_command_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    rebuild = next(command for command in COMMANDS if command.name == "rebuild")
    with pytest.raises(SystemExit):
        rebuild.run([])
    assert "--tenant" in capsys.readouterr().err


def test_the_command_says_in_a_sentence_why_it_cannot(tmp_path: Path) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith("GREENROOM_")} | {"PYTHONPATH": str(ROOT)}
    env |= {"GREENROOM_MANIFEST": str(ROOT / "plugin_manifest.toml"), "GREENROOM_DATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "kernel", "analytics", "rebuild", "--tenant", "acme"],
        capture_output=True, text=True, timeout=60, cwd=tmp_path, env=env,
    )  # fmt: skip
    assert done.returncode == 1
    assert "GREENROOM_SECRET" in done.stderr
    assert "Traceback" not in done.stderr


async def test_the_start_page_of_admins_has_three_figures(kit: TenantKit, run_jobs: RunJobs) -> None:
    admin = await kit.sign_in("admin")
    assert 'data-widget="analytics.figures"' not in (await admin.get("/home")).text
    await fill(kit, run_jobs)
    home = (await admin.get("/home")).text
    assert home.count('class="cardlink" href="/analytics"') == 3
    theirs = (await (await kit.sign_in("candidate")).get("/home")).text
    assert '/analytics"' not in theirs
    assert "analytics.figures" not in theirs


async def test_figures_of_plugins_that_are_off_are_left_out(make_tenant: MakeTenant, run_jobs: RunJobs) -> None:
    plugins = {"feedback": False, "live": False, "payments": False, "notifications": False, "compliance": False}
    kit = await make_tenant(plugins=plugins)
    await happen(kit, now(), signed_up())
    await run_jobs(kit)
    text = (await (await kit.sign_in("admin")).get("/analytics")).text
    assert ">Sign-ups</dt>" in text
    assert ">Bookings</dt>" in text
    assert ">Revenue</dt>" not in text
    assert ">Average rating</dt>" not in text


async def test_off_means_not_there(make_tenant: MakeTenant) -> None:
    kit = await make_tenant(plugins={"analytics": False})
    site: Site = await kit.sign_in("owner")
    for path in PATHS:
        assert (await site.get(path)).status == 404
    assert "/analytics" not in (await site.get("/home")).text


@pytest.mark.parametrize(("locale", "words"), [("de", "Umsatz"), ("ar", "الإيرادات")])
async def test_other_languages(make_tenant: MakeTenant, run_jobs: RunJobs, locale: str, words: str) -> None:
    off = dict.fromkeys(("feedback", "live", "scheduling", "notifications", "compliance"), False)
    kit = await make_tenant(locale=locale, plugins=off)
    await happen(kit, now(), paid(9900))
    site = await kit.sign_in("admin")
    with kit.scope():
        await services.rebuild()
    page = await site.get("/analytics")
    assert page.status == 200
    assert words in page.text
