"""
What everything costs, as docs/data-model.md has it: a bill for each who asks.

Exact numbers, so that a change of the key schema, a projection or an expression shows what it
does to the bill. `billing` says how large the article and its reviews are.
"""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.api import editor_articles
from chalicelib.guard import captcha, readers
from chalicelib.model import Outcome, ReviewStatus, now, rfc3339
from chalicelib.notices import audience, delivery
from chalicelib.store import articles, items
from chalicelib.workers import related, schedule
from chalicelib.workers.reconcile import reconcile
from chalicelib.workers.tally import tally_ratings
from tests import rows, seeding
from tests.billing import ARTICLE, REVIEWS, SLUG, WORD, Bill, Cost, article, furnish, submission
from tests.carriers import Post
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.event_source import Record
from tests.functional import notifying
from tests.functional.notifying import KEY
from tests.functional.test_links import tokens


@pytest.fixture
def house(api: Api, deliver: Deliver) -> Api:
    """An API with one article, published, ranked and reviewed by somebody."""
    furnish(api, deliver)
    return api


def decide(house: Api, review: str, decision: str, note: str = "") -> None:
    body = {"slug": SLUG, "id": review, "decision": decision, "note": note}
    assert house.post("/editor/reviews/decisions", {"decisions": [body]}, editor=True).status == 200


def count(*records: Record) -> None:
    assert tally_ratings({"Records": list(records)}, None) == {"batchItemFailures": []}


def test_reads(house: Api) -> None:
    bill = Bill()
    seeding.copy_article(SLUG, copies=24)
    seeding.copy_review(SLUG, total=25)
    related.compute([articles.get(SLUG).summary])
    narrowed = {"tag": f"tag={WORD}", "author": f"author=Ada%20{WORD}"}
    narrowed["tag&author"] = "&".join(narrowed.values())
    next_articles = house.get("/articles").body["next_cursor"]
    tag = house.get(ARTICLE).headers["etag"]

    with bill.of("GET /articles"):
        house.get("/articles")
    with bill.of("GET /articles, later page"):
        house.get(f"/articles?cursor={next_articles}")
    for name, query in narrowed.items():
        with bill.of(f"GET /articles?{name}"):
            house.get(f"/articles?{query}")
    with bill.of("GET /articles?sort=top"):
        house.get("/articles?sort=top")
    with bill.of("GET /articles?sort=top&tag&author"):
        house.get(f"/articles?sort=top&{narrowed['tag&author']}")
    with bill.of("GET /articles/{slug}"):
        assert len(house.get(ARTICLE).body["related"]) == 3
    with bill.of("GET /articles/{slug}, 304"):
        house.get(ARTICLE, If_None_Match=tag)
    with bill.of("GET /articles/{slug}, 404"):
        house.get(f"/articles/{WORD}")
    for numbers in ("tally", "moderation"):
        with bill.of(f"GET /articles/{{slug}}/{numbers}"):
            house.get(f"{ARTICLE}/{numbers}")
    for sort in ("newest", "oldest", "highest", "lowest", "helpful"):
        with bill.of(f"GET …/reviews?sort={sort}"):
            page = house.get(f"{REVIEWS}?sort={sort}").body
        with bill.of(f"GET …/reviews?sort={sort}, later page"):
            house.get(f"{REVIEWS}?sort={sort}&cursor={page['next_cursor']}")
    with bill.of("GET …/reviews, 404"):
        house.get(f"/articles/{WORD}/reviews")
    with bill.of("GET /health"):
        house.get("/health")
    with bill.of("GET /openapi.json"):
        house.get("/openapi.json")

    assert bill.unsafe == []
    assert bill.costs == {
        "GET /articles": Cost("Query BatchGetItem", read=11),
        "GET /articles, later page": Cost("Query BatchGetItem", read=3),
        "GET /articles?tag": Cost("Query BatchGetItem", read=11),
        "GET /articles?author": Cost("Query BatchGetItem", read=11),
        "GET /articles?tag&author": Cost("Query BatchGetItem", read=11),
        "GET /articles?sort=top": Cost("Query BatchGetItem", read=11),
        "GET /articles?sort=top&tag&author": Cost("Query BatchGetItem", read=11),
        "GET /articles/{slug}": Cost("BatchGetItem", read=2.5),
        "GET /articles/{slug}, 304": Cost("BatchGetItem", read=2.5),
        "GET /articles/{slug}, 404": Cost("BatchGetItem GetItem", read=2.5),
        "GET /articles/{slug}/tally": Cost("BatchGetItem", read=1),
        "GET /articles/{slug}/moderation": Cost("BatchGetItem", read=1),
        "GET …/reviews?sort=newest": Cost("Query", read=1.5),
        "GET …/reviews?sort=newest, later page": Cost("Query", read=0.5),
        "GET …/reviews?sort=oldest": Cost("Query", read=1.5),
        "GET …/reviews?sort=oldest, later page": Cost("Query", read=0.5),
        "GET …/reviews?sort=highest": Cost("Query", read=1.5),
        "GET …/reviews?sort=highest, later page": Cost("Query", read=0.5),
        "GET …/reviews?sort=lowest": Cost("Query", read=1.5),
        "GET …/reviews?sort=lowest, later page": Cost("Query", read=0.5),
        "GET …/reviews?sort=helpful": Cost("Query", read=1.5),
        "GET …/reviews?sort=helpful, later page": Cost("Query", read=0.5),
        "GET …/reviews, 404": Cost("Query GetItem GetItem", read=2.5),
        "GET /health": Cost("BatchGetItem", read=1),
        "GET /openapi.json": Cost(),
    }


