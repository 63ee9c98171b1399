"""Chat, timer and private notes of a room, over real sockets."""

from __future__ import annotations

import asyncio

from .conftest import Pair, both, join

# --- chat --------------------------------------------------------------------------------------------------------


async def test_chat_is_stored_numbered_once_and_there_for_late_joiners(pair: Pair) -> None:
    first = await join(pair.candidate, pair.room)
    await first.get("welcome")
    evil = "<img src=x onerror=alert(1)> & \u202eabc"
    await first.send(t="chat", cid="cid00001", text=evil)
    await first.send(t="chat", cid="cid00001", text="sent again")
    await first.send(t="chat", cid="cid00002", text="   ")
    await first.send(t="chat", cid="cid00003", text="two\nlines")
    said = [await first.get("chat") for _ in range(3)]
    assert [m["seq"] for m in said] == [1, 1, 2]
    assert said[0]["text"] == "<img src=x onerror=alert(1)> & abc", "text stays text; pages show it with textContent"
    late = await join(pair.interviewer, pair.room)
    assert [m["text"] for m in (await late.get("welcome"))["chat"]] == [said[0]["text"], "two\nlines"]
    again = await join(pair.candidate, pair.room, seq=1)
    assert [m["seq"] for m in (await again.get("welcome"))["chat"]] == [2]


async def test_messages_sent_at_once_get_their_own_numbers(pair: Pair) -> None:
    first, second = await both(pair)
    for n in range(5):
        await asyncio.gather(
            first.send(t="chat", cid=f"first{n:04}", text="a"), second.send(t="chat", cid=f"second{n:03}", text="b")
        )
    # two senders' messages may overtake each other on the way; pages put them in the order of their numbers
    seqs = [(await first.get("chat"))["seq"] for _ in range(10)]
    assert sorted(seqs) == list(range(1, 11))


# --- timer -------------------------------------------------------------------------------------------------------


async def test_the_interviewer_runs_the_timer_for_both(pair: Pair) -> None:
    first, second = await both(pair)
    hello = second.messages[0]["timer"]
    assert (hello["seconds"], hello["running"], hello["version"]) == (3600, False, 1)
    await first.send(t="timer", do="start", base=1)
    assert (await first.get("error"))["code"] == "refused", "the candidate does not"
    await second.send(t="timer", do="start", base=1)
    started = await first.get("timer")
    assert started["running"]
    assert (await second.get("timer"))["version"] == 2
    await second.send(t="timer", do="pause", base=1)
    assert (await second.get("timer"))["running"], "decided on an old view: the true state comes back"
    late = await join(pair.candidate, pair.room)
    timer = (await late.get("welcome"))["timer"]
    assert timer["running"]
    assert timer["left"] < 3_600_000


# --- notes -------------------------------------------------------------------------------------------------------


async def test_private_notes_never_reach_the_candidate(pair: Pair) -> None:
    secret = "no clue about indexes"
    first, second = await both(pair)
    assert second.messages[0]["note"] == {"body": "", "version": 0}
    await second.send(t="note", base=0, body=secret)
    assert (await second.get("note_saved"))["version"] == 1
    await second.send(t="chat", cid="afternote", text="go on")
    await first.get("chat")
    back = await join(pair.candidate, pair.room)
    await back.get("welcome")
    for raw in (*first.raw, *back.raw):
        assert secret not in raw
        assert '"note' not in raw
    page = await pair.candidate.get(pair.room)
    assert secret not in page.text
    assert "data-note" not in page.text
    assert (await back.ws.send_str('{"t":"note","base":0,"body":"mine"}')) is None
    assert (await back.get("error"))["code"] == "refused"
    again = await join(pair.interviewer, pair.room)
    assert (await again.get("welcome"))["note"] == {"body": secret, "version": 1}


async def test_two_tabs_do_not_overwrite_each_others_notes(pair: Pair) -> None:
    wire_ = await join(pair.interviewer, pair.room)
    await wire_.get("welcome")
    await wire_.send(t="note", base=0, body="one")
    await wire_.get("note_saved")
    await wire_.send(t="note", base=0, body="two")
    conflict = await wire_.get("note_conflict")
    assert (conflict["body"], conflict["version"]) == ("one", 1)
    await wire_.send(t="note", base=0, body="one")
    assert (await wire_.get("note_saved"))["version"] == 1, "the same words are no conflict"
