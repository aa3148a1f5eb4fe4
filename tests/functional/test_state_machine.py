"""
Anything that readers, editors, the stream and DynamoDB's faults do, in any order.

hypothesis chooses the steps, the real handlers carry them out on moto, and an oracle says who has
which review. A request that was answered 503 may have taken place or not, until it is sent again.
"""

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chalicelib import settings as plaudit
from chalicelib.rules import bursts
from chalicelib.rules.ratings import of_counts, score
from chalicelib.store import keys
from tests import builders, rows
from tests.deliveries import Delivery, Plan, deliveries, perhaps, plans
from tests.machine import SLUGS, Machine
from tests.oracle import DECISIONS, Held, Oracle, Place, Words

places = st.tuples(st.sampled_from(["lamp", "lamp", "moth"]), st.integers(0, 2))
ratings = st.integers(1, 5)
networks = st.integers(0, 2)


class Reviewing(Machine):
    """Invariant: tally = ledger, always; ledger = reviews = oracle when all is delivered."""

    @initialize(moderation=st.sampled_from(["publish_first", "publish_first", "approve_first"]))
    def open(self, moderation: str) -> None:
        os.environ["MODERATION"] = moderation
        plaudit.current.cache_clear()
        self.oracle = Oracle("published" if moderation == "publish_first" else "pending")
        for slug in SLUGS:
            # Without tags and author there are fewer rows to copy for moto.
            article = builders.article(tags=[], author=None)
            assert self.api.put(f"/articles/{slug}", article).status == 201
        for place in (("moth", 0), ("lamp", 0), ("lamp", 1)):
            self.submit(place, (5, "Clear."), attempt=1, is_bot=False)
        self.submit(("lamp", 2), (5, "Clear."), attempt=1, is_bot=True)

    @rule(
        place=places,
        words=st.sampled_from([(5, "Clear."), (2, "Kind.")]),
        attempt=st.sampled_from([1, 1, 2]),
        is_bot=st.sampled_from([False, False, True]),
        plan=plans,
        then=perhaps,
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
        (slug, number), (rating, message) = place, words
        body = builders.submission(
            email=f"reader-{number}@example.com",
            rating=rating,
            message=message,
            website="https://spam.example" if is_bot else "",
        )
        key = f"{number}-{rating}-{attempt}"

        answer = self.ask(plan, "POST", f"{self.path(slug)}/reviews", body, Idempotency_Key=key)

        if not self.public[slug] or self.frozen[slug]:
            assert answer.code == ("reviews_frozen" if self.public[slug] else "article_retracted")
            return
        assert (answer.status, answer.body["status"]) == (201, self.oracle.first_status)
        expected = self.oracle.submit(place, words, key, is_bot, answer.body)
        assert (answer.body["id"], answer.body["manage_token"]) == expected
        self.deliver(then)

    @rule(data=st.data(), rating=ratings, plan=plans, then=perhaps)
    def edit(self, data: st.DataObject, rating: int, plan: Plan, then: Delivery | None) -> None:
        slug, one = self.choose(data)
        path = f"{self.path(slug)}/reviews/{one.id}"

        answer = self.ask(plan, "PATCH", path, {"rating": rating}, token=one.token)

        if not one.is_open:
            assert answer.code == "review_not_found"
            return
        assert (answer.status, answer.body["rating"]) == (200, rating)
        self.oracle.edit(one, rating)
        self.deliver(then)

    @rule(data=st.data(), plan=plans, then=perhaps)
    def withdraw(self, data: st.DataObject, plan: Plan, then: Delivery | None) -> None:
        self.end(*self.choose(data), plan)
        self.deliver(then)

    def end(self, slug: str, one: Held, plan: Plan) -> None:
        path = f"{self.path(slug)}/reviews/{one.id}"

        answer = self.ask(plan, "DELETE", path, token=one.token)

        assert answer.status == (404 if one.status == "erased" else 204)
        self.oracle.withdraw(one)

    @rule(data=st.data(), network=networks, plan=plans)
    def vote(self, data: st.DataObject, network: int, plan: Plan) -> None:
        slug, one = self.choose(data)
        path = f"{self.path(slug)}/reviews/{one.id}/votes"

        with self.calling_from(network):
            answer = self.ask(plan, "POST", path, {"vote": "helpful"})

        if not (self.public[slug] and one.is_public):
            assert answer.code == "review_not_found"
            return
        one.votes.add(network)
        assert (answer.status, answer.body["helpful"]) == (200, len(one.votes))

    @rule(
        data=st.data(), network=networks, reason=st.sampled_from(["spam", "personal"]), plan=plans
    )
    def report(self, data: st.DataObject, network: int, reason: str, plan: Plan) -> None:
        slug, one = self.choose(data)
        path = f"{self.path(slug)}/reviews/{one.id}/reports"

        with self.calling_from(network):
            answer = self.ask(plan, "POST", path, {"reason": reason})

        if not (self.public[slug] and one.is_public):
            assert answer.code == "review_not_found"
            return
        assert answer.status == 204
        self.oracle.report(one, network, reason)

    @rule(
        data=st.data(),
        decision=st.sampled_from([*DECISIONS, "publish"]),
        plan=plans,
        then=perhaps,
    )
    def decide(self, data: st.DataObject, decision: str, plan: Plan, then: Delivery | None) -> None:
        slug, one = self.choose(data)
        body = {"decisions": [{"slug": slug, "id": one.id, "decision": decision}]}

        answer = self.ask(plan, "POST", "/editor/reviews/decisions", body, editor=True)

        (result,) = (result["result"] for result in answer.body["results"])
        assert (result == "review_not_found") == (not self.oracle.decide(one, decision))
        self.deliver(then)

    @rule(plan=plans)
    @precondition(lambda self: len(self.oracle.everything()) > 3)
    def retract_or_republish(self, plan: Plan) -> None:
        slug = SLUGS[-1]
        path, as_editor = self.path(slug), {"editor": True, "If_Match": "*"}

        if self.public[slug]:
            answer = self.ask(plan, "DELETE", path, **as_editor)
        else:
            answer = self.ask(plan, "PATCH", path, {"status": "published"}, **as_editor)

        assert answer.status in {200, 204}
        self.public[slug] = not self.public[slug]

    @rule(slug=st.sampled_from(SLUGS), number=st.integers(0, 2), plan=plans)
    def move(self, slug: str, number: int, plan: Plan) -> None:
        """Give an article a new slug, or one that it had."""
        names = self.names[slug]
        new = names[number] if number < len(names) else f"{slug}-{number}"
        path = f"/editor{self.path(slug)}/move"

        answer = self.ask(plan, "POST", path, {"slug": new}, editor=True, If_Match="*")

        assert (answer.status, answer.body["slug"]) == (200, new)
        self.names[slug] = [*(name for name in names if name != new), new]

    @rule(slug=st.sampled_from(SLUGS), plan=plans)
    def freeze_or_thaw(self, slug: str, plan: Plan) -> None:
        path = f"/editor{self.path(slug)}/freeze"

        if self.frozen[slug]:
            answer = self.ask(plan, "DELETE", path, editor=True)
        else:
            answer = self.ask(plan, "PUT", path, {"after_days": 0}, editor=True)

        assert answer.status == (204 if self.frozen[slug] else 200)
        self.frozen[slug] = not self.frozen[slug]

    @rule(number=st.integers(0, 2), plan=plans, then=perhaps)
    @precondition(lambda self: len(self.oracle.everything()) > 3)
    def erase(self, number: int, plan: Plan, then: Delivery | None) -> None:
        self.changed |= set(SLUGS)
        self.written |= set(SLUGS)
        body = {"email": f"reader-{number}@example.com"}

        answer = self.ask(plan, "POST", "/editor/readers/erase", body, editor=True)

        assert (answer.status, answer.body["is_complete"]) == (200, True)
        self.oracle.erase(number)
        self.deliver(then)

    @rule(place=places, then=perhaps)
    @precondition(lambda self: self.oracle.has_unjudged_spam)
    def let_spam_vanish(self, place: Place, then: Delivery | None) -> None:
        """Let DynamoDB delete spam that nobody looked at; its reader, or another, comes anew."""
        for row in rows.passing():
            place = self.oracle.vanish(row["id"]["S"]) or place
            rows.delete(keys.key(row["pk"]["S"], row["sk"]["S"]))
        self.changed |= set(SLUGS)
        self.written |= set(SLUGS)
        self.deliver(then)
        self.submit(place, (2, "Kind."), attempt=2, is_bot=False)

    @rule(place=places, is_erased=st.booleans(), is_bot=st.booleans(), then=perhaps)
    @precondition(lambda self: len(self.oracle.everything()) > 3)
    def write_anew(
        self, place: Place, is_erased: bool, is_bot: bool, then: Delivery | None
    ) -> None:
        """End a reader's review and write another one at once."""
        found = self.oracle.reviews.get(place)
        if is_erased:
            self.erase(place[1], None, None)
        elif found is not None:
            self.end(place[0], found, None)
        self.submit(place, (4, "Short."), attempt=3, is_bot=is_bot, then=then)

    @rule(delivery=deliveries)
    def deliver(self, delivery: Delivery | None) -> None:
        self.carry(delivery)

    @rule()
    @precondition(lambda self: len(self.waiting) > 3)
    def deliver_everything(self) -> None:
        self.carry_everything()

    @invariant()
    def the_tally_is_the_sum_of_its_ledger(self) -> None:
        while self.touched:
            slug = self.touched.pop()
            tally, rank, ledger = rows.counted_of(slug)
            assert tally == rows.sum_of(ledger)
            assert rank in {keys.rank(score(tally.count, tally.total), slug), ""}

    @invariant()
    def what_is_stored_is_what_was_done(self) -> None:
        while self.written:
            slug = self.written.pop()
            assert rows.recount_of(slug) == of_counts(self.oracle.counts(slug))


@pytest.mark.parametrize(
    "limits", ["off", pytest.param("network=9999/1d site=9999/1d", marks=pytest.mark.slow)]
)
def test_nothing_doubles_and_nothing_is_lost(
    limits: str, setting: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    setting(LIMITS=limits)
    # The oracle knows no bursts.
    monkeypatch.setattr(bursts, "LEAST", 9999)
    run_state_machine_as_test(
        Reviewing,
        settings=settings(
            max_examples=14,
            stateful_step_count=20,
            derandomize=True,
            database=None,
            deadline=None,
            # A step makes dozens of calls of moto; how long that takes says nothing.
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
