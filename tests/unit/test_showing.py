"""Tables of the tools, in a wide terminal and in a narrow one."""

import re
import sys
from collections.abc import Callable
from typing import TypeAlias

import pytest

from tools import showing

Show: TypeAlias = Callable[[str, int], str]

REVIEW = "the-dome/01M856BZHZASB9F40BEG1GR739"
TIMES = ("2026-11-23T21:53:06Z", "2026-11-24T21:53:06Z")


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Show:
    """Show a review with a message in a terminal of so many columns; gives what stands there."""

    def shown(message: str, columns: int) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        table = showing.table("review", "message", "note", "submitted", "changed")
        showing.add(table, REVIEW, message, "", *TIMES)
        assert showing.show(table, "Nothing waits.") == 0
        return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)

    return shown


def test_what_fits_is_a_table(show: Show) -> None:
    seen = show("Clear and kind.", 120)

    assert f"│ {REVIEW} │" in seen
    assert "Clear and kind. │      │ 2026" in seen


def test_what_does_not_fit_is_shown_row_by_row_and_nothing_is_left_out(show: Show) -> None:
    seen = show("[bold]Kind.", 80)

    assert [line.split() for line in seen.splitlines()] == [
        ["review", REVIEW],
        ["message", "[bold]Kind."],
        ["submitted", TIMES[0]],
        ["changed", TIMES[1]],
        [],
    ]


def test_one_endless_word_is_broken_and_does_not_make_a_table_too_wide(show: Show) -> None:
    seen = show("x" * 500, 160)

    assert seen.count("x") == 500
    assert f"│ {REVIEW} │" in seen
