"""What goes into the outbox: with the change that it tells of, or not at all."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.store import attributes, client
from tests import builders
from tests.actions import REVIEWS, decide, results_of, stored, submit, withdraw
from tests.client import Api
from tests.faults import Faults

pytestmark = pytest.mark.usefixtures("published")

MAIL = {"MAIL_FROM": "r@example.org", "PUBLIC_URL": "https://api.example.org/v1"}


def outbox() -> list[dict[str, Any]]:
    """Give what waits, as the index has it."""
    rows = client.read_all(
        "query",
        TableName=settings.current().content_table,
        IndexName="queue",
        KeyConditionExpression="queue = :outbox",
        ExpressionAttributeValues={":outbox": {"S": "outbox"}},
    )
    return [attributes.unpack(row) for row in rows]


@pytest.mark.parametrize(
    "told",
    [
        {},
        MAIL,
        {"MAIL_EDITORS": "ada@example.org"},
        {"MANAGE_URL": "https://example.org/mine"},
        {"WEBHOOKS": "off"},
    ],
)
def test_nothing_is_written_where_nobody_is_to_be_told(
    api: Api, setting: Callable[..., None], told: dict[str, str]
) -> None:
    setting(**told)

    submit(api)

    assert outbox() == []


@pytest.mark.parametrize(
    "told",
    [
        {"WEBHOOKS": "on"},
        MAIL | {"MAIL_EDITORS": "ada@example.org"},
        MAIL | {"MANAGE_URL": "https://example.org/mine"},
    ],
)
def test_a_submission_puts_one_event_into_the_outbox(
    api: Api, setting: Callable[..., None], told: dict[str, str]
) -> None:
    setting(**told, MODERATION="approve_first")

    review = submit(api).body

    (event,) = outbox()
    assert builders.without(event, "pk", "id", "review", "at") == {
        "sk": "EVENT",
        "queue": "outbox",
        "kind": "review.received",
        "slug": builders.SLUG,
        "review_id": review["id"],
        "status": "pending",
        "attempts": 0,
        "revision": 1,
        "deliveries": {},
    }
    assert event["pk"].removeprefix("O#") == event["id"].partition("#")[2]
    assert event["id"][:20] > event["at"] == review["submitted_at"]
    assert stored(review).key.kind == event["review"][0]


def test_an_event_holds_nothing_that_the_reader_wrote(
    api: Api, setting: Callable[..., None]
) -> None:
    setting(WEBHOOKS="on")

    submit(api)

    (event,) = outbox()
    said = str(event)
    assert [word for word in builders.submission().values() if f"'{word}'" in said] == []


def test_what_is_taken_for_spam_concerns_nobody(api: Api, setting: Callable[..., None]) -> None:
    setting(WEBHOOKS="on")

    submit(api, website="https://spam.example")

    assert outbox() == []


def test_a_repetition_is_told_once_and_a_proposal_by_itself(
    api: Api, setting: Callable[..., None]
) -> None:
    setting(WEBHOOKS="on", LIMITS="network=9/1h site=9/1h")

    first = submit(api).body
    submit(api)
    second = submit(api, message="On second thought.").body
    withdraw(api, first)
    third = submit(api, rating=1).body

    received = [event for event in outbox() if event["kind"] == "review.received"]
    told = sorted(event["review_id"] for event in received)
    assert told == sorted(one["id"] for one in (first, second, third))


@pytest.mark.parametrize("kind", ["throttle", "timeout", "internal"])
def test_a_submission_that_fails_leaves_no_event(
    api: Api, setting: Callable[..., None], kind: Any
) -> None:
    setting(WEBHOOKS="on")

    with Faults(client.dynamodb()) as faults:
        faults.fail(1, kind)
        refused = submit(api)

    assert (refused.status, outbox()) == (503, [])


def test_a_submission_whose_answer_is_lost_is_told_once(
    api: Api, setting: Callable[..., None]
) -> None:
    setting(WEBHOOKS="on")

    with Faults(client.dynamodb()) as faults:
        faults.fail(1, "lost_answer")
        submit(api)
    submit(api)

    assert len(outbox()) == 1


def kinds() -> list[str]:
    return sorted(event["kind"].removeprefix("review.") for event in outbox())


class TestDecisions:
    @pytest.mark.parametrize(
        ("decision", "told"),
        [("publish", "published"), ("reject", "rejected"), ("spam", "rejected")],
    )
    def test_a_decision_is_told_once_however_often_it_is_made(
        self, api: Api, setting: Callable[..., None], decision: str, told: str
    ) -> None:
        setting(MODERATION="approve_first")
        review = submit(api).body
        setting(WEBHOOKS="on")

        results = [results_of(decide(api, (review, decision))) for _ in range(2)]

        assert results == [["changed"], ["unchanged"]]
        (event,) = outbox()
        assert (event["kind"], event["review_id"]) == (f"review.{told}", review["id"])

    def test_a_proposal_that_is_accepted_is_told(
        self, api: Api, setting: Callable[..., None]
    ) -> None:
        submit(api)
        proposal = submit(api, message="On second thought.").body
        setting(WEBHOOKS="on")

        decide(api, (proposal, "publish"), (proposal, "publish"))

        (event,) = outbox()
        assert (event["kind"], event["review"][0]) == ("review.published", "P")

    def test_to_put_reports_of_a_public_review_away_is_no_news(
        self, api: Api, setting: Callable[..., None]
    ) -> None:
        review = submit(api).body
        api.post(f"{REVIEWS}/{review['id']}/reports", {"reason": "offensive"})
        setting(WEBHOOKS="on")

        result = results_of(decide(api, (review, "publish")))

        assert (result, outbox()) == (["changed"], [])
        assert not stored(review).is_reported

    def test_a_reported_review_that_is_rejected_is_told(
        self, api: Api, setting: Callable[..., None]
    ) -> None:
        review = submit(api).body
        api.post(f"{REVIEWS}/{review['id']}/reports", {"reason": "offensive"})
        setting(WEBHOOKS="on")

        decide(api, (review, "reject"))

        assert kinds() == ["rejected"]

    def test_a_reply_and_a_withdrawal_are_told(
        self, api: Api, setting: Callable[..., None]
    ) -> None:
        review = submit(api).body
        setting(WEBHOOKS="on")

        answer = api.put(f"/editor{REVIEWS}/{review['id']}/reply", {"message": "Thank you."})
        for _ in range(2):
            withdraw(api, review)

        assert answer.body["reply"]["message"] == "Thank you."
        assert kinds() == ["replied", "withdrawn"]

    def test_a_reply_to_nothing_is_told_to_nobody(
        self, api: Api, setting: Callable[..., None]
    ) -> None:
        review = submit(api).body
        withdraw(api, review)
        setting(WEBHOOKS="on")

        answer = api.put(f"/editor{REVIEWS}/{review['id']}/reply", {"message": "Thank you."})

        assert (answer.status, outbox()) == (404, [])

    @pytest.mark.parametrize("kind", ["throttle", "timeout", "internal", "lost_answer"])
    def test_a_decision_and_its_event_are_both_there_or_neither(
        self, api: Api, setting: Callable[..., None], kind: Any
    ) -> None:
        setting(MODERATION="approve_first")
        review = submit(api).body
        setting(WEBHOOKS="on")

        with Faults(client.dynamodb()) as faults:
            faults.fail(3, kind)
            refused = decide(api, (review, "publish"))
        is_published = str(stored(review).status) == "published"

        assert refused.status == 503
        assert len(outbox()) == is_published == (kind == "lost_answer")
        decide(api, (review, "publish"))
        assert kinds() == ["published"]

    def test_publish_and_reject_at_once_are_each_told_as_it_was(
        self, api: Api, setting: Callable[..., None]
    ) -> None:
        setting(MODERATION="approve_first")
        review = submit(api).body
        setting(WEBHOOKS="on")

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(2, lambda: decide(api, (review, "reject")))
            decide(api, (review, "publish"))

        assert kinds() == ["published", "rejected"]
        assert str(stored(review).status) == "published"
