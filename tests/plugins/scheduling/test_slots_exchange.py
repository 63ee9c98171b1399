"""The exchange format: the document's own example, its errors one by one, and the command."""

from __future__ import annotations

import copy
import io
import json
import re
from typing import Any

import pytest

from plugins.scheduling import exchange

QUERY: dict[str, Any] = {
    "from": "2026-10-23T00:00Z",
    "to": "2026-10-27T00:00Z",
    "now": "2026-10-20T08:00Z",
    "duration": 60,
    "step": 30,
    "interviewers": [
        {
            "id": "a",
            "zone": "Europe/Berlin",
            "rules": [{"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "12:00"}],
            "overrides": [
                {"date": "2026-10-23", "ranges": []},
                {"date": "2026-10-26", "ranges": [["11:00", "15:00"]]},
            ],
            "time_off": [["2026-10-24T00:00Z", "2026-10-25T00:00Z"]],
            "travel": [{"from": "2026-11-01", "to": "2026-11-05", "zone": "Asia/Tokyo"}],
            "busy": [["2026-10-26T10:00Z", "2026-10-26T11:00Z"]],
            "buffer_before": 0,
            "buffer_after": 0,
            "minimum_notice": 0,
            "limits": {"per_day": None, "per_week": None},
        }
    ],
}


def changed(path: str, value: object) -> str:
    """The query as JSON with the field at `path` set; `...` takes it out."""
    query = copy.deepcopy(QUERY)
    keys: list[Any] = [int(key) if key.isdigit() else key for key in re.findall(r"\w+", path)]
    place: Any = query
    for key in keys[:-1]:
        place = place[key]
    if value is ...:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    return json.dumps(query)


def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    status = exchange.run([])
    written = capsys.readouterr()
    return status, written.out, written.err


def test_the_documents_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """23rd closed, weekend, and on the 26th (an hour after the clocks went back) 11-15 less the busy hour."""
    status, out, err = ask(monkeypatch, capsys, json.dumps(QUERY))
    assert (status, err) == (0, "")
    starts = ["11:00", "11:30", "12:00", "12:30", "13:00"]
    assert json.loads(out) == {"slots": [{"start": f"2026-10-26T{start}Z", "interviewers": ["a"]} for start in starts]}


def test_many_interviewers_are_sorted_by_start_and_id() -> None:
    query = copy.deepcopy(QUERY)
    second = copy.deepcopy(QUERY["interviewers"][0]) | {"id": "B", "overrides": [], "zone": "Europe/London"}
    query["interviewers"] = [*QUERY["interviewers"], second]
    slots = exchange.answer(exchange.parse(json.dumps(query)))["slots"]
    assert [slot["start"] for slot in slots] == sorted(slot["start"] for slot in slots)
    assert slots[0] == {"start": "2026-10-23T08:00Z", "interviewers": ["B"]}
    assert {"start": "2026-10-26T11:00Z", "interviewers": ["B", "a"]} in slots


def test_what_may_be_left_out() -> None:
    query = copy.deepcopy(QUERY)
    person = query["interviewers"][0]
    query["interviewers"] = [{key: person[key] for key in ("id", "zone", "rules")}]
    slots = exchange.answer(exchange.parse(json.dumps(query)))["slots"]
    assert slots[0]["start"] == "2026-10-23T07:00Z"
    assert len(slots) == 10


def test_seconds_appear_only_where_the_zone_has_them() -> None:
    person = {"id": "a", "zone": "Africa/Monrovia", "rules": [{"days": [2], "start": "09:00", "end": "10:00"}]}
    query = QUERY | {"from": "1971-06-01T00:00Z", "to": "1971-06-02T00:00Z", "now": "1971-01-01T00:00Z"}
    slots = exchange.answer(exchange.parse(json.dumps(query | {"interviewers": [person]})))["slots"]
    assert [slot["start"] for slot in slots] == ["1971-06-01T09:44:30Z"]


PERSON = "interviewers[0]"
BAD: list[tuple[str, object]] = [
    *[(name, ...) for name in QUERY],
    *[(name, None) for name in QUERY],
    ("from", "2026-10-23"),
    ("from", "2026-10-23T00:00"),
    ("from", "2026-10-23T00:00+02:00"),
    ("from", "2026-10-23 00:00Z"),
    ("from", "2026-02-30T00:00Z"),
    ("from", "2026-10-23T24:00Z"),
    ("from", "٢٠٢٦-10-23T00:00Z"),
    ("from", 1792713600),
    ("to", "2026-10-22T00:00Z"),
    ("now", ""),
    ("duration", 0),
    ("duration", -30),
    ("duration", 60.0),
    ("duration", "60"),
    ("duration", True),
    ("duration", 10**30),
    ("step", 0),
    ("step", []),
    ("interviewers", {}),
    (PERSON, "a"),
    *[(f"{PERSON}.{name}", ...) for name in ("id", "zone", "rules")],
    (f"{PERSON}.id", 7),
    (f"{PERSON}.id", ""),
    (f"{PERSON}.colour", "red"),
    ("limit", 3),
    *[
        (f"{PERSON}.zone", zone)
        for zone in (
            None,
            "",
            "Mars/Base",
            "America",
            "../etc",
            "/etc",
            "europe/berlin",
            "localtime",
            "a\0",
            "x" * 5000,
        )
    ],
    *[(f"{PERSON}.{name}", {}) for name in ("rules", "overrides", "time_off", "travel", "busy")],
    *[
        (f"{PERSON}.{name}", value)
        for name in ("buffer_before", "buffer_after", "minimum_notice")
        for value in (-1, None)
    ],
    (f"{PERSON}.rules[0]", []),
    (f"{PERSON}.rules[0].days", ...),
    (f"{PERSON}.rules[0].days", 1),
    (f"{PERSON}.rules[0].days[1]", 0),
    (f"{PERSON}.rules[0].days[2]", 8),
    (f"{PERSON}.rules[0].days[0]", "1"),
    *[(f"{PERSON}.rules[0].start", time) for time in (..., "9:00", "24:00", "09:60", "09:00:00", 540, " 09:00")],
    *[(f"{PERSON}.rules[0].end", time) for time in (..., "24:01", "25:00", "0900", None)],
    (f"{PERSON}.rules[0].until", "2027-01-01"),
    (f"{PERSON}.overrides[0].date", "2026-02-29"),
    (f"{PERSON}.overrides[0].date", "20261023"),
    (f"{PERSON}.overrides[0].ranges", ...),
    (f"{PERSON}.overrides[1].ranges[0]", ["11:00"]),
    (f"{PERSON}.overrides[1].ranges[0][0]", "24:00"),
    (f"{PERSON}.overrides[1].ranges[0][1]", "15"),
    (f"{PERSON}.time_off[0]", "2026-10-24T00:00Z"),
    (f"{PERSON}.time_off[0][1]", "2026-10-23T00:00Z"),
    (f"{PERSON}.busy[0][0]", "yesterday"),
    (f"{PERSON}.busy[0][1]", "2026-10-26T09:00Z"),
    (f"{PERSON}.travel[0].to", "2026-10-31"),
    (f"{PERSON}.travel[0].zone", "Asia/Edo"),
    (f"{PERSON}.travel[0].from", "soon"),
    (f"{PERSON}.limits", None),
    (f"{PERSON}.limits.per_day", -1),
    (f"{PERSON}.limits.per_week", 1.5),
    (f"{PERSON}.limits.per_year", 1),
]


@pytest.mark.parametrize(("path", "value"), BAD, ids=lambda part: str(part)[:40])
def test_a_broken_query_is_refused_with_its_field(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: str, value: object
) -> None:
    status, out, err = ask(monkeypatch, capsys, changed(path, value))
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith(f"{path}: ")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '"\n"', "1" * 5000])
def test_what_is_not_a_query_at_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    status, out, err = ask(monkeypatch, capsys, text)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("query: ")


def test_an_id_used_twice_is_refused() -> None:
    person = QUERY["interviewers"][0]
    with pytest.raises(exchange.QueryError) as caught:
        exchange.parse(json.dumps(QUERY | {"interviewers": [person, person]}))
    assert caught.value.field == "interviewers[1].id"


def test_bytes_that_are_no_text_and_arguments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe"), encoding="utf-8"))
    assert exchange.run([]) == 2
    assert capsys.readouterr().err == "query: not UTF-8\n"
    assert exchange.run(["query.json"]) == 2
    assert capsys.readouterr().err.startswith("usage: ")
