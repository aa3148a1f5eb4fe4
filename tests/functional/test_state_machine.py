"""
Anything that readers, editors, the stream and DynamoDB's faults do, in any order.

hypothesis chooses the steps; the real handlers run on moto; a small model says who has which
review. A request that was answered 503 may have taken place or not, until it is sent again.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app import app
from chalicelib import settings as plaudit
from chalicelib.rules.ratings import recount, score
from chalicelib.store import client, keys
from chalicelib.workers import reconcile, records
from chalicelib.workers.tally import tally_ratings
from localdev.stream import StreamReader
from tests import builders, moto_tables, rows
from tests.client import Answer, Api
from tests.event_source import Record
from tests.faults import COMMITTED, UNCOMMITTED, Faults, Kind

SLUGS: Final = ("lamp", "moth")
DECISIONS: Final = {"publish": "published", "reject": "rejected", "spam": "spam"}

Place: TypeAlias = tuple[str, int]
"""An article and a reader."""
Words: TypeAlias = tuple[int, str]
Plan: TypeAlias = tuple[int, Kind] | None
"""Which of the next calls fails, and how."""


@dataclass
class Held:
    """
    What the model knows of a review or a proposal.

    Attributes:
        words: Rating and message as they were submitted.
        key: `Idempotency-Key` that it was submitted with.
        proposed_for: The review that a proposal would change; else empty.
    """

    id: str
    token: str
    status: str
    rating: int
    words: Words
    key: str
    proposed_for: str = ""

    @property
    def is_open(self) -> bool:
        return self.status != "withdrawn"


class Delivery(NamedTuple):
    """
    What is handed to a worker, and what another one does meanwhile.

    Attributes:
        size: How many of the records that wait, in their order; 0 to pick some instead.
        picks: Positions among the records that may count, from the newest.
        rival: Those of another worker, which counts them right before the call `at`.
    """

    size: int
    picks: list[int]
    rival: list[int]
    at: int
    plan: Plan


plans = st.none() | st.tuples(st.integers(1, 3), st.sampled_from([*UNCOMMITTED, *COMMITTED]))
places = st.tuples(st.sampled_from(["lamp", "lamp", "moth"]), st.integers(0, 1))
ratings = st.integers(1, 5)
picks = st.lists(st.integers(0, 5), min_size=1, max_size=4)
deliveries = st.none() | st.builds(
    Delivery,
    st.sampled_from([0, 0, 2, 5]),
    picks,
    st.just([]) | picks,
    st.sampled_from([2, 2, 2, 1, 3]),
    plans,
)


class Reviewing(RuleBasedStateMachine):
    """Invariant: tally = ledger, always; ledger = reviews = model when all is delivered."""

    def __init__(self) -> None:
        super().__init__()
        self.aws = moto_tables.opened()
        self.aws.__enter__()
        self.api = Api(app)
        self.reader = StreamReader()
        self.faults = Faults(client.dynamodb())
        self.public = dict.fromkeys(SLUGS, True)
        self.held: dict[Place, Held] = {}
        self.proposals: dict[tuple[Place, Words], Held] = {}
        self.past: list[Record] = []
        self.waiting: list[Record] = []
        self.changed = set(SLUGS)
        """Articles that were written or counted since they were held against the model."""
        self.touched: set[str] = set()
        """Articles of which something was counted since their tally was looked at."""

    @initialize(moderation=st.sampled_from(plaudit.MODERATIONS))
    def open(self, moderation: str) -> None:
        os.environ["MODERATION"] = moderation
        plaudit.current.cache_clear()
        self.first_status = "published" if moderation == "publish_first" else "pending"
        for slug in SLUGS:
            # Without tags and author there are fewer rows to copy for moto.
            article = builders.article(tags=[], author=None)
            assert self.api.put(f"/articles/{slug}", article).status == 201
            self.submit((slug, 0), (5, "Clear."), attempt=1, is_bot=False)

    @rule(
        place=places,
        words=st.sampled_from([(5, "Clear."), (2, "Kind.")]),
        attempt=st.integers(1, 2),
        is_bot=st.sampled_from([False, False, True]),
        plan=plans,
        then=deliveries,
    )
    def submit(
        self,
        place: Place,
        words: Words,
        attempt: int,
        is_bot: bool,
        plan: Plan = None,
        then: Delivery | None = None,
    ) -> None:
        body = builders.submission(
            email=f"reader-{place[1]}@example.com",
            rating=words[0],
            message=words[1],
            website="https://spam.example" if is_bot else "",
        )
        key = f"{place[1]}-{words[0]}-{words[1]}-{attempt}"

        answer = self.ask(plan, "POST", f"/articles/{place[0]}/reviews", body, Idempotency_Key=key)

        if not self.public[place[0]]:
            assert answer.code == "article_not_found"
            return
        assert (answer.status, answer.body["status"]) == (201, self.first_status)
        review_id, token = answer.body["id"], answer.body["manage_token"]
        status = "spam" if is_bot else self.first_status
        one = put(self.held, place, Held(review_id, token, status, words[0], words, key))
        if one.words != words:
            status = "spam" if is_bot else "pending"
            proposal = Held(review_id, token, status, words[0], words, key, one.id)
            one = put(self.proposals, (place, words), proposal)
        assert (review_id, token) == (one.id, one.token if one.key == key else None)
        self.deliver(then)

    @rule(data=st.data(), rating=ratings, plan=plans, then=deliveries)
    def edit(self, data: st.DataObject, rating: int, plan: Plan, then: Delivery | None) -> None:
        path, one = self.choose(data)

        answer = self.ask(plan, "PATCH", path, {"rating": rating}, token=one.token)

        if not one.is_open:
            assert answer.code == "review_not_found"
            return
        assert (answer.status, answer.body["rating"]) == (200, rating)
        if one.status == "published" and one.rating != rating:
            one.status = "pending" if one.proposed_for else self.first_status
        one.rating = rating
        self.deliver(then)

    @rule(data=st.data(), plan=plans, then=deliveries)
    def withdraw(self, data: st.DataObject, plan: Plan, then: Delivery | None) -> None:
        path, one = self.choose(data)

        answer = self.ask(plan, "DELETE", path, token=one.token)

        assert answer.status == 204
        one.status = "withdrawn"
        self.deliver(then)

    @rule(
        data=st.data(),
        decision=st.sampled_from([*DECISIONS, "publish"]),
        plan=plans,
        then=deliveries,
    )
    def decide(self, data: st.DataObject, decision: str, plan: Plan, then: Delivery | None) -> None:
        path, one = self.choose(data)
        body = {"decisions": [{"slug": path.split("/")[2], "id": one.id, "decision": decision}]}

        answer = self.ask(plan, "POST", "/editor/reviews/decisions", body, editor=True)

        (result,) = (result["result"] for result in answer.body["results"])
        assert (result == "review_not_found") == (not self.carry_out(one, DECISIONS[decision]))
        self.deliver(then)

    def carry_out(self, one: Held, status: str) -> bool:
        """Decide in the model; False when there is nothing to decide on."""
        if not one.is_open:
            return False
        if one.proposed_for and status == "published" and one.status != "published":
            targets = (held for held in self.held.values() if held.id == one.proposed_for)
            target = next(targets, None)
            if target is None or not target.is_open:
                return False
            target.rating, target.status = one.rating, "published"
        one.status = status
        return True

    @rule(plan=plans)
    @precondition(lambda self: len(self.held) + len(self.proposals) > len(SLUGS))
    def retract_or_republish(self, plan: Plan) -> None:
        slug = SLUGS[-1]
        path, every = f"/articles/{slug}", {"editor": True, "If_Match": "*"}

        if self.public[slug]:
            answer = self.ask(plan, "DELETE", path, **every)
        else:
            answer = self.ask(plan, "PATCH", path, {"status": "published"}, **every)

        assert answer.status in {200, 204}
        self.public[slug] = not self.public[slug]

    @rule(delivery=deliveries)
    def deliver(self, delivery: Delivery | None) -> None:
        if delivery is None:
            return
        self.fetch()
        if delivery.rival:
            self.faults.meanwhile(delivery.at, lambda: self.tally(self.pick(delivery.rival)))
        if delivery.size:
            batch, rest = self.waiting[: delivery.size], self.waiting[delivery.size :]
            self.waiting = self.count(batch, delivery.plan) + rest
        else:
            self.count(self.pick(delivery.picks), delivery.plan)

    def pick(self, positions: list[int]) -> list[Record]:
        """Choose records that were delivered, or were not yet, in any order."""
        return [self.past[-1 - position % len(self.past)] for position in positions]

    @rule()
    @precondition(lambda self: len(self.waiting) > 3)
    def deliver_everything(self) -> None:
        self.fetch()
        while self.waiting:
            batch, self.waiting = self.waiting[:100], self.waiting[100:]
            assert self.count(batch, None) == []
        while self.changed:
            self.compare(self.changed.pop())

    def compare(self, slug: str) -> None:
        """Hold what is at rest against the model."""
        counted = {
            one.id: one.rating
            for (article, _), one in self.held.items()
            if article == slug and one.status == "published"
        }

        drift = reconcile.reconcile(slug, repair=False)
        listed = self.api.get(f"/articles/{slug}/reviews?limit=100")

        assert drift.causes == ()
        assert drift.expected == recount(list(counted.values()))
        if self.public[slug]:
            assert {one["id"]: one["rating"] for one in listed.body["items"]} == counted
        else:
            assert listed.code == "article_not_found"

    @invariant()
    def the_tally_is_the_sum_of_its_ledger(self) -> None:
        while self.touched:
            slug = self.touched.pop()
            tally, rank, ledger = rows.counted_of(slug)
            assert tally == recount([entry.contribution for entry in ledger.values()])
            assert rank in {keys.rank(score(tally.count, tally.total), slug), ""}

    def teardown(self) -> None:
        try:
            self.deliver_everything()
        finally:
            self.faults.__exit__()
            self.aws.__exit__(None, None, None)
            os.environ["MODERATION"] = "publish_first"
            plaudit.current.cache_clear()

    def ask(
        self, plan: Plan, method: str, path: str, body: object = None, **options: Any
    ) -> Answer:
        """Send a request that may fail on its way, and then once more as a client would."""
        self.changed |= {slug for slug in SLUGS if slug in f"{path} {body}"}
        if plan is not None:
            self.faults.fail(*plan)
        answer = self.api.request(method, path, body, **options)
        self.faults.clear()
        return self.api.request(method, path, body, **options) if answer.status == 503 else answer

    def choose(self, data: st.DataObject) -> tuple[str, Held]:
        """Draw a review or a proposal, and give its path."""
        known = [(place, one) for place, one in self.held.items()]
        known += [(place, one) for (place, _), one in self.proposals.items()]
        (slug, _), one = data.draw(st.sampled_from(known))
        return f"/articles/{slug}/reviews/{one.id}", one

    def fetch(self) -> None:
        written = self.reader.read()
        # The others ask nothing of the tally.
        self.past += [record for record in written if records.read(record) is not None]
        self.waiting += written

    def count(self, batch: Sequence[Record], plan: Plan) -> list[Record]:
        """Deliver a batch; give what Lambda would deliver again."""
        if plan is not None:
            self.faults.fail(*plan)
        failures = self.tally(batch)
        self.faults.clear()
        if not failures:
            return []
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        return list(batch[numbers.index(failures[0]["itemIdentifier"]) :])

    def tally(self, batch: Sequence[Record]) -> list[dict[str, str]]:
        slugs = {records.slug_of(record) for record in batch}
        self.touched |= slugs
        self.changed |= slugs
        failures: list[dict[str, str]] = tally_ratings({"Records": list(batch)}, None)[
            "batchItemFailures"
        ]
        return failures


K = TypeVar("K")


def put(table: dict[K, Held], place: K, new: Held) -> Held:
    """
    Take a submission in as the API does; give what it is answered from.

    What its reader withdrew gives way, but to a late copy of its own request.
    """
    found = table.setdefault(place, new)
    if not found.is_open and (found.words, found.key) != (new.words, new.key):
        table[place] = new
    return table[place]


def test_nothing_doubles_and_nothing_is_lost() -> None:
    run_state_machine_as_test(
        Reviewing,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            derandomize=True,
            database=None,
            deadline=None,
            # A step makes dozens of calls of moto; how long that takes says nothing.
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
