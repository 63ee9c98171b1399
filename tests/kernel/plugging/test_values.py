"""Settings' values: what is accepted, and the words for what is not."""

from __future__ import annotations

from typing import Any

import pytest

from kernel.base.contract import Setting
from kernel.plugging.values import parse_text, problem


def make(kind: Any, default: Any, **over: Any) -> Setting:
    return Setting(**{"key": "a.x", "type": kind, "default": default, "label": "X", **over})


def even(value: int) -> str | None:
    return None if value % 2 == 0 else "Enter an even number"


def trips(value: Any) -> str | None:
    raise RuntimeError("oops")


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        (make(int, 5, minimum=5, maximum=120), 3, "Enter a number between 5 and 120"),
        (make(int, 5, minimum=5, maximum=120), 121, "Enter a number between 5 and 120"),
        (make(int, 5, minimum=5), 3, "Enter a number of at least 5"),
        (make(int, 5, maximum=9), 10, "Enter a number of at most 9"),
        (make(int, 5), True, "Enter a whole number"),
        (make(int, 5), "5", "Enter a whole number"),
        (make(int, 5), 2**60, "Enter a smaller number"),
        (make(int, 4, check=even), 3, "Enter an even number"),
        (make(int, 4, check=trips), 3, "This value is not valid"),
        (make(bool, False), 1, "Choose yes or no"),
        (make(str, ""), 1, "Enter text"),
        (make(str, "", minimum=1), "", "Enter something"),
        (make(str, "", minimum=3), "ab", "Enter at least 3 characters"),
        (make(str, "", maximum=3), "abcd", "Enter at most 3 characters"),
        (make(str, ""), "a\nb", "Enter a single line"),
        (make(str, ""), "a\0b", "Remove the characters that cannot be shown"),
        (make(str, ""), "\ud800", "Remove the characters that cannot be shown"),
        (make(str, "a", choices=(("a", "A"), ("b", "B"))), "c", "Choose one of the options"),
        (make(int, 1, choices=(("1", "One"), ("2", "Two"))), 3, "Choose one of the options"),
        (make(list, []), "a", "Enter a list of texts"),
        (make(list, []), [1], "Enter a list of texts"),
        (make(list, [], choices=(("a", "A"),)), ["a", "b"], "Choose one of the options"),
        (make(dict, {}), [], "Enter a JSON object"),
        (make(dict, {}), {"a": {"b": ["x\0"]}}, "Remove the characters that cannot be shown"),
        (make(dict, {}), {"a": object()}, "Enter plain text, numbers, lists and objects only"),
        (make(dict, {}), {"a": "x" * 70_000}, "This is too long"),
        (make(str, ""), None, "Enter text"),
    ],
)
def test_refused(setting: Setting, value: Any, words: str) -> None:
    assert problem(setting, value) == words


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        (make(int, 5, minimum=5, maximum=120), 120),
        (make(int, None), None),
        (make(bool, True), False),
        (make(str, "", multiline=True), "a\nb"),
        (make(str, "", secret=True), "-----BEGIN\nKEY"),
        (make(list, [], choices=(("a", "A"),)), ["a"]),
        (make(dict, {}), {"a": [1, None, {"b": True}]}),
    ],
)
def test_accepted(setting: Setting, value: Any) -> None:
    assert problem(setting, value) is None


@pytest.mark.parametrize(
    ("setting", "text", "value"),
    [
        (make(int, 5), " 12 ", 12),
        (make(int, 5), "-3", -3),
        (make(int, None), "", None),
        (make(bool, False), "on", True),
        (make(bool, False), "", False),
        (make(list, []), "a\r\n\r\n b ", ["a", "b"]),
        (make(dict, {}), '{"a": 1}', {"a": 1}),
        (make(str, ""), " a ", "a"),
        (make(str, "", multiline=True), "a\r\nb", "a\nb"),
    ],
)
def test_text_of_a_form_is_read(setting: Setting, text: str, value: Any) -> None:
    assert parse_text(setting, text) == value


@pytest.mark.parametrize(
    ("setting", "text"),
    [(make(int, 5), "x"), (make(int, 5), "9" * 5000), (make(int, 5), "٣"), (make(dict, {}), "[" * 100_000)],
)
def test_text_that_cannot_be_read(setting: Setting, text: str) -> None:
    with pytest.raises(ValueError, match="Enter"):
        parse_text(setting, text)


def test_a_bad_number_is_told_its_bounds() -> None:
    with pytest.raises(ValueError, match="Enter a number between 5 and 120"):
        parse_text(make(int, 5, minimum=5, maximum=120), "soon")
