"""Reports: a public review stays public and goes before the editors, once for each network."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.model import Reports, ReviewStatus
from chalicelib.store import client, keys
from chalicelib.workers import records
from tests import builders, rows
from tests.actions import (
    ARTICLE,
    REVIEWS,
    decide,
    edit,
    listed,
    queued,
    report,
    results_of,
    stored,
    submit,
    vote,
    withdraw,
)
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.faults import Faults
from tests.functional.conftest import Clock
from tests.functional.test_outbox import outbox
from tests.metering import Meter

pytestmark = pytest.mark.usefixtures("published")

Setting = Callable[..., None]
Source = Callable[[str], None]

DAY = 86_400
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def reports_of(api: Api, review: dict[str, Any]) -> Answer:
    return api.get(f"/editor{REVIEWS}/{review['id']}/reports", editor=True)


def in_the_queue(api: Api) -> dict[str, dict[str, int]]:
    return {one["id"]: one["reports"] for one in queued(api, "reported")}


def report_from(
    address: str, api: Api, review: dict[str, Any], source: Source, reason: str = "spam"
) -> Answer:
    source(address)
    return report(api, review, reason)


def test_a_reported_review_stays_public_and_stands_in_the_queue(api: Api) -> None:
    review = submit(api).body

    answer = report(api, review, "offensive", message="Rude to the astronomer.")

    assert (answer.status, answer.text) == (204, "")
    assert [one["id"] for one in listed(api)] == [review["id"]]
    (waiting,) = queued(api, "reported")
    assert waiting == {
        **builders.without(review, "manage_token"),
        "slug": builders.SLUG,
        "status": "published",
        "reasons": [],
        "reports": {"offensive": 1},
        "proposed_for": None,
        "consent": None,
        "current": None,
        "revision": 1,
    }
    assert queued(api) == queued(api, "spam") == []


def test_the_reports_of_a_review_are_shown_to_editors_newest_first(
    api: Api, source: Source, clock: Clock
) -> None:
    review = submit(api).body
    report(api, review, "personal", message="That is my address.\nTake it away.")
    clock.tick(60)
    report_from("198.51.100.1", api, review, source)

    assert reports_of(api, review).body == {
        "items": [
            {"reason": "spam", "message": "", "reported_at": "2026-03-14T12:01:00Z"},
            {
                "reason": "personal",
                "message": "That is my address.\nTake it away.",
                "reported_at": "2026-03-14T12:00:00Z",
            },
        ]
    }
    assert reports_of(api, {"id": UNKNOWN}).code == "review_not_found"
    assert api.get(f"/editor{REVIEWS}/{review['id']}/reports").status == 401


@pytest.mark.parametrize("what", ["reports", "decisions"])
@pytest.mark.parametrize("name", ["x", "0" * 3000])
def test_what_no_review_is_called_is_looked_for_in_no_index(api: Api, what: str, name: str) -> None:
    with Faults(client.dynamodb()) as faults:
        answer = api.get(f"/editor{REVIEWS}/{name}/{what}", editor=True)

    # The article's slug might be a later one.
    assert (answer.status, answer.code, faults.calls) == (404, "review_not_found", ["GetItem"])


def test_votes_are_no_reports(api: Api) -> None:
    review = submit(api).body
    vote(api, review)

    assert reports_of(api, review).body == {"items": []}
    assert in_the_queue(api) == {}


def test_a_network_is_heard_once_in_ninety_days(api: Api, source: Source, clock: Clock) -> None:
    review = submit(api).body
    source("203.0.113.1")

    report(api, review)
    first = in_the_queue(api)
    clock.tick(90 * DAY - 1)
    again = report(api, review, "offensive")
    second = in_the_queue(api)
    clock.tick(1)
    report(api, review, "other")

    assert again.status == 204
    assert first == second == {review["id"]: {"spam": 1}}
    # DynamoDB may take days to delete what is over: it no longer counts.
    assert in_the_queue(api) == {review["id"]: {"spam": 1, "other": 1}}


def test_the_same_report_again_writes_nothing(api: Api) -> None:
    review = submit(api).body

    first = report(api, review)
    with Meter() as meter:
        again = report(api, review)

    assert (again.status, sorted(again.headers)) == (first.status, sorted(first.headers))
    assert meter.table_units == 0


def test_a_report_forgets_itself_and_names_nobody(api: Api, source: Source, clock: Clock) -> None:
    source("203.0.113.9")
    review = submit(api).body
    vote(api, review)
    report(api, review, message="Look.")

    found = client.dynamodb().scan(TableName=settings.current().content_table)["Items"]
    ours = sorted(
        (row for row in found if row["pk"]["S"].startswith("F#")), key=lambda row: row["sk"]["S"]
    )
    told, voted = ours
    assert builders.without(told, "sk") == {
        "pk": {"S": f"F#{review['id']}"},
        "reason": {"S": "spam"},
        "message": {"S": "Look."},
        "reported_at": {"S": "2026-03-14T12:00:00Z"},
        "expires_at": {"N": str(int(clock.at.timestamp()) + 90 * DAY)},
    }
    assert told["sk"]["S"].partition("#")[2] != voted["sk"]["S"].partition("#")[2]


def test_what_is_not_public_cannot_be_reported(api: Api, setting: Setting) -> None:
    withdrawn = submit(api, email="withdrawn@example.com").body
    withdraw(api, withdrawn)
    of_retracted = submit(api).body
    setting(MODERATION="approve_first")
    waiting = submit(api, email="waiting@example.com").body
    spam = submit(api, email="spam@example.com", website="x").body
    proposal = submit(api, rating=1).body
    hidden = [{"id": UNKNOWN}, waiting, spam, withdrawn, proposal]

    answers = [report(api, review) for review in hidden]
    api.delete(ARTICLE, editor=True, If_Match="*")
    answers.append(report(api, of_retracted))

    told = [builders.without(answer.body, "request_id") for answer in answers]
    assert [answer.status for answer in answers] == [404] * len(answers)
    assert told == [told[0]] * len(told)
    assert told[0]["code"] == "review_not_found"
    assert in_the_queue(api) == {}


class TestDecision:
    """What an editor makes of it."""

    def test_publish_says_that_it_is_fine(self, api: Api) -> None:
        review = submit(api).body
        report(api, review)
        before = stored(review)

        first = decide(api, (review, "publish"))
        again = decide(api, (review, "publish"))

        assert (results_of(first), results_of(again)) == (["changed"], ["unchanged"])
        assert in_the_queue(api) == {}
        assert [one["id"] for one in listed(api)] == [review["id"]]
        after = stored(review)
        assert (after.reports, after.revision) == (Reports(), before.revision + 1)

    @pytest.mark.parametrize("decision", ["reject", "spam"])
    def test_anything_else_hides_it(self, api: Api, decision: str) -> None:
        review = submit(api).body
        report(api, review)

        decide(api, (review, decision))

        assert in_the_queue(api) == {}
        assert listed(api) == []
        decide(api, (review, "publish"))
        assert in_the_queue(api) == {}

    def test_others_may_report_it_afterwards_and_whoever_did_may_not(
        self, api: Api, source: Source
    ) -> None:
        review = submit(api).body
        report(api, review)
        decide(api, (review, "publish"))

        report(api, review, "offensive")
        assert in_the_queue(api) == {}
        report_from("198.51.100.1", api, review, source, "off_topic")

        assert in_the_queue(api) == {review["id"]: {"off_topic": 1}}
        assert len(reports_of(api, review).body["items"]) == 2

    def test_a_change_that_an_editor_accepts_puts_them_away(self, api: Api) -> None:
        review = submit(api).body
        report(api, review)
        proposal = submit(api, message="Kinder words.").body

        decide(api, (proposal, "publish"))

        assert in_the_queue(api) == {}
        assert stored(review).reports == Reports()


class TestReader:
    """What the review's own reader can do about it."""

    def test_an_edit_takes_no_report_away(self, api: Api) -> None:
        review = submit(api).body
        report(api, review)

        edit(api, review, message="Nothing to see.", rating=4)

        (waiting,) = queued(api, "reported")
        assert (waiting["message"], waiting["reports"]) == ("Nothing to see.", {"spam": 1})

    def test_one_that_waits_after_an_edit_shows_its_reports(
        self, api: Api, setting: Setting
    ) -> None:
        review = submit(api).body
        report(api, review)
        setting(MODERATION="approve_first")

        edit(api, review, rating=4)

        (waiting,) = queued(api)
        assert (waiting["status"], waiting["reports"]) == ("pending", {"spam": 1})
        assert in_the_queue(api) == {}
        decide(api, (review, "publish"))
        assert in_the_queue(api) == {}

    def test_withdrawn_it_is_nobodys_work(self, api: Api) -> None:
        review = submit(api).body
        report(api, review)

        withdraw(api, review)

        assert in_the_queue(api) == {}
        anew = submit(api, message="Once more.").body
        assert in_the_queue(api) == {}
        assert report(api, anew).status == 204
        assert in_the_queue(api) == {anew["id"]: {"spam": 1}}

    def test_a_reply_takes_no_report_away(self, api: Api) -> None:
        review = submit(api).body
        report(api, review)

        api.put(f"/editor{REVIEWS}/{review['id']}/reply", {"message": "We look into it."})

        assert in_the_queue(api) == {review["id"]: {"spam": 1}}


