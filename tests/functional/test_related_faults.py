"""Related articles come out right whatever the order, the repetition, the rival and the fault."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import pytest

from chalicelib import settings
from chalicelib.model import ArticleStatus
from chalicelib.store import client, related
from tests import moto_tables
from tests.event_source import Record
from tests.faults import COMMITTED, UNCOMMITTED, Faults, Kind
from tests.functional.test_tally import count
from tests.shelf import Shelf, hour

pytestmark = pytest.mark.usefixtures("aws")

Change = Callable[[Shelf], Record]

CHANGES: Final[dict[str, Change]] = {
    "publish": lambda shelf: shelf.change("new", tags=("ink", "optics"), published_at=hour(2)),
    "retract": lambda shelf: shelf.change("a02", status=ArticleStatus.RETRACTED),
    "hide a neighbour": lambda shelf: shelf.change("a03", status=ArticleStatus.DRAFT),
    "take back": lambda shelf: shelf.change("new", status=ArticleStatus.RETRACTED),
    "rename": lambda shelf: shelf.change("a02", title="Another"),
    "move": lambda shelf: shelf.change("a02", slug="elsewhere", moved_from="a02"),
    "other tags": lambda shelf: shelf.change("a02", tags=("lamps",)),
    "tags of a neighbour": lambda shelf: shelf.change("a01", tags=("lamps", "ink")),
    "another date": lambda shelf: shelf.change("a02", published_at=hour(9)),
}


@pytest.fixture
def faults(aws: None) -> Iterator[Faults]:
    with Faults(client.dynamodb()) as injector:
        yield injector


@pytest.fixture
def shelf(aws: None) -> Shelf:
    """Five articles of one tag and one of that and another, all followed."""
    made = Shelf()
    last = made.change("c", tags=("lamps", "optics"), published_at=hour(8))
    count(*made.fill(5, "optics"), last)
    assert made.differing() == {}
    return made


@pytest.mark.parametrize("name", [name for name in CHANGES if name != "take back"])
def test_a_change_is_seen_by_all_whom_it_concerns(shelf: Shelf, name: str) -> None:
    reported = count(CHANGES[name](shelf))

    assert (reported, shelf.differing()) == ([], {})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("publish", "retract"),
        ("publish", "take back"),
        ("retract", "publish"),
        ("rename", "hide a neighbour"),
        ("other tags", "tags of a neighbour"),
        ("another date", "move"),
    ],
)
def test_another_worker_between_any_two_calls_makes_no_difference(
    shelf: Shelf, faults: Faults, first: str, second: str
) -> None:
    """The other sees a later change and follows it; the first, which has seen less, ends last."""
    start = _Start(shelf)
    for call in range(1, _calls_of(first, start, faults) + 1):
        shelf = start.again()
        record = CHANGES[first](shelf)
        faults.meanwhile(call, _rival(shelf, second))

        reported = count(record)

        assert (reported, shelf.differing()) == ([], {}), call


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["throttle", "conflict", "lost_answer", "repeated"])
def test_a_change_that_fails_at_any_call_is_right_after_redelivery(
    shelf: Shelf, faults: Faults, kind: Kind
) -> None:
    start = _Start(shelf)
    for call in range(1, _calls_of("other tags", start, faults) + 1):
        shelf = start.again()
        record = CHANGES["other tags"](shelf)
        faults.fail(call, kind)
        if count(record):
            assert count(record) == []

        assert shelf.differing() == {}, call


@pytest.mark.parametrize("seed", range(6))
def test_any_changes_delivered_anyhow_come_out_as_the_oracle_has_them(
    faults: Faults, seed: int
) -> None:
    chance, shelf = random.Random(seed), Shelf()
    waiting: list[Record] = []
    for _ in range(24):
        waiting.append(_some_change(chance, shelf))
        if chance.random() < 0.4:
            size = chance.randint(1, 4)
            # What was delivered before comes again, in any order.
            again = chance.sample(shelf.records, k=len(shelf.records) // 6)
            if chance.random() < 0.3:
                faults.fail(chance.randint(1, 12), chance.choice([*UNCOMMITTED, *COMMITTED]))
            if chance.random() < 0.4:
                other = chance.choice(shelf.records)
                faults.meanwhile(chance.randint(1, 12), partial(count, other))
            left = count(*again, *waiting[:size])
            faults.clear()
            waiting = waiting if left else waiting[size:]

    reported = count(*waiting)

    assert (reported, shelf.differing()) == ([], {})
    assert any(shelf.expected(home) for home in shelf.articles)


def test_rows_that_never_hold_still_are_reported(shelf: Shelf, faults: Faults) -> None:
    record = CHANGES["rename"](shelf)

    def others() -> None:
        article = shelf.articles["a01"].summary
        related.replace(article, related.read(["a01"])["a01"].revision, ())
        faults.meanwhile(2, others)

    faults.meanwhile(1, others)
    reported = count(record)
    faults.clear()

    assert reported == [record["dynamodb"]["SequenceNumber"]]
    assert count(record) == []
    assert shelf.differing() == {}


def _rival(shelf: Shelf, change: str) -> Callable[[], object]:
    return lambda: count(CHANGES[change](shelf))


def _calls_of(change: str, start: "_Start", faults: Faults) -> int:
    record, before = CHANGES[change](start.again()), len(faults.calls)
    count(record)
    calls = len(faults.calls) - before
    assert calls > 8
    return calls


def _some_change(chance: random.Random, shelf: Shelf) -> Record:
    home = f"a{chance.randint(0, 9):02d}"
    changes: list[dict[str, Any]] = [
        {"tags": tuple(chance.sample(["ink", "lamps", "optics"], k=chance.randint(0, 3)))},
        {"published_at": hour(chance.randint(0, 12))},
        {"title": chance.choice(["One", "Other"])},
        {"status": chance.choice([*ArticleStatus])},
        {"status": ArticleStatus.PUBLISHED},
        {"slug": f"{home}-{len(shelf.records)}", "moved_from": home},
    ]
    if home not in shelf.articles:
        return shelf.change(home, **changes[0], **changes[1])
    return shelf.change(home, **chance.choice(changes))


class _Start:
    """A shelf as it is, to begin with again."""

    def __init__(self, shelf: Shelf) -> None:
        self._table = settings.current().derived_table
        self._rows = moto_tables.kept(self._table)
        self._articles, self._records = dict(shelf.articles), list(shelf.records)

    def again(self) -> Shelf:
        moto_tables.put_back(self._table, self._rows)
        shelf = Shelf()
        shelf.articles, shelf.records = dict(self._articles), list(self._records)
        return shelf
