"""The editors' desk: the queue, decisions, replies and what is not public."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.model import ReviewStatus
from chalicelib.store import client, keys, review_lists
from tests import builders
from tests.actions import (
    ARTICLE,
    DECISIONS,
    QUEUE,
    REVIEWS,
    decide,
    edit,
    listed,
    queued,
    report,
    results_of,
    stored,
    submit,
    withdraw,
)
from tests.client import Api
from tests.conftest import Deliver
from tests.faults import Faults

Setting = Callable[..., None]

pytestmark = pytest.mark.usefixtures("published")

NOBODY = {"id": "0" * 26}


def decision(**changes: Any) -> dict[str, Any]:
    return {"slug": builders.SLUG, "decision": "publish", **NOBODY, **changes}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", QUEUE),
        ("GET", "/editor/articles"),
        ("POST", DECISIONS),
        ("PUT", f"/editor{REVIEWS}/{NOBODY['id']}/reply"),
    ],
)
@pytest.mark.parametrize("key", [None, "", "not-a-key-of-ours", "ada"])
def test_the_desk_is_closed_without_an_editors_key(
    api: Api, method: str, path: str, key: str | None
) -> None:
    answer = api.request(method, path, token=key)

    assert (answer.status, answer.code) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer realm="plaudit"'


def test_a_readers_token_does_not_open_the_desk(api: Api) -> None:
    token = submit(api).body["manage_token"]

    assert api.get(QUEUE, token=token).status == 401


def test_the_queue_shows_what_waits_and_for_what_the_oldest_first(
    api: Api, setting: Setting
) -> None:
    setting(MODERATION="approve_first")
    first = submit(api).body
    second = submit(api, email="alan@example.com").body
    proposal = submit(api, message="On second thought.").body

    waiting = queued(api)

    place: dict[str, Any] = {
        "slug": builders.SLUG,
        "status": "pending",
        "reasons": [],
        "reports": {},
        "consent": None,
    }
    now = {name: first[name] for name in ("name", "message", "rating", "status")}
    assert waiting == [
        {
            **builders.without(review, "manage_token"),
            **place,
            "revision": 1,
            "proposed_for": current and first["id"],
            "current": current,
        }
        for review, current in [(first, None), (second, None), (proposal, now)]
    ]


def test_a_change_of_what_was_taken_back_stands_beside_nothing(api: Api, setting: Setting) -> None:
    setting(MODERATION="approve_first")
    first = submit(api).body
    submit(api, message="On second thought.")
    withdraw(api, first)

    (proposal,) = queued(api)

    assert (proposal["proposed_for"], proposal["current"]) == (first["id"], None)


def test_a_decision_on_what_changed_since_is_stale(api: Api, setting: Setting) -> None:
    setting(MODERATION="approve_first")
    review = submit(api).body
    proposal = submit(api, message="On second thought.").body
    seen = {one["id"]: one["revision"] for one in queued(api)}
    for one in (review, proposal):
        edit(api, one, rating=1)

    def results(decided: str, **revisions: int) -> list[str]:
        several = [
            decision(id=one["id"], decision=decided, revision=revision)
            for one in (review, proposal)
            for revision in [revisions.get("now", seen[one["id"]])]
        ]
        return results_of(api.post(DECISIONS, {"decisions": several}, editor=True))

    assert results("publish") == ["stale", "stale"]
    assert [str(stored(one).status) for one in (review, proposal)] == ["pending", "pending"]
    assert results("reject", now=2) == ["changed", "changed"]
    assert results("reject", now=2) == ["unchanged", "unchanged"]


def test_what_was_rejected_is_a_queue_too(api: Api) -> None:
    review = submit(api).body
    decide(api, (review, "reject"))

    assert [one["id"] for one in queued(api, "rejected")] == [review["id"]]
    decide(api, (review, "publish"))
    assert queued(api, "rejected") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [1, 2, 3]),
        ("article=first-light", [1, 2]),
        ("article=third-light", []),
        ("stars=2", [2]),
        ("reason=links", [2, 3]),
        ("reason=burst_low", []),
        ("article=first-light&reason=links&stars=2", [2]),
    ],
)
def test_the_queue_is_narrowed(api: Api, setting: Setting, query: str, expected: list[int]) -> None:
    setting(MODERATION="approve_first")
    links = "https://a.example https://b.example https://c.example"
    api.put("/articles/second-light", builders.article())
    submit(api, email="one@example.com", rating=1)
    submit(api, email="two@example.com", rating=2, message=links)
    third = builders.submission(email="three@example.com", rating=3, message=links)
    api.post("/articles/second-light/reviews", third)

    items = api.get(f"{QUEUE}?{query}", editor=True).body["items"]

    assert [one["rating"] for one in items] == expected


def test_reports_are_narrowed_by_their_reasons(api: Api) -> None:
    review = submit(api).body
    report(api, review, "offensive")

    for reason, number in (("offensive", 1), ("spam", 0)):
        page = api.get(f"{QUEUE}?status=reported&reason={reason}", editor=True).body
        assert len(page["items"]) == number


def test_a_narrow_page_may_be_short_and_leads_on(
    api: Api, setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting(MODERATION="approve_first")
    monkeypatch.setattr(review_lists, "MOST_LOOKED_AT", 2)
    for number in range(5):
        submit(api, email=f"{number}@example.com", rating=1 + number % 4)

    pages: list[list[int]] = []
    query: str | None = "?stars=1&limit=1"
    while query is not None:
        page = api.get(QUEUE + query, editor=True).body
        pages.append([one["rating"] for one in page["items"]])
        query = page["next_cursor"] and f"?stars=1&limit=1&cursor={page['next_cursor']}"
    cursor = api.get(f"{QUEUE}?stars=1&limit=1", editor=True).body["next_cursor"]

    assert pages == [[1], [], [1]]
    assert api.get(f"{QUEUE}?stars=2&cursor={cursor}", editor=True).code == "invalid_cursor"


def test_the_pages_of_the_queue_hold_everything_once(api: Api, setting: Setting) -> None:
    setting(MODERATION="approve_first")
    ids = [submit(api, email=f"reader-{number}@example.com").body["id"] for number in range(5)]

    pages: list[list[str]] = []
    query: str | None = "?limit=2"
    while query is not None:
        page = api.get(QUEUE + query, editor=True).body
        pages.append([one["id"] for one in page["items"]])
        query = page["next_cursor"] and f"?limit=2&cursor={page['next_cursor']}"

    assert pages == [ids[:2], ids[2:4], ids[4:]]


@pytest.mark.parametrize(
    "query",
    [
        "status=published",
        "status=",
        "limit=0",
        "limit=101",
        "article=No",
        "reason=No",
        "stars=6",
        "stars=%D9%A1",
    ],
)
def test_the_queue_refuses_what_it_does_not_know(api: Api, query: str) -> None:
    answer = api.get(f"{QUEUE}?{query}", editor=True)

    assert (answer.status, answer.code) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("taken", "status", "count"),
    [
        ("publish", ReviewStatus.PUBLISHED, 1),
        ("reject", ReviewStatus.REJECTED, 0),
        ("spam", ReviewStatus.SPAM, 0),
    ],
)
@pytest.mark.parametrize("moderation", ["publish_first", "approve_first"])
def test_a_decision_places_a_review(
    api: Api,
    deliver: Deliver,
    setting: Setting,
    moderation: str,
    taken: str,
    status: ReviewStatus,
    count: int,
) -> None:
    setting(MODERATION=moderation)
    review = submit(api).body
    deliver()

    answer = decide(api, (review, taken))
    deliver()

    assert answer.status == 200
    assert stored(review).status is status
    assert len(listed(api)) == count
    assert api.get(f"{ARTICLE}/tally").body["count"] == count
    assert queued(api) == []


def test_each_decision_has_a_result_in_its_place(api: Api) -> None:
    review, gone = submit(api).body, submit(api, email="alan@example.com").body
    withdraw(api, gone)

    answer = decide(
        api, (NOBODY, "publish"), (review, "reject"), (gone, "publish"), (review, "spam")
    )

    assert answer.body["results"] == [
        {"slug": builders.SLUG, "id": one["id"], "result": result}
        for one, result in [
            (NOBODY, "review_not_found"),
            (review, "changed"),
            (gone, "review_not_found"),
            (review, "changed"),
        ]
    ]


def test_the_same_decision_again_changes_nothing(api: Api) -> None:
    review = submit(api).body
    decide(api, (review, "reject"))
    before = stored(review)

    again = decide(api, (review, "reject"))

    assert results_of(again) == ["unchanged"]
    assert stored(review) == before


def test_a_decision_needs_the_reviews_own_article(api: Api) -> None:
    review = submit(api).body
    api.put("/articles/second-light", builders.article())

    answer = api.post(
        DECISIONS,
        {"decisions": [decision(slug="second-light", id=review["id"], decision="reject")]},
        editor=True,
    )

    assert results_of(answer) == ["review_not_found"]
    assert len(listed(api)) == 1


def test_twenty_five_decisions_are_taken(api: Api) -> None:
    answer = api.post(DECISIONS, {"decisions": [decision()] * 25}, editor=True)

    assert results_of(answer) == ["review_not_found"] * 25


@pytest.mark.parametrize(
    ("decisions", "codes"),
    [
        ([decision()] * 26, {"/decisions": "decisions_too_long"}),
        ([], {"/decisions": "decisions_invalid"}),
        (None, {"/decisions": "decisions_required"}),
        ([decision(decision="erase")], {"/decisions/0/decision": "decisions_decision_invalid"}),
        ([decision(id="not-a-ulid")], {"/decisions/0/id": "decisions_id_invalid"}),
        (
            [decision(), decision(slug="No Slug", note="n" * 501)],
            {
                "/decisions/1/slug": "decisions_slug_invalid",
                "/decisions/1/note": "decisions_note_too_long",
            },
        ),
        ([decision(by="me")], {"/decisions/0": "unknown_field"}),
    ],
    ids=["26", "0", "null", "decision", "id", "slug-and-note", "unknown"],
)
def test_malformed_decisions_are_refused(
    api: Api, decisions: list[object], codes: dict[str, str]
) -> None:
    answer = api.post(DECISIONS, {"decisions": decisions}, editor=True)

    assert (answer.status, answer.codes) == (422, codes)


def test_a_malformed_decision_holds_up_the_others(api: Api) -> None:
    review = submit(api).body
    decisions = [decision(id=review["id"], decision="reject"), decision(decision="erase")]

    answer = api.post(DECISIONS, {"decisions": decisions}, editor=True)

    assert answer.status == 422
    assert stored(review).status is ReviewStatus.PUBLISHED


def test_an_editors_note_is_kept_and_shown_to_nobody(api: Api) -> None:
    review = submit(api).body

    decide_with_note = api.post(
        DECISIONS,
        {"decisions": [decision(id=review["id"], decision="publish", note="seen-by-editors")]},
        editor=True,
    )

    assert "seen-by-editors" not in decide_with_note.text + api.get(REVIEWS).text


def test_a_reply_stands_under_its_review(api: Api) -> None:
    review = submit(api).body

    answer = api.put(f"/editor{REVIEWS}/{review['id']}/reply", {"message": " Thank you.\r\n"})

    assert answer.status == 200
    assert answer.body["reply"]["message"] == "Thank you."
    assert listed(api) == [answer.body]


def test_a_reply_to_what_vanishes_meanwhile_is_not_found(api: Api) -> None:
    review = submit(api).body
    key = keys.review(builders.SLUG, stored(review).key)
    delete = {"TableName": settings.current().content_table, "Key": key}

    with Faults(client.dynamodb()) as faults:
        # After the row was read, before it is written.
        faults.meanwhile(3, lambda: client.call("delete_item", **delete))
        answer = api.put(f"/editor{REVIEWS}/{review['id']}/reply", {"message": "Thank you."})

    assert (answer.status, answer.code) == (404, "review_not_found")
    # The last one asks whether the slug is an alias.
    assert faults.calls[-3:] == ["DeleteItem", "TransactWriteItems", "GetItem"]


def test_the_same_reply_again_changes_nothing(api: Api) -> None:
    review = submit(api).body
    path = f"/editor{REVIEWS}/{review['id']}/reply"
    first = api.put(path, {"message": "Thank you."})
    before = stored(review)

    again = api.put(path, {"message": "Thank you."})

    assert (again.status, again.body) == (200, first.body)
    assert stored(review) == before


def test_a_second_reply_replaces_the_first(api: Api) -> None:
    path = f"/editor{REVIEWS}/{submit(api).body['id']}/reply"
    api.put(path, {"message": "Thank you."})

    api.put(path, {"message": "Thank you, Grace."})

    assert [review["reply"]["message"] for review in listed(api)] == ["Thank you, Grace."]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, {"/message": "message_required"}),
        ({"message": "m" * 5001}, {"/message": "message_too_long"}),
        ({"message": "Thanks.", "name": "Ada"}, {"": "unknown_field"}),
    ],
    ids=["missing", "long", "unknown"],
)
def test_a_malformed_reply_is_refused(
    api: Api, body: dict[str, Any], codes: dict[str, str]
) -> None:
    review = submit(api).body

    answer = api.put(f"/editor{REVIEWS}/{review['id']}/reply", body)

    assert (answer.status, answer.codes) == (422, codes)


@pytest.mark.parametrize("target", ["nobody", "withdrawn", "elsewhere", "malformed"])
def test_nothing_to_reply_to_is_not_found(api: Api, target: str) -> None:
    review = submit(api).body
    withdraw(api, review)
    path = {
        "nobody": f"{REVIEWS}/{NOBODY['id']}",
        "withdrawn": f"{REVIEWS}/{review['id']}",
        "elsewhere": f"/articles/second-light/reviews/{review['id']}",
        "malformed": f"{REVIEWS}/%00",
    }[target]

    answer = api.put(f"/editor{path}/reply", {"message": "Thank you."})

    assert (answer.status, answer.code) == (404, "review_not_found")


def test_the_editors_list_shows_what_is_not_public(api: Api) -> None:
    api.put("/articles/a-draft", builders.article(status="draft"))
    api.put("/articles/gone", builders.article())
    api.delete("/articles/gone", editor=True, If_Match="*")

    items = api.get("/editor/articles", editor=True).body["items"]

    assert {(one["slug"], one["status"]) for one in items} == {
        ("a-draft", "draft"),
        ("gone", "retracted"),
    }