class TestRaces:
    """Between what is read and what is written."""

    def test_two_networks_at_once_are_both_heard(self, api: Api, source: Source) -> None:
        review = submit(api).body

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(3, lambda: report_from("198.51.100.1", api, review, source, "other"))
            report_from("203.0.113.1", api, review, source)

        assert in_the_queue(api) == {review["id"]: {"spam": 1, "other": 1}}

    def test_one_network_twice_at_once_is_heard_once(self, api: Api) -> None:
        review = submit(api).body

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(3, lambda: report(api, review, "other"))
            answer = report(api, review)

        assert answer.status == 204
        assert in_the_queue(api) == {review["id"]: {"other": 1}}

    def test_a_decision_that_comes_between_has_not_seen_it(self, api: Api, source: Source) -> None:
        review = submit(api).body
        report(api, review)

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(3, lambda: decide(api, (review, "publish")))
            report_from("198.51.100.1", api, review, source, "personal")

        assert in_the_queue(api) == {review["id"]: {"personal": 1}}

    @pytest.mark.parametrize("decision", ["reject", "spam"])
    def test_what_is_hidden_meanwhile_is_not_reported(self, api: Api, decision: str) -> None:
        review = submit(api).body

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(3, lambda: decide(api, (review, decision)))
            answer = report(api, review)

        assert answer.code == "review_not_found"
        assert stored(review).reports == Reports()
        assert reports_of(api, review).body == {"items": []}

    def test_a_vote_and_a_report_at_once_are_both_counted(self, api: Api) -> None:
        review = submit(api).body

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(3, lambda: vote(api, review))
            report(api, review)

        after = stored(review)
        assert (after.helpful, after.reports) == (1, Reports(spam=1))

    def test_an_edit_that_comes_between_stays_reported(self, api: Api) -> None:
        review = submit(api).body

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(3, lambda: edit(api, review, message="Other words."))
            report(api, review)

        assert in_the_queue(api) == {review["id"]: {"spam": 1}}