def test_writes_of_a_reader(house: Api) -> None:
    bill = Bill()

    with bill.of("POST a review"):
        posted = house.post(REVIEWS, submission()).body
    path, token = f"{REVIEWS}/{posted['id']}", posted["manage_token"]
    with bill.of("POST the same again"):
        house.post(REVIEWS, submission())
    with bill.of("POST another of the same reader: a proposal"):
        house.post(REVIEWS, submission(rating=1))
    with bill.of("POST the same proposal again"):
        house.post(REVIEWS, submission(rating=1))
    with bill.of("POST to no article, 404"):
        house.post(f"/articles/{WORD}/reviews", submission())
    with bill.of("POST with errors, 422"):
        house.post(REVIEWS, {})
    with bill.of("PATCH the words"):
        house.patch(path, {"message": WORD}, token=token)
    with bill.of("PATCH the stars"):
        house.patch(path, {"rating": 2}, token=token)
    with bill.of("PATCH the same again"):
        house.patch(path, {"rating": 2}, token=token)
    with bill.of("POST a vote"):
        house.post(f"{path}/votes", {"vote": "helpful"})
    with bill.of("POST a vote again"):
        house.post(f"{path}/votes", {"vote": "helpful"})
    with bill.of("POST a vote on nothing, 404"):
        house.post(f"{REVIEWS}/{'0' * 26}/votes", {"vote": "helpful"})
    with bill.of("POST a report"):
        house.post(f"{path}/reports", {"reason": "spam", "message": WORD})
    with bill.of("POST a report again"):
        house.post(f"{path}/reports", {"reason": "spam", "message": WORD})
    with bill.of("DELETE"):
        house.delete(path, token=token)
    with bill.of("DELETE again"):
        house.delete(path, token=token)
    with bill.of("POST after DELETE"):
        house.post(REVIEWS, submission(message=WORD))

    assert bill.unsafe == []
    assert bill.costs == {
        "POST a review": Cost("TransactWriteItems", table=4, indexes=5),
        "POST the same again": Cost("TransactWriteItems", table=4),
        "POST another of the same reader: a proposal": Cost(
            "TransactWriteItems TransactWriteItems", table=8, indexes=3
        ),
        "POST the same proposal again": Cost("TransactWriteItems TransactWriteItems", table=8),
        "POST to no article, 404": Cost("TransactWriteItems GetItem", table=4, read=1),
        "POST with errors, 422": Cost(),
        "PATCH the words": Cost("UpdateItem", table=1, indexes=3),
        "PATCH the stars": Cost("UpdateItem", table=1, indexes=4),
        "PATCH the same again": Cost("UpdateItem", table=1),
        "POST a vote": Cost("Query BatchGetItem TransactWriteItems", 4, 4, 3.5),
        "POST a vote again": Cost("Query BatchGetItem", read=3.5),
        "POST a vote on nothing, 404": Cost("Query GetItem", read=1.5),
        "POST a report": Cost("Query BatchGetItem TransactWriteItems", 4, 1, 3.5),
        "POST a report again": Cost("Query BatchGetItem", read=3.5),
        "DELETE": Cost("UpdateItem", table=1, indexes=4),
        "DELETE again": Cost("UpdateItem", table=1),
        "POST after DELETE": Cost("TransactWriteItems TransactWriteItems", table=8, indexes=7),
    }


