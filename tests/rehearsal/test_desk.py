"""A day at the editors' desk, in its order, on deployed functions with their own roles."""

from typing import Any, Final

import pytest

from tests import builders, privacy
from tests.client import Answer, Api
from tests.packaging.local_server import wait_until

LAMP: Final = "desk-lamp"
MOVED: Final = "desk-light"
OTHER: Final = "desk-shade"
EDITORS: Final = f"/editor/articles/{LAMP}"
REVIEWS: Final = f"/articles/{LAMP}/reviews"
EMAILS: Final = {name: f"{name}@desk.example" for name in ("ann", "ben", "cleo")}
_SETTLED: Final = 30


def ok(answer: Answer, status: int = 200) -> Any:
    """Give what an answer says, if it is the one that was expected."""
    assert answer.status == status, answer.text
    return answer.body if answer.text else None


def counts(api: Api) -> tuple[int, ...]:
    """Give how many were received, published, held, removed and withdrawn."""
    found = ok(api.get(f"/articles/{MOVED}/moderation"))
    names = ("received", "published", "held", "removed", "withdrawn")
    return tuple(found[name] for name in names)


@pytest.fixture(scope="module")
def desk(visitor: Api) -> Api:
    """Two articles of the same tags."""
    for slug in (LAMP, OTHER):
        ok(visitor.put(f"/articles/{slug}", builders.article(title=slug, tags=["desk"])), 201)
    return visitor


@pytest.fixture(scope="module")
def reviews(desk: Api) -> dict[str, dict[str, Any]]:
    """Three reviews by three readers."""
    for email in EMAILS.values():
        privacy.remember(email)
    return {
        name: ok(desk.post(REVIEWS, builders.submission(name=name, email=email, rating=stars)), 201)
        for stars, (name, email) in enumerate(EMAILS.items(), 3)
    }


def test_related_articles_find_each_other(desk: Api) -> None:
    def related() -> list[str]:
        return [one["slug"] for one in ok(desk.get(f"/articles/{LAMP}"))["related"]]

    wait_until(lambda: related() == [OTHER], _SETTLED)


def test_a_change_is_a_revision_that_can_be_restored(desk: Api) -> None:
    title = {"title": "A lamp for a desk"}
    ok(desk.patch(f"/articles/{LAMP}", title, editor=True, If_Match="*"))

    ok(desk.get(f"{EDITORS}/revisions/1", editor=True))
    restored = desk.post(f"{EDITORS}/revisions/1/restore", editor=True, If_Match="*")

    assert ok(restored)["title"] == LAMP
    listed = ok(desk.get(f"{EDITORS}/revisions", editor=True))
    assert [one["revision"] for one in listed["items"]] == [3, 2, 1]


def test_readers_and_editors_deal_with_reviews(
    desk: Api, reviews: dict[str, dict[str, Any]]
) -> None:
    ann, ben = reviews["ann"], reviews["ben"]
    ok(desk.post(f"{REVIEWS}/{ann['id']}/votes", {"vote": "helpful"}))
    ok(desk.post(f"{REVIEWS}/{ben['id']}/reports", {"reason": "spam"}), 204)

    reported = ok(desk.get(f"/editor/reviews?status=reported&article={LAMP}", editor=True))
    assert [one["id"] for one in reported["items"]] == [ben["id"]]
    assert ok(desk.get(f"{EDITORS}/reviews/{ben['id']}/reports", editor=True))["items"]

    decision = {"slug": LAMP, "id": ben["id"], "decision": "reject", "note": "an advertisement"}
    decided = desk.post("/editor/reviews/decisions", {"decisions": [decision]}, editor=True)
    assert [one["result"] for one in ok(decided)["results"]] == ["changed"]
    ok(desk.put(f"{EDITORS}/reviews/{ann['id']}/reply", {"message": "Thank you."}))

    of_ben = ok(desk.get(f"{EDITORS}/reviews/{ben['id']}/decisions", editor=True))
    assert [(one["action"], one["note"]) for one in of_ben["items"]] == [
        ("reject", "an advertisement")
    ]
    of_article = ok(desk.get(f"{EDITORS}/decisions", editor=True))
    assert {one["action"] for one in of_article["items"]} >= {"reject", "reply"}
    ok(desk.get("/editor/notifications?status=pending", editor=True))


def test_a_frozen_article_takes_no_reviews(desk: Api) -> None:
    ok(desk.put(f"{EDITORS}/freeze", {"after_days": 0}))
    refused = desk.post(REVIEWS, builders.submission(email="late@desk.example"))
    ok(desk.delete(f"{EDITORS}/freeze", editor=True), 204)

    assert (refused.status, refused.code) == (409, "reviews_frozen")


def test_the_block_list_grows_and_shrinks(desk: Api) -> None:
    word = {"kind": "word", "value": "lampshade-lottery", "effect": "hold", "note": ""}
    block = desk.post("/editor/blocks", word, editor=True).body

    assert block["id"] in str(ok(desk.get("/editor/blocks", editor=True)))
    assert desk.delete(f"/editor/blocks/{block['id']}", editor=True).status == 204


def test_a_moved_article_is_found_and_its_counts_with_it(
    desk: Api, reviews: dict[str, dict[str, Any]]
) -> None:
    ok(desk.post(f"{EDITORS}/move", {"slug": MOVED}, editor=True, If_Match="*"))

    old = desk.get(f"/articles/{LAMP}")
    assert (old.status, old.headers["location"].endswith(f"/articles/{MOVED}")) == (308, True)
    wait_until(lambda: counts(desk) == (3, 2, 0, 1, 0), _SETTLED)


def test_a_reader_is_given_everything_and_erased(
    desk: Api, reviews: dict[str, dict[str, Any]]
) -> None:
    reader = {"email": EMAILS["cleo"]}
    held = desk.post("/editor/readers/export", reader, editor=True, tells_reader=True)
    assert [one["id"] for one in ok(held)["items"]] == [reviews["cleo"]["id"]]

    receipt = ok(desk.post("/editor/readers/erase", reader, editor=True))

    assert (receipt["reviews"], receipt["is_complete"]) == (1, True)
    again = desk.post("/editor/readers/export", reader, editor=True, tells_reader=True)
    assert ok(again)["items"] == []
    wait_until(lambda: counts(desk) == (3, 1, 0, 1, 1), _SETTLED)


def test_what_this_stage_does_not_offer_is_said(desk: Api) -> None:
    asked = desk.post("/readers/requests", {"email": EMAILS["ann"], "action": "export"})

    assert (asked.status, asked.code) == (404, "route_not_found")
    assert ok(desk.get("/consent"))["required"] is False
    assert desk.get("/links").status == 200


def test_a_retracted_article_is_gone_with_its_reason(desk: Api) -> None:
    path = f"/articles/{MOVED}?reason=mistaken"
    assert desk.delete(path, editor=True, If_Match="*").status == 204

    gone = desk.get(f"/articles/{MOVED}")
    assert (gone.status, gone.code) == (410, "article_retracted")
    wait_until(lambda: ok(desk.get(f"/articles/{OTHER}"))["related"] == [], _SETTLED)