@pytest.mark.usefixtures("clock")
def test_reports_are_attempts_of_their_network(api: Api, setting: Setting) -> None:
    setting(LIMITS="network=2/10m")
    review = submit(api).body

    answers = [report(api, review) for _ in range(2)]

    assert [one.status for one in answers] == [204, 429]
    assert answers[0].headers["ratelimit-remaining"] == "0"
    assert answers[1].headers["retry-after"] == "660"


def test_editors_are_told_once_between_two_decisions(
    api: Api, setting: Setting, source: Source
) -> None:
    review = submit(api).body
    setting(WEBHOOKS="on")

    def told() -> list[tuple[str, str]]:
        return [(event["kind"], event["review_id"]) for event in outbox()]

    report(api, review)
    report_from("198.51.100.1", api, review, source)
    first = told()
    setting(WEBHOOKS="off")
    decide(api, (review, "publish"))
    setting(WEBHOOKS="on")
    report_from("192.0.2.1", api, review, source)

    assert first == [("review.reported", review["id"])]
    assert told() == first * 2


def test_a_report_changes_no_revision_and_nothing_that_is_counted(
    api: Api, deliver: Deliver
) -> None:
    review = submit(api).body
    before = stored(review)
    deliver()

    report(api, review)

    after = stored(review)
    assert (after.revision, after.changed_at) == (before.revision, before.changed_at)
    assert [records.read(record) for record in deliver()] == [None, None]


def test_a_reason_of_a_later_release_does_not_hide_a_review(api: Api) -> None:
    review = rows.review(1, reports=Reports(spam=2))
    item = rows.item(review)
    assert item is not None
    item["reports"]["M"]["unheard_of"] = {"N": "1"}
    rows.put(item)

    assert in_the_queue(api) == {review.id: {"spam": 2}}


@pytest.mark.parametrize(
    ("sent", "codes"),
    [
        ({}, {"/reason": "reason_required"}),
        ({"reason": "boring"}, {"/reason": "reason_invalid"}),
        ({"reason": "spam", "message": "x" * 501}, {"/message": "message_too_long"}),
        ({"reason": "spam", "message": "\x00"}, {"/message": "message_invalid"}),
        ({"reason": "spam", "email": "a@example.com"}, {"": "unknown_field"}),
    ],
)
def test_what_is_wrong_with_a_report_is_said(
    api: Api, sent: dict[str, Any], codes: dict[str, str]
) -> None:
    review = submit(api).body

    answer = api.post(f"{REVIEWS}/{review['id']}/reports", sent)

    assert (answer.status, answer.codes) == (422, codes)
    assert in_the_queue(api) == {}


def test_the_queue_of_reports_is_a_list_like_the_others(api: Api) -> None:
    reviews = [submit(api, email=f"{number}@example.com").body for number in range(3)]
    for review in reviews:
        report(api, review)

    first = api.get("/editor/reviews?status=reported&limit=2", editor=True).body
    cursor = first["next_cursor"]
    second = api.get(f"/editor/reviews?status=reported&cursor={cursor}", editor=True).body
    other = api.get(f"/editor/reviews?status=pending&cursor={cursor}", editor=True)

    shown = [one["id"] for page in (first, second) for one in page["items"]]
    assert shown == sorted(review["id"] for review in reviews)
    assert other.code == "invalid_cursor"


def test_a_row_says_where_it_stands() -> None:
    published, pending = (
        rows.item(rows.review(1, status=status, reports=Reports(other=1)))
        for status in (ReviewStatus.PUBLISHED, ReviewStatus.PENDING)
    )

    assert published is not None
    assert pending is not None
    assert published["queue"] == {"S": keys.REPORTED}
    assert pending["queue"] == {"S": "pending"}
