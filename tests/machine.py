"""
What a state machine over the real handlers is made of: requests that fail, workers, comparisons.

The rules, which say what may happen, are those of its subclass.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from app import app
from chalicelib import settings as plaudit
from chalicelib.rules.ratings import of_counts
from chalicelib.store import aliases, client
from chalicelib.workers import reconcile, records
from chalicelib.workers.tally import tally_ratings
from localdev.stream import StreamReader
from tests import moto_tables
from tests.client import Answer, Api
from tests.deliveries import Delivery, Plan
from tests.event_source import Record
from tests.faults import Faults
from tests.oracle import Held, Oracle

SLUGS: Final = ("lamp", "moth")
"""The second may be retracted."""


class Machine(RuleBasedStateMachine):
    """Two articles and their reviews, the rows that tell of them, and what should be there."""

    def __init__(self) -> None:
        super().__init__()
        self.aws = moto_tables.opened()
        self.aws.__enter__()
        self.api = Api(app)
        self.oracle = Oracle("published")
        self.reader = StreamReader()
        self.faults = Faults(client.dynamodb())
        aliases.forget()
        self.public = dict.fromkeys(SLUGS, True)
        self.frozen = dict.fromkeys(SLUGS, False)
        self.names = {slug: [slug] for slug in SLUGS}
        """Every slug that an article has or had, by its first one; the last is the one it has."""
        self.asked = 0
        self.past: list[Record] = []
        """Records that may count, delivered or not."""
        self.waiting: list[Record] = []
        """Records that were not counted yet."""
        self.touched: set[str] = set()
        """Articles of which something was counted since their tally was looked at."""
        self.changed = set(SLUGS)
        """Articles that were written or counted since they were held against the oracle."""
        self.written = set(SLUGS)
        """Articles that were written since their rows were held against it."""

    def carry(self, delivery: Delivery | None) -> None:
        """Hand the workers what was written, and perhaps another one the same or more."""
        if delivery is None:
            return
        self.fetch()
        last = dict(enumerate(self.past[-6:]))
        picked = [last[position] for position in delivery.picks if position in last]
        others = [one for position, one in last.items() if position not in delivery.picks]
        rival = {"none": [], "same": picked, "others": others}[delivery.rival]
        if rival:
            self.faults.meanwhile(delivery.at, lambda: self.tally(rival))
        if delivery.size:
            batch, rest = self.waiting[: delivery.size], self.waiting[delivery.size :]
            self.waiting = self.count(batch, delivery.plan) + rest
        else:
            self.count(picked, delivery.plan)

    def carry_everything(self) -> None:
        """Count all that was written, and hold it against the oracle."""
        self.fetch()
        while self.waiting:
            batch, self.waiting = self.waiting[:100], self.waiting[100:]
            assert self.count(batch, None) == []
        while self.changed:
            self.compare(self.changed.pop())

    def compare(self, slug: str) -> None:
        """Hold what is at rest against the oracle."""
        published = self.oracle.published(slug)
        order = sorted(published, key=lambda id_: (len(published[id_].votes), id_), reverse=True)
        shown = [(id_, published[id_].rating, len(published[id_].votes)) for id_ in order]

        drift = reconcile.reconcile(slug, repair=False)
        listed = self.api.get(f"{self.path(slug)}/reviews?limit=100&sort=helpful")
        counted = self.api.get(f"{self.path(slug)}/moderation")
        queue = self.api.get("/editor/reviews?status=reported&limit=100", editor=True).body["items"]

        assert drift.causes == ()
        assert drift.expected == of_counts(self.oracle.counts(slug))
        assert {one["id"]: one["reports"] for one in queue if one["slug"] == slug} == {
            one.id: one.reports for one in published.values() if one.reports
        }
        if self.public[slug]:
            items = listed.body["items"]
            assert [(one["id"], one["rating"], one["helpful"]) for one in items] == shown
            assert {
                f"{outcome}_{row['stars']}": row[outcome]
                for row in counted.body["by_stars"]
                for outcome in ("published", "held", "removed", "withdrawn")
                if row[outcome]
            } == self.oracle.counts(slug)
        else:
            assert listed.code == counted.code == "article_retracted"
        for name in self.names[slug]:
            moved = 200 if name == self.names[slug][-1] else 308
            expected = moved if self.public[slug] else 410
            assert self.api.get(f"/articles/{name}").status == expected

    def teardown(self) -> None:
        try:
            self.carry_everything()
        finally:
            aliases.forget()
            self.faults.__exit__()
            self.aws.__exit__(None, None, None)
            os.environ["MODERATION"] = "publish_first"
            plaudit.current.cache_clear()

    def ask(
        self, plan: Plan, method: str, path: str, body: object = None, **options: Any
    ) -> Answer:
        """Send a request that may fail on its way, and then once more as a client would."""
        named = {slug for slug in SLUGS if slug in f"{path} {body}"}
        self.changed |= named
        self.written |= named
        if plan is not None:
            self.faults.fail(*plan)
        answer = self.api.request(method, path, body, **options)
        self.faults.clear()
        return self.api.request(method, path, body, **options) if answer.status == 503 else answer

    def path(self, slug: str) -> str:
        """Name an article by each of its slugs in turn."""
        self.asked += 1
        names = self.names[slug]
        return f"/articles/{names[self.asked % len(names)]}"

    @contextmanager
    def calling_from(self, network: int) -> Iterator[None]:
        converter = self.api._sender.event_converter  # type: ignore[attr-defined]
        before, converter.LOCAL_SOURCE_IP = converter.LOCAL_SOURCE_IP, f"198.51.{network}.1"
        yield
        converter.LOCAL_SOURCE_IP = before

    def choose(self, data: st.DataObject) -> tuple[str, Held]:
        """Draw a review or a proposal, and give its article's slug."""
        return data.draw(st.sampled_from(self.oracle.everything()))

    def fetch(self) -> None:
        written = self.reader.read()
        self.past += [record for record in written if records.read(record) is not None]
        self.waiting += written

    def count(self, batch: Sequence[Record], plan: Plan) -> list[Record]:
        """Deliver a batch; give what Lambda would deliver again."""
        if plan is not None:
            self.faults.fail(*plan)
        reported = self.tally(batch)
        self.faults.clear()
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        return list(batch[numbers.index(reported[0]) :]) if reported else []

    def tally(self, batch: Sequence[Record]) -> list[str]:
        # Reactions are rows of no article, and a later slug has no reviews.
        slugs = {records.slug_of(record) for record in batch} & set(SLUGS)
        self.touched |= slugs
        self.changed |= slugs
        answer = tally_ratings({"Records": list(batch)}, None)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
