"""
The tally worker's pace and its price, by the size of a batch and of the article.

Every record tells of a new review. The store takes no time that counts: it runs
outside of what is measured.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any, Final, NamedTuple

from bench import house
from bench.ledger_store import LedgerStore
from chalicelib import settings
from chalicelib.store import client
from localdev import tables
from tests import rows

BATCHES: Final = (1, 10, 100)
ARTICLES: Final = (10, 10_000, 1_000_000)
_NEW: Final = 2_000_000
"""Number of the first reader who is new."""


class Pace(NamedTuple):
    """
    What the worker does with batches of one size.

    Attributes:
        reviews: On the article before.
        records_per_second: Of processor time, the store's taken out; median.
        table_units: Write units for each record.
        index_units: The same, of the index that ranks articles.
    """

    reviews: int
    batch: int
    records_per_second: float
    table_units: float
    index_units: float


def measure(records: int, repeats: int) -> list[Pace]:
    """
    Count batches.

    Args:
        records: In each repeat, in batches of one size after the other.
    """
    _configure()
    return [
        _pace(reviews, batch, max(records, batch), repeats)
        for reviews in ARTICLES
        for batch in BATCHES
    ]


def _configure() -> None:
    os.environ.update(house.ENVIRONMENT)
    os.environ["CONTENT_TABLE"] = tables.name("ContentTable", "local")
    os.environ["DERIVED_TABLE"] = tables.name("DerivedTable", "local")
    settings.current.cache_clear()
    root = logging.getLogger()
    if not root.handlers:
        # Lines are written, as in Lambda, but not among the tables.
        root.addHandler(logging.StreamHandler(open(os.devnull, "w")))  # noqa: PTH123, SIM115


def _pace(reviews: int, batch: int, records: int, repeats: int) -> Pace:
    taken, stores = [], []
    for _ in range(repeats + 1):
        store = LedgerStore(reviews)
        taken.append(_count(store, batch, records))
        stores.append(store)
    last = stores[-1]
    expected = reviews + records
    if last.count != expected:
        msg = f"{last.count} reviews are counted and not {expected}"
        raise RuntimeError(msg)
    return Pace(
        reviews,
        batch,
        # The first repeat fills caches.
        records / median(taken[1:]),
        last.table_units / records,
        last.index_units / records,
    )


def _count(store: LedgerStore, batch: int, records: int) -> float:
    """Give the seconds of processor time that the worker took."""
    from chalicelib.workers.tally import tally_ratings  # noqa: PLC0415 - reads the environment

    numbers = range(_NEW, _NEW + records)
    told = [rows.record(None, rows.review(number), number) for number in numbers]
    events = [{"Records": told[start : start + batch]} for start in range(0, records, batch)]
    with _stored(store) as spent:
        started = time.process_time()
        for event in events:
            answer = tally_ratings(event, None)
            if answer["batchItemFailures"]:
                msg = f"the tally left {answer}"
                raise RuntimeError(msg)
        return time.process_time() - started - sum(spent)


@contextmanager
def _stored(store: LedgerStore) -> Iterator[list[float]]:
    """Put the store below the app's client; gives the seconds that each answer took."""
    spent: list[float] = []

    def send(request: Any, **_: object) -> Any:
        started = time.process_time()
        answer = store.send(request)
        spent.append(time.process_time() - started)
        return answer

    events = client.dynamodb().meta.events
    events.register_first("before-send.dynamodb", send)
    try:
        yield spent
    finally:
        events.unregister("before-send.dynamodb", send)
