"""The ledger of decisions: every one, by whom, when, why, from what to what; and races for it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.model import DecisionAction, now, rfc3339
from chalicelib.store import client
from chalicelib.workers import schedule
from tests import builders, rows
from tests.actions import (
    ARTICLE,
    DECISIONS,
    REVIEWS,
    decide,
    edit,
    report,
    results_of,
    stored,
    submit,
    vote,
    withdraw,
)
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.faults import COMMITTED, UNCOMMITTED, Faults, Kind

Setting = Callable[..., None]

OF_ARTICLE = f"/editor{ARTICLE}/decisions"
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def of_review(review: dict[str, Any]) -> str:
    return f"/editor{REVIEWS}/{review['id']}/decisions"


def ledger(api: Api, path: str = OF_ARTICLE) -> list[dict[str, Any]]:
    """Give a ledger's entries, the oldest first."""
    found: list[dict[str, Any]] = []
    query: str | None = "?limit=2"
    while query is not None:
        page = api.get(path + query, editor=True).body
        found += page["items"]
        query = page["next_cursor"] and f"?limit=2&cursor={page['next_cursor']}"
    return found[::-1]


def actions(api: Api, path: str = OF_ARTICLE) -> list[str]:
    return [one["action"] for one in ledger(api, path)]


def steps(api: Api, review: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Give what was decided about a review, from what to what, in the order of its revisions."""
    entries = sorted(ledger(api, of_review(review)), key=lambda one: one["after"]["revision"])
    return [(one["action"], one["before"]["status"], one["after"]["status"]) for one in entries]


def replied(api: Api, review: dict[str, Any], message: str = "Thank you.") -> Answer:
    return api.put(f"/editor{REVIEWS}/{review['id']}/reply", {"message": message})


def changed(api: Api, **changes: Any) -> Answer:
    return api.patch(ARTICLE, changes, editor=True, If_Match="*")


@pytest.fixture
def waiting(api: Api, published: str, setting: Setting) -> dict[str, Any]:
    """A review of three stars that waits for a decision."""
    setting(MODERATION="approve_first")
    review: dict[str, Any] = submit(api, rating=3).body
    return review


class TestReviews:
    def test_a_decision_says_by_whom_when_why_and_from_what_to_what(
        self, api: Api, waiting: dict[str, Any]
    ) -> None:
        one = {"slug": builders.SLUG, "id": waiting["id"], "decision": "reject", "note": "Rude."}

        api.post(DECISIONS, {"decisions": [one]}, editor=True)

        (entry,) = ledger(api, of_review(waiting))
        assert builders.without(entry, "id", "at") == {
            "slug": builders.SLUG,
            "review_id": waiting["id"],
            "action": "reject",
            "by": "ada",
            "note": "Rude.",
            "before": state("pending", 1, rating=3, reports=0),
            "after": state("rejected", 2, rating=3, reports=0),
        }
        assert waiting["submitted_at"] <= entry["at"] <= rfc3339(now())

    def test_each_is_there_once_and_what_changes_nothing_is_none(
        self, api: Api, waiting: dict[str, Any]
    ) -> None:
        for decision in ("publish", "publish", "spam", "spam", "reject", "publish"):
            decide(api, (waiting, decision))

        assert steps(api, waiting) == [
            ("publish", "pending", "published"),
            ("spam", "published", "spam"),
            ("reject", "spam", "rejected"),
            ("publish", "rejected", "published"),
        ]

    def test_to_find_nothing_in_a_report_is_a_decision(
        self, api: Api, waiting: dict[str, Any]
    ) -> None:
        decide(api, (waiting, "publish"))
        report(api, waiting)

        decide(api, (waiting, "publish"))

        fine = ledger(api, of_review(waiting))[-1]
        assert (fine["action"], fine["before"], fine["after"]) == (
            "publish",
            state("published", 2, rating=3, reports=1),
            state("published", 3, rating=3, reports=0),
        )

    def test_an_accepted_proposal_is_in_the_ledgers_of_both(
        self, api: Api, waiting: dict[str, Any]
    ) -> None:
        decide(api, (waiting, "publish"))
        proposal = submit(api, rating=5, message="On second thought.").body

        decide(api, (proposal, "publish"))

        assert steps(api, proposal) == [("publish", "pending", "published")]
        change = ledger(api, of_review(waiting))[-1]
        assert (change["action"], change["before"], change["after"]) == (
            "change",
            state("published", 2, rating=3, reports=0),
            state("published", 3, rating=5, reports=0),
        )

    def test_a_refused_proposal_leaves_its_review_alone(
        self, api: Api, waiting: dict[str, Any]
    ) -> None:
        proposal = submit(api, rating=5, message="On second thought.").body

        decide(api, (proposal, "reject"))

        assert steps(api, proposal) == [("reject", "pending", "rejected")]
        assert steps(api, waiting) == []

    def test_a_reply_is_one_but_not_the_same_again(self, api: Api, waiting: dict[str, Any]) -> None:
        decide(api, (waiting, "publish"))
        for message in ("Thank you.", "Thank you.", "Thanks."):
            replied(api, waiting, message)

        assert steps(api, waiting)[1:] == [("reply", "published", "published")] * 2

    def test_what_its_reader_does_is_none(self, api: Api, waiting: dict[str, Any]) -> None:
        edit(api, waiting, rating=1)
        withdraw(api, waiting)
        decide(api, (waiting, "publish"))

        assert steps(api, waiting) == []
        assert actions(api) == ["publish_article"]

    def test_no_entry_holds_a_word_of_a_reader(self, api: Api, waiting: dict[str, Any]) -> None:
        decide(api, (waiting, "publish"))
        replied(api, waiting)

        for path in (OF_ARTICLE, of_review(waiting)):
            text = api.get(path, editor=True).text
            assert waiting["name"] not in text
            assert waiting["message"] not in text


class TestArticles:
    def test_its_life_is_in_its_ledger(self, api: Api) -> None:
        api.put(ARTICLE, builders.article(status="draft"))
        for fields in (
            {"title": "Two"},
            {"status": "published"},
            {"title": "Three"},
            {"status": "draft"},
            {"status": "published"},
            {"status": "retracted", "retraction_reason": "It was wrong."},
            {"retraction_reason": "It was very wrong."},
        ):
            assert changed(api, **fields).status == 200

        entries = ledger(api)
        assert [
            (
                one["action"],
                one["before"]["status"],
                one["after"]["status"],
                one["after"]["revision"],
                one["note"],
            )
            for one in entries
        ] == [
            ("publish_article", "draft", "published", 3, ""),
            ("unpublish_article", "published", "draft", 5, ""),
            ("publish_article", "draft", "published", 6, ""),
            ("retract", "published", "retracted", 7, "It was wrong."),
            ("retract", "retracted", "retracted", 8, "It was very wrong."),
        ]
        assert {(one["by"], one["review_id"]) for one in entries} == {("ada", None)}

    @pytest.mark.usefixtures("published")
    def test_one_that_begins_public_was_nothing_before(self, api: Api) -> None:
        (entry,) = ledger(api)

        assert (entry["before"], entry["after"]) == (None, state("published", 1))

    @pytest.mark.usefixtures("published")
    def test_a_restoration_says_which_revision(self, api: Api) -> None:
        changed(api, title="Two")
        for _ in range(2):
            api.post(f"/editor{ARTICLE}/revisions/1/restore", editor=True, If_Match="*")

        assert [(one["action"], one["note"]) for one in ledger(api)[1:]] == [
            ("restore", "Revision 1")
        ]

    @pytest.mark.usefixtures("published")
    def test_freezing_and_the_contrary(self, api: Api) -> None:
        for _ in range(2):
            api.put(f"/editor{ARTICLE}/freeze", {"after_days": 0})
        for _ in range(2):
            api.delete(f"/editor{ARTICLE}/freeze", editor=True)

        assert actions(api)[1:] == ["freeze", "unfreeze"]
        frozen, thawed = ledger(api)[1:]
        shown = api.get(f"/editor{ARTICLE}/revisions", editor=True).body["items"][1]
        assert frozen["before"]["frozen_at"] is None
        assert frozen["after"]["frozen_at"] == shown["reviews_frozen_at"]
        assert thawed["after"] == state("published", 3)

    def test_what_the_schedule_publishes_is_by_the_schedule(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        soon, later = (rfc3339(now() + timedelta(minutes=minutes)) for minutes in (1, 2))
        api.put(ARTICLE, builders.article(status="scheduled", published_at=soon))
        changed(api, title="Two")
        changed(api, published_at=later)
        monkeypatch.setattr(schedule, "now", lambda: now() + timedelta(minutes=3))
        for _ in range(2):
            schedule.publish_due()

        assert [(one["action"], one["by"]) for one in ledger(api)] == [
            ("schedule_article", "ada"),
            ("schedule_article", "ada"),
            ("publish_article", "schedule"),
        ]


class TestLists:
    def test_an_articles_has_those_of_its_reviews(self, api: Api, waiting: dict[str, Any]) -> None:
        decide(api, (waiting, "publish"))

        assert actions(api) == ["publish_article", "publish"]

    def test_pages_hold_everything_once_newest_first(
        self, api: Api, waiting: dict[str, Any]
    ) -> None:
        for decision in ("publish", "reject", "publish", "reject", "spam"):
            decide(api, (waiting, decision))

        for path, number in ((OF_ARTICLE, 6), (of_review(waiting), 5)):
            ids = [one["id"] for one in ledger(api, path)]
            assert len({*ids}) == number
            whole = api.get(path, editor=True).body
            assert ([one["id"] for one in whole["items"]], whole["next_cursor"]) == (
                ids[::-1],
                None,
            )

    def test_a_cursor_is_for_its_own_list(self, api: Api, waiting: dict[str, Any]) -> None:
        decide(api, (waiting, "publish"))
        cursor = api.get(f"{OF_ARTICLE}?limit=1", editor=True).body["next_cursor"]

        answer = api.get(f"{of_review(waiting)}?cursor={cursor}", editor=True)

        assert (answer.status, answer.code) == (400, "invalid_cursor")

    def test_a_draft_of_which_nothing_was_decided_has_none(self, api: Api) -> None:
        api.put(ARTICLE, builders.article(status="draft"))

        assert ledger(api) == []

    @pytest.mark.parametrize("slug", ["second-light", "No%20Slug"])
    def test_no_article_has_none(self, api: Api, slug: str) -> None:
        answer = api.get(f"/editor/articles/{slug}/decisions", editor=True)

        assert (answer.status, answer.code) == (404, "article_not_found")

    @pytest.mark.usefixtures("published")
    @pytest.mark.parametrize("review", [UNKNOWN, "not-a-ulid"])
    def test_no_review_has_none(self, api: Api, review: str) -> None:
        answer = api.get(of_review({"id": review}), editor=True)

        assert (answer.status, answer.code) == (404, "review_not_found")

    @pytest.mark.parametrize("path", [OF_ARTICLE, of_review({"id": UNKNOWN})])
    def test_they_are_closed_without_a_key(self, api: Api, path: str) -> None:
        assert api.get(path).status == 401

    def test_every_kind_of_decision_is_in_the_contract(self, api: Api) -> None:
        schema = api.get("/openapi.json").body["components"]["schemas"]["DecisionAction"]

        assert schema["enum"] == [*map(str, DecisionAction)]


class TestFaults:
    @pytest.mark.parametrize("kind", UNCOMMITTED)
    def test_what_failed_is_no_decision(
        self, api: Api, waiting: dict[str, Any], kind: Kind
    ) -> None:
        with Faults(client.dynamodb()) as faults:
            faults.fail(3, kind, times=6)
            assert decide(api, (waiting, "publish")).status == 503

        assert steps(api, waiting) == []
        assert str(stored(waiting).status) == "pending"

    @pytest.mark.parametrize("kind", COMMITTED)
    def test_a_lost_answer_is_one(self, api: Api, waiting: dict[str, Any], kind: Kind) -> None:
        with Faults(client.dynamodb()) as faults:
            faults.fail(3, kind)
            decide(api, (waiting, "publish"))
        decide(api, (waiting, "publish"))

        assert steps(api, waiting) == [("publish", "pending", "published")]


PUBLISHED_OVER = [("reject", "pending", "rejected"), ("publish", "rejected", "published")]
"""The later one wins, and both are in the ledger."""


class TestRaces:
    """Whatever comes between the calls of a decision: one outcome for each order."""

    @pytest.mark.parametrize("k", [1, 2, 3])
    def test_publish_and_reject_at_once(
        self, api: Api, waiting: dict[str, Any], deliver: Deliver, k: int
    ) -> None:
        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(k, lambda: decide(api, (waiting, "reject")))
            assert results_of(decide(api, (waiting, "publish"))) == ["changed"]
        deliver()

        assert steps(api, waiting) == PUBLISHED_OVER
        assert rows.numbers_of() == rows.recount_of()
        assert api.get(f"{ARTICLE}/tally").body["count"] == 1

    @pytest.mark.parametrize("k", [1, 2, 3])
    def test_the_same_twice_at_once_is_one_decision(
        self, api: Api, waiting: dict[str, Any], deliver: Deliver, k: int
    ) -> None:
        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(k, lambda: decide(api, (waiting, "publish")))
            assert results_of(decide(api, (waiting, "publish"))) == ["unchanged"]
        deliver()

        assert steps(api, waiting) == [("publish", "pending", "published")]
        assert rows.numbers_of() == rows.recount_of()

    @pytest.mark.parametrize("k", [1, 2, 3])
    def test_an_edit_that_comes_between_is_what_is_decided_on(
        self, api: Api, waiting: dict[str, Any], deliver: Deliver, k: int
    ) -> None:
        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(k, lambda: edit(api, waiting, rating=1))
            assert results_of(decide(api, (waiting, "publish"))) == ["changed"]
        deliver()

        (entry,) = ledger(api, of_review(waiting))
        assert entry["after"] == state("published", 3, rating=1, reports=0)
        assert rows.numbers_of() == rows.recount_of()

    @pytest.mark.parametrize("k", [1, 2, 3])
    def test_a_withdrawal_that_comes_between_has_the_last_word(
        self, api: Api, waiting: dict[str, Any], k: int
    ) -> None:
        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(k, lambda: withdraw(api, waiting))
            assert results_of(decide(api, (waiting, "publish"))) == ["review_not_found"]

        assert steps(api, waiting) == []
        assert str(stored(waiting).status) == "withdrawn"

    @pytest.mark.parametrize("k", [1, 2, 3])
    def test_a_vote_disturbs_no_decision(self, api: Api, waiting: dict[str, Any], k: int) -> None:
        decide(api, (waiting, "publish"))
        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(k, lambda: vote(api, waiting))
            assert results_of(decide(api, (waiting, "reject"))) == ["changed"]

        assert (stored(waiting).helpful, str(stored(waiting).status)) == (1, "rejected")

    @pytest.mark.parametrize("k", [1, 2, 3])
    def test_two_replies_at_once_are_two_decisions(
        self, api: Api, waiting: dict[str, Any], k: int
    ) -> None:
        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(k, lambda: replied(api, waiting, "First."))
            assert replied(api, waiting, "Second.").body["reply"]["message"] == "Second."

        assert [one[0] for one in steps(api, waiting)] == ["reply", "reply"]

    @pytest.mark.parametrize("k", [1, 2, 3, 4])
    def test_a_review_is_rejected_while_a_change_of_it_is_accepted(
        self, api: Api, waiting: dict[str, Any], deliver: Deliver, k: int
    ) -> None:
        decide(api, (waiting, "publish"))
        proposal = submit(api, rating=5, message="On second thought.").body
        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(k, lambda: decide(api, (waiting, "reject")))
            assert results_of(decide(api, (proposal, "publish"))) == ["changed"]
        deliver()

        assert steps(api, waiting)[1:] == [
            ("reject", "published", "rejected"),
            ("change", "rejected", "published"),
        ]
        assert rows.numbers_of() == rows.recount_of()
        assert api.get(f"{ARTICLE}/tally").body["total"] == 5

    @pytest.mark.parametrize("k", [1, 2, 3, 4])
    def test_a_change_is_accepted_and_refused_at_once(
        self, api: Api, waiting: dict[str, Any], k: int
    ) -> None:
        proposal = submit(api, rating=5, message="On second thought.").body
        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(k, lambda: decide(api, (proposal, "reject")))
            assert results_of(decide(api, (proposal, "publish"))) == ["changed"]

        assert steps(api, proposal) == PUBLISHED_OVER
        assert steps(api, waiting) == [("change", "pending", "published")]

    @pytest.mark.parametrize("k", [1, 2, 3, 4])
    def test_a_review_is_withdrawn_while_a_change_of_it_is_accepted(
        self, api: Api, waiting: dict[str, Any], k: int
    ) -> None:
        proposal = submit(api, rating=5, message="On second thought.").body
        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(k, lambda: withdraw(api, waiting))
            assert results_of(decide(api, (proposal, "publish"))) == ["review_not_found"]

        assert steps(api, proposal) == steps(api, waiting) == []

    def test_a_proposal_and_its_review_vanish_together(
        self, api: Api, waiting: dict[str, Any]
    ) -> None:
        proposal = submit(api, rating=5, message="On second thought.").body

        def vanish() -> None:
            table = settings.current().content_table
            for one in (waiting, proposal):
                key = rows.key_of(stored(one))
                client.call("delete_item", TableName=table, Key=key)

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(4, vanish)
            assert results_of(decide(api, (proposal, "publish"))) == ["review_not_found"]


def state(
    status: str, revision: int, rating: int | None = None, reports: int | None = None
) -> dict[str, Any]:
    """Give what an entry says of one that is not frozen."""
    return {
        "status": status,
        "revision": revision,
        "rating": rating,
        "reports": reports,
        "frozen_at": None,
    }