@pytest.mark.usefixtures("clock")  # stands at noon: after midnight two rows of a network are read
def test_writes_of_a_reader_on_guard(
    house: Api, setting: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = Bill()
    setting(CAPTCHA="turnstile", LIMITS="network=6/1h reader=3/1h article=9/1h site=9/1h site=9/1d")
    monkeypatch.setattr(captcha, "is_solved", lambda token: token != "bad")
    tokens = (f"token-{number}" for number in range(99))

    def post(token: str | None = None, **changes: Any) -> Answer:
        solved = token or next(tokens)
        return house.post(REVIEWS, submission(captcha_token=solved, **changes))

    with bill.of("POST a review"):
        posted = post().body
    with bill.of("POST the same again"):
        post()
    with bill.of("POST another of the same reader: a proposal"):
        post(rating=1)
    with bill.of("PATCH the stars"):
        house.patch(f"{REVIEWS}/{posted['id']}", {"rating": 2}, token=posted["manage_token"])
    with bill.of("POST a vote"):
        house.post(f"{REVIEWS}/{posted['id']}/votes", {"vote": "helpful"})
    with bill.of("POST to no article, 404"):
        house.post(f"/articles/{WORD}/reviews", submission(captcha_token="t"))
    with bill.of("POST with a captcha that is not solved, 422"):
        post("bad", rating=3)
    setting(LIMITS="network=9/1h reader=1/1h")
    with bill.of("POST of a reader at the limit, 429"):
        assert post(rating=4).status == 429
    setting(LIMITS="network=1/1h")
    with bill.of("POST of a network at the limit, 429"):
        assert post(rating=4).status == 429

    assert bill.unsafe == []
    three = "BatchGetItem UpdateItem TransactWriteItems"
    assert bill.costs == {
        "POST a review": Cost("BatchGetItem PutItem TransactWriteItems", 17, 5, 12),
        "POST the same again": Cost("BatchGetItem UpdateItem", 1, 0, 12),
        "POST another of the same reader: a proposal": Cost(three, 17, 3, 12),
        "PATCH the stars": Cost("BatchGetItem UpdateItem UpdateItem", 2, 4, 4),
        "POST a vote": Cost("Query BatchGetItem UpdateItem TransactWriteItems", 5, 4, 4.5),
        "POST to no article, 404": Cost("BatchGetItem GetItem", 0, 0, 13),
        "POST with a captcha that is not solved, 422": Cost("BatchGetItem UpdateItem", 1, 0, 12),
        "POST of a reader at the limit, 429": Cost("BatchGetItem UpdateItem", 1, 0, 10),
        "POST of a network at the limit, 429": Cost("BatchGetItem", 0, 0, 9),
    }


def test_writes_under_moderation(house: Api, setting: Callable[..., None]) -> None:
    bill = Bill()
    setting(MODERATION="approve_first")

    with bill.of("POST a review"):
        posted = house.post(REVIEWS, submission()).body
    review, token = posted["id"], posted["manage_token"]
    setting(MODERATION="approve_first", WEBHOOKS="on")
    with bill.of("POST a review of which somebody is told"):
        house.post(REVIEWS, submission(email="alan@example.com"))
    setting(MODERATION="approve_first", WEBHOOKS="off")
    with bill.of("PATCH the words while it waits"):
        house.patch(f"{REVIEWS}/{review}", {"message": WORD}, token=token)
    with bill.of("GET /editor/reviews"):
        house.get("/editor/reviews", editor=True)
    with bill.of("decision: publish"):
        decide(house, review, "publish")
    with bill.of("decision: publish again"):
        decide(house, review, "publish")
    house.post(f"{REVIEWS}/{review}/reports", {"reason": "spam"})
    with bill.of("GET /editor/reviews?status=reported"):
        house.get("/editor/reviews?status=reported", editor=True)
    with bill.of("GET …/reports"):
        house.get(f"/editor{REVIEWS}/{review}/reports", editor=True)
    with bill.of("decision: publish what was reported"):
        decide(house, review, "publish")
    with bill.of("GET …/reviews/{id}/decisions"):
        house.get(f"/editor{REVIEWS}/{review}/decisions", editor=True)
    with bill.of("GET …/{slug}/decisions"):
        house.get(f"/editor{ARTICLE}/decisions", editor=True)
    with bill.of("PUT a reply"):
        house.put(f"/editor{REVIEWS}/{review}/reply", {"message": WORD})
    with bill.of("PATCH the stars: it waits again"):
        house.patch(f"{REVIEWS}/{review}", {"rating": 2}, token=token)
    with bill.of("decision: reject"):
        decide(house, review, "reject", note=WORD)
    proposal = house.post(REVIEWS, submission(rating=1)).body["id"]
    with bill.of("decision: publish a proposal"):
        decide(house, proposal, "publish")
    with bill.of("decision: no such review"):
        decide(house, "0" * 26, "spam")

    assert bill.unsafe == []
    assert bill.costs == {
        "POST a review": Cost("TransactWriteItems", table=4, indexes=3),
        "POST a review of which somebody is told": Cost("TransactWriteItems", table=6, indexes=5),
        "PATCH the words while it waits": Cost("UpdateItem UpdateItem", table=2, indexes=1),
        "GET /editor/reviews": Cost("Query", read=0.5),
        "decision: publish": Cost("Query GetItem TransactWriteItems", 4, 6, 1.5),
        "decision: publish again": Cost("Query GetItem", read=1.5),
        "GET /editor/reviews?status=reported": Cost("Query", read=0.5),
        "GET …/reports": Cost("Query Query", read=1),
        "decision: publish what was reported": Cost("Query GetItem TransactWriteItems", 4, 3, 1.5),
        "GET …/reviews/{id}/decisions": Cost("Query Query", read=1),
        "GET …/{slug}/decisions": Cost("Query", read=0.5),
        "PUT a reply": Cost("Query GetItem TransactWriteItems", 4, 5, 1.5),
        "PATCH the stars: it waits again": Cost("UpdateItem", table=1, indexes=4),
        "decision: reject": Cost("Query GetItem TransactWriteItems", 4, 4, 1.5),
        "decision: publish a proposal": Cost("Query GetItem GetItem TransactWriteItems", 8, 9, 2.5),
        "decision: no such review": Cost("Query GetItem", read=1.5),
    }


def test_writes_of_an_editor(house: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    # A change in the second of the one before finds its row in the list of changes; none here does.
    seconds = itertools.count(1)
    later = lambda: now() + timedelta(seconds=next(seconds))  # noqa: E731
    monkeypatch.setattr(editor_articles, "now", later)
    bill = Bill()
    other = f"/articles/{WORD}-dusk"
    desk = f"/editor{other}"

    with bill.of("PUT a draft"):
        house.put(other, article(status="draft"))
    with bill.of("PUT the same again"):
        house.put(other, article(status="draft"))
    with bill.of("GET /editor/articles"):
        house.get("/editor/articles", editor=True)
    with bill.of("PATCH: publish it"):
        house.patch(other, {"status": "published"}, editor=True, If_Match='"1"')
    with bill.of("PATCH the title"):
        house.patch(other, {"title": f"{WORD} again"}, editor=True, If_Match='"2"')
    with bill.of("PATCH a stale revision, 412"):
        house.patch(other, {"title": WORD}, editor=True, If_Match='"2"')
    with bill.of("PATCH the tags"):
        house.patch(other, {"tags": [f"{WORD}-2"]}, editor=True, If_Match='"3"')
    with bill.of("PUT a changed one"):
        house.put(other, article(title=WORD), If_Match='"4"')
    with bill.of("DELETE: retract it"):
        house.delete(other, editor=True, If_Match='"5"')
    with bill.of("GET /editor/articles?status"):
        house.get("/editor/articles?status=retracted", editor=True)
    with bill.of("GET …/revisions"):
        house.get(f"{desk}/revisions", editor=True)
    with bill.of("GET …/revisions/{revision}"):
        house.get(f"{desk}/revisions/3", editor=True)
    with bill.of("POST …/restore"):
        house.post(f"{desk}/revisions/3/restore", editor=True, If_Match='"6"')
    with bill.of("PUT …/freeze"):
        house.put(f"{desk}/freeze", {"after_days": 7})
    with bill.of("DELETE …/freeze"):
        house.delete(f"{desk}/freeze", editor=True)
    with bill.of("POST …/move"):
        house.post(f"{desk}/move", {"slug": f"{WORD}-dawn"}, editor=True, If_Match="*")
    with bill.of("PUT a published one"):
        house.put(f"/articles/{WORD}", article())
    monkeypatch.setattr(schedule, "now", lambda: now().replace(minute=30))
    with bill.of("a minute in which nothing is due"):
        schedule.run()
    soon = rfc3339(now() + timedelta(hours=1))
    house.put(f"{other}-2", article(status="scheduled", published_at=soon))
    monkeypatch.setattr(schedule, "now", lambda: (now() + timedelta(hours=2)).replace(minute=30))
    with bill.of("a minute in which an article is due"):
        assert schedule.run() == {"published": 1}

    assert bill.unsafe == []
    assert bill.costs == {
        "PUT a draft": Cost("TransactWriteItems BatchGetItem", table=28, read=1),
        "PUT the same again": Cost("TransactWriteItems BatchGetItem", table=28, read=1),
        "GET /editor/articles": Cost("Query", read=0.5),
        "PATCH: publish it": Cost(
            "GetItem TransactWriteItems BatchGetItem", table=52, indexes=8, read=4
        ),
        "PATCH the title": Cost("GetItem TransactWriteItems BatchGetItem", table=46, read=4),
        "PATCH a stale revision, 412": Cost("GetItem", read=3),
        "PATCH the tags": Cost("GetItem TransactWriteItems BatchGetItem", table=48, read=4),
        "PUT a changed one": Cost("GetItem TransactWriteItems BatchGetItem", table=48, read=4),
        "DELETE: retract it": Cost("GetItem TransactWriteItems", table=52, indexes=8, read=3),
        "GET /editor/articles?status": Cost("Query", read=0.5),
        "GET …/revisions": Cost("GetItem Query", read=6.5),
        "GET …/revisions/{revision}": Cost("GetItem GetItem GetItem", read=5),
        "POST …/restore": Cost(
            "GetItem GetItem GetItem TransactWriteItems BatchGetItem", table=44, read=8
        ),
        "PUT …/freeze": Cost("GetItem TransactWriteItems BatchGetItem", table=46, read=4),
        "DELETE …/freeze": Cost("GetItem TransactWriteItems", table=46, read=3),
        "POST …/move": Cost("GetItem TransactWriteItems BatchGetItem", table=46, read=4),
        "PUT a published one": Cost("TransactWriteItems BatchGetItem", table=38, indexes=8, read=1),
        "a minute in which nothing is due": Cost("Query Query", read=1),
        "a minute in which an article is due": Cost(
            "Query GetItem TransactWriteItems Query", table=54, indexes=8, read=4
        ),
    }


def test_the_first_minute_of_an_hour(
    house: Api, setting: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = Bill()
    hour = (now() + timedelta(days=31)).replace(minute=0)
    monkeypatch.setattr(schedule, "now", lambda: hour)
    setting(RETENTION="spam=30d rejected=30d")

    with bill.of("the first minute of an hour in which nothing is due"):
        assert schedule.run() == {"published": 0}
    review = house.post(REVIEWS, submission()).body["id"]
    decide(house, review, "spam")
    with bill.of("the first minute of an hour in which a review is forgotten"):
        assert schedule.run() == {"published": 0, "forgotten": 1}

    assert bill.unsafe == []
    assert bill.costs == {
        "the first minute of an hour in which nothing is due": Cost(
            "Query Query Query Query", read=2
        ),
        "the first minute of an hour in which a review is forgotten": Cost(
            "Query Query Query Query TransactWriteItems Query", table=4, indexes=4, read=2.5
        ),
    }


def test_workers(house: Api, deliver: Deliver) -> None:
    bill = Bill()
    one, *others = [rows.review(number, slug=SLUG) for number in range(1, 52)]
    edited = rows.review(1, slug=SLUG, revision=2, message=WORD)
    rejected = rows.review(1, slug=SLUG, revision=3, status=ReviewStatus.REJECTED)
    waits = rows.review(60, slug=SLUG, status=ReviewStatus.PENDING)
    spam, other_spam = (
        rows.review(number, slug=SLUG, status=ReviewStatus.SPAM, expires_at=1_800_000_000)
        for number in (61, 62)
    )
    called = replace(other_spam, revision=2, outcome=Outcome.REMOVED, expires_at=None)
    first = rows.record(None, one)
    batch = [rows.record(None, other, number) for number, other in enumerate(others, 2)]

    with bill.of("reconcile an article, all well"):
        reconcile(SLUG, repair=True)
    with bill.of("count a review"):
        count(first)
    with bill.of("count it again"):
        count(first)
    with bill.of("count 50 reviews"):
        count(*batch)
    with bill.of("count them again"):
        count(*batch)
    with bill.of("an edit of the words alone"):
        count(rows.record(one, edited))
    with bill.of("a decision that hides a review"):
        count(rows.record(edited, rejected))
    with bill.of("a review that waits"):
        count(rows.record(None, waits))
    with bill.of("a decision that publishes it"):
        count(rows.record(waits, replace(waits, revision=2, status=ReviewStatus.PUBLISHED)))
    with bill.of("what the filter takes for spam"):
        count(rows.record(None, spam))
    with bill.of("the same, forgotten"):
        count(rows.record(spam, None))
    with bill.of("the same, called spam by an editor"):
        count(rows.record(other_spam, called))
    with bill.of("a record that cannot be read"):
        count(rows.record_of(None, items.review_item(one) | {"rating": {"S": WORD}}))
    house.put(f"/articles/{WORD}", article(tags=[]))
    with bill.of("rank a published article without tags"):
        deliver()

    assert bill.unsafe == []
    assert bill.costs == {
        "reconcile an article, all well": Cost(
            "GetItem Query GetItem Query GetItem BatchGetItem BatchGetItem Query Query Query Query",
            read=13,
        ),
        "count a review": Cost("BatchGetItem TransactWriteItems", table=4, indexes=2, read=2),
        "count it again": Cost("BatchGetItem", read=2),
        "count 50 reviews": Cost("BatchGetItem TransactWriteItems", table=102, indexes=2, read=51),
        "count them again": Cost("BatchGetItem", read=51),
        "an edit of the words alone": Cost(),
        "a decision that hides a review": Cost(
            "BatchGetItem TransactWriteItems", table=4, indexes=2, read=2
        ),
        "a review that waits": Cost("BatchGetItem TransactWriteItems", table=4, indexes=1, read=2),
        "a decision that publishes it": Cost(
            "BatchGetItem TransactWriteItems", table=4, indexes=2, read=2
        ),
        "what the filter takes for spam": Cost(
            "BatchGetItem TransactWriteItems", table=4, indexes=1, read=2
        ),
        "the same, forgotten": Cost("BatchGetItem TransactWriteItems", table=4, indexes=1, read=2),
        "the same, called spam by an editor": Cost(
            "BatchGetItem TransactWriteItems", table=6, indexes=1, read=3
        ),
        "a record that cannot be read": Cost("PutItem", table=1),
        "rank a published article without tags": Cost(
            "BatchGetItem UpdateItem", table=1, indexes=1, read=1
        ),
    }


def test_related_articles(house: Api, deliver: Deliver) -> None:
    """Of an article with two tags among 25 others that have both: six stand near it."""
    bill = Bill()
    seeding.copy_article(SLUG, copies=24)
    deliver()
    other = f"/articles/{SLUG}-12-new"

    house.put(other, article())
    with bill.of("publish"):
        deliver()
    house.patch(other, {"title": WORD}, editor=True, If_Match="*")
    with bill.of("another title"):
        deliver()
    house.patch(other, {"body_markdown": WORD}, editor=True, If_Match="*")
    with bill.of("another text"):
        deliver()
    house.delete(other, editor=True, If_Match="*")
    with bill.of("retract"):
        deliver()

    assert bill.unsafe == []
    queries, rows_and_places = "Query Query Query Query", "BatchGetItem BatchGetItem"
    three = "UpdateItem UpdateItem UpdateItem"
    assert bill.costs == {
        "publish": Cost(
            f"BatchGetItem UpdateItem {queries} {rows_and_places} {queries}"
            f" UpdateItem {three} {three}",
            table=8,
            indexes=1,
            read=23,
        ),
        "another title": Cost(
            f"BatchGetItem {queries} {rows_and_places} {queries} UpdateItem {three} {three}",
            table=7,
            read=23,
        ),
        "another text": Cost(),
        "retract": Cost(
            f"BatchGetItem UpdateItem {queries} UpdateItem {rows_and_places}"
            f" {queries} UpdateItem {three} {queries} UpdateItem UpdateItem",
            table=8,
            indexes=1,
            read=25,
        ),
    }


def test_notifications(
    house: Api, setting: Callable[..., None], post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = Bill()
    told = notifying.House()
    for module in (audience, delivery):
        monkeypatch.setattr(module, "now", told.now)
    setting(**notifying.MAIL, MODERATION="approve_first")
    told.carry()

    with bill.of("POST a review whose reader wants mail"):
        house.post(REVIEWS, submission(notify=True))
    records = told.unread()
    with bill.of("tell its reader and an editor"):
        notifying.again(records)
    with bill.of("the same record again"):
        notifying.again(records)
    with bill.of("a look at what is due: nothing"):
        delivery.sweep()
    setting(WEBHOOKS="on", MAIL_FROM="", STAGE="local", WEBHOOK_URLS="https://127.0.0.1:1/ " + KEY)
    with bill.of("POST a review of which a service is told"):
        house.post(REVIEWS, submission(email="alan@example.com"))
    records = told.unread()
    with bill.of("a service that does not answer"):
        notifying.again(records)
    with bill.of("it does not answer again"):
        told.wait(minutes=1)
    (waiting,) = notifying.waiting()
    name = waiting["pk"].removeprefix("O#")
    waits = house.post(REVIEWS, submission(email="grace@example.com")).body
    with bill.of("a decision of which a service is told"):
        decide(house, waits["id"], "publish")
    with bill.of("a reply of which a service is told"):
        house.put(f"/editor{REVIEWS}/{waits['id']}/reply", {"message": WORD})
    with bill.of("DELETE of which a service is told"):
        house.delete(f"{REVIEWS}/{waits['id']}", token=waits["manage_token"])
    with bill.of("GET /editor/notifications"):
        house.get("/editor/notifications", editor=True)
    with bill.of("POST a retry"):
        house.post(f"/editor/notifications/{name}/retry", editor=True)

    assert len(post.letters) == 2
    assert bill.unsafe == []
    assert bill.costs == {
        "POST a review whose reader wants mail": Cost("TransactWriteItems", table=8, indexes=5),
        "tell its reader and an editor": Cost(
            "UpdateItem GetItem GetItem GetItem UpdateItem", table=2, indexes=3, read=5
        ),
        "the same record again": Cost("UpdateItem", table=1),
        "a look at what is due: nothing": Cost("Query", read=0.5),
        "POST a review of which a service is told": Cost("TransactWriteItems", table=6, indexes=5),
        "a service that does not answer": Cost("UpdateItem UpdateItem", table=2, indexes=5),
        "it does not answer again": Cost("Query UpdateItem UpdateItem", 2, 8, 0.5),
        "a decision of which a service is told": Cost(
            "Query GetItem TransactWriteItems", 6, 8, 1.5
        ),
        "a reply of which a service is told": Cost("Query GetItem TransactWriteItems", 6, 7, 1.5),
        "DELETE of which a service is told": Cost("TransactWriteItems", table=4, indexes=5),
        "GET /editor/notifications": Cost("Query", read=0.5),
        "POST a retry": Cost("GetItem UpdateItem", table=1, indexes=4, read=1),
    }


def test_privacy(
    house: Api, setting: Callable[..., None], post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill, told = Bill(), notifying.House()
    # After midnight yesterday's counter of a network is read too.
    monkeypatch.setattr(readers, "now", lambda: now().replace(hour=12))
    setting(**notifying.MAIL)
    email = "grace@example.com"
    review = house.post(REVIEWS, submission(email=email, notify=True)).body["id"]
    house.post(REVIEWS, submission(email=email, rating=1))
    setting(**dict.fromkeys(notifying.MAIL))
    house.post(f"{REVIEWS}/{review}/reports", {"reason": "spam"})
    body = {"email": email}

    with bill.of("POST /editor/readers/export"):
        house.post("/editor/readers/export", body, editor=True, tells_reader=True)
    with bill.of("POST /editor/readers/erase: a review, reported, a proposal, a contact"):
        house.post("/editor/readers/erase", body, editor=True)
    with bill.of("POST /editor/readers/erase again"):
        house.post("/editor/readers/erase", body, editor=True)
    with bill.of("POST /editor/readers/export of nobody"):
        house.post("/editor/readers/export", body, editor=True)

    house.post(REVIEWS, submission(email=email))
    setting(**notifying.MAIL)
    told.unread()
    with bill.of("POST /readers/requests"):
        house.post("/readers/requests", body | {"action": "erase"})
    with bill.of("send its link"):
        told.carry()
    (token,) = tokens(post.to(email)[0])
    with bill.of("POST /links/description, to erase"):
        house.post("/links/description", {"token": token})
    with bill.of("POST /links, to erase: a review"):
        house.post("/links", {"token": token})
    with bill.of("POST /links, to erase, again"):
        house.post("/links", {"token": token})
    setting(LIMITS="network=9/1h")
    with bill.of("POST /readers/requests, LIMITS on"):
        house.post("/readers/requests", {"email": "x@example.com", "action": "export"})
    with bill.of("find nothing of it"):
        told.carry()

    assert bill.unsafe == []
    assert bill.costs == {
        "POST /editor/readers/export": Cost("Query BatchGetItem GetItem", read=3.5),
        "POST /editor/readers/erase: a review, reported, a proposal, a contact": Cost(
            "Query TransactWriteItems Query BatchGetItem"
            " Query Query TransactWriteItems Query Query TransactWriteItems UpdateItem",
            table=19,
            indexes=11,
            read=6.5,
        ),
        "POST /editor/readers/erase again": Cost(
            "Query TransactWriteItems Query UpdateItem", table=5, read=1.5
        ),
        "POST /editor/readers/export of nobody": Cost("Query GetItem", read=1.5),
        "POST /readers/requests": Cost("BatchGetItem TransactWriteItems", 6, 2, 1),
        "POST /readers/requests, LIMITS on": Cost(
            "BatchGetItem PutItem TransactWriteItems", 7, 2, 2
        ),
        "send its link": Cost("UpdateItem GetItem Query TransactWriteItems", 5, 3, 1.5),
        "find nothing of it": Cost(
            "UpdateItem GetItem Query GetItem TransactWriteItems", 5, 3, 2.5
        ),
        "POST /links/description, to erase": Cost("Query", read=0.5),
        "POST /links, to erase: a review": Cost(
            "GetItem Query TransactWriteItems Query BatchGetItem"
            " Query Query TransactWriteItems UpdateItem",
            table=11,
            indexes=6,
            read=5,
        ),
        "POST /links, to erase, again": Cost("GetItem Query GetItem", read=2.5),
    }
