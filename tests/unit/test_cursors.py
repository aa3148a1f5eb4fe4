"""Cursors: a position that only its own list takes back."""

import itertools

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.api import cursors
from chalicelib.errors import InvalidCursorError
from chalicelib.guard import signing

# The same examples in every run; no deadline, because a busy machine is no bug.
unhurried = settings(deadline=None, derandomize=True, database=None)
scopes = st.lists(st.none() | st.text(max_size=8), max_size=4).map(tuple)
POSITION = "2026-03-14T08:00:00Z#first-light"


@unhurried
@given(st.text(max_size=100), scopes)
def test_a_list_takes_its_own_cursor(position: str, scope: tuple[str | None, ...]) -> None:
    assert cursors.open_for(cursors.issue(position, *scope), *scope) == position


@unhurried
@given(scopes, scopes)
def test_no_other_list_takes_it(
    made_for: tuple[str | None, ...], used_for: tuple[str | None, ...]
) -> None:
    assume(made_for != used_for)
    cursor = cursors.issue(POSITION, *made_for)

    with pytest.raises(InvalidCursorError):
        cursors.open_for(cursor, *used_for)


# Scopes that a careless way of joining their parts would take for one another.
LOOKALIKES = [
    (),
    (None,),
    ("",),
    ("null",),
    ("articles", "newest", "a", None),
    ("articles", "newest", None, "a"),
    ("articles", "newest", "a,b", None),
    ("articles", "newest", "a", "b"),
    ("articles", "newest", 'a", "b'),
    ("articles", "newest", "a\0b"),
]


@pytest.mark.parametrize(("one", "other"), [*itertools.permutations(LOOKALIKES, 2)])
def test_lookalike_lists_are_told_apart(
    one: tuple[str | None, ...], other: tuple[str | None, ...]
) -> None:
    cursor = cursors.issue(POSITION, *one)

    with pytest.raises(InvalidCursorError):
        cursors.open_for(cursor, *other)


@pytest.mark.parametrize("cursor", ["", "a", "A" * 512, "A" * 5000, "é", "\ud800", "null"])
def test_what_was_never_a_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursorError):
        cursors.open_for(cursor, "articles")


@pytest.mark.parametrize("purpose", ["cursor", "manage", "articles", '["articles"]'])
def test_a_seal_for_something_else_is_no_cursor(purpose: str) -> None:
    seal = signing.sign(purpose, POSITION.encode())

    with pytest.raises(InvalidCursorError):
        cursors.open_for(seal, "articles")


def test_every_refusal_is_the_same() -> None:
    refusals = set()
    for cursor in ("", "nonsense", "A" * 5000, cursors.issue(POSITION, "reviews")):
        with pytest.raises(InvalidCursorError) as raised:
            cursors.open_for(cursor, "articles")
        refusals.add((raised.value.status, raised.value.explanation, str(raised.value.headers)))

    assert len(refusals) == 1


def test_no_cursor_is_the_first_page() -> None:
    assert cursors.open_for(None, "articles") is None


def test_the_end_of_a_list_has_no_cursor() -> None:
    assert cursors.issue(None, "articles") is None


def test_the_longest_position_fits() -> None:
    position = f"2026-03-14T08:00:00Z#{'s' * 80}"
    scope = ("articles", "newest", "t" * 40, "\U0001f52d" * 80)

    assert cursors.open_for(cursors.issue(position, *scope), *scope) == position
