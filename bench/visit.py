"""A visit of the suite's typical house, each request on a bill of its own."""

from typing import Any, Final

from chalicelib.workers.tally import tally_ratings
from localdev import aws
from localdev.stream import StreamReader
from tests import rows, seeding
from tests.billing import ARTICLE, REVIEWS, SLUG, WORD, Bill, article, furnish, submission
from tests.client import Api

_ARTICLES: Final = 25
_REVIEWS: Final = 25
_BATCH: Final = 50


def pay(api: Api, bill: Bill) -> None:
    """Read, write and count, on tables that are empty."""
    furnish(api, _deliver)
    seeding.copy_article(SLUG, copies=_ARTICLES - 1)
    seeding.copy_review(SLUG, total=_REVIEWS)
    _read(api, bill)
    _review(api, bill)
    _edit(api, bill)
    _count(bill)


def _read(api: Api, bill: Bill) -> None:
    paths = {
        "GET /articles": "/articles",
        "GET /articles?sort=top": "/articles?sort=top",
        "GET /articles/{slug}": ARTICLE,
        "GET /articles/{slug}/tally": f"{ARTICLE}/tally",
        "GET /articles/{slug}/reviews": REVIEWS,
        "GET /health": "/health",
    }
    for name, path in paths.items():
        with bill.of(name):
            api.get(path)


def _review(api: Api, bill: Bill) -> None:
    # The limits that a deployment has unless told.
    with aws.told(LIMITS=None):
        api.post(REVIEWS, submission(email=f"guarded.{WORD}@example.com"))
        with bill.of("POST /articles/{slug}/reviews"):
            api.post(REVIEWS, submission(email=f"again.{WORD}@example.com"))
    with bill.of("POST /articles/{slug}/reviews, without limits"):
        posted = api.post(REVIEWS, submission()).body
    path, token = f"{REVIEWS}/{posted['id']}", posted["manage_token"]
    with bill.of("PATCH /articles/{slug}/reviews/{id}"):
        api.patch(path, {"message": f"{WORD} again"}, token=token)
    with bill.of("PUT /editor/articles/{slug}/reviews/{id}/reply"):
        api.put(f"/editor{path}/reply", {"message": WORD})
    with bill.of("DELETE /articles/{slug}/reviews/{id}"):
        api.delete(path, token=token)
    other = api.post(REVIEWS, submission(email=f"other.{WORD}@example.com")).body
    decision = {"slug": SLUG, "id": other["id"], "decision": "reject", "note": ""}
    with bill.of("POST /editor/reviews/decisions, one"):
        api.post("/editor/reviews/decisions", {"decisions": [decision]}, editor=True)
    with bill.of("GET /editor/reviews"):
        api.get("/editor/reviews", editor=True)


def _edit(api: Api, bill: Bill) -> None:
    path = f"/articles/{WORD}-dusk"
    with bill.of("PUT /articles/{slug}"):
        api.put(path, article())
    with bill.of("PATCH /articles/{slug}"):
        api.patch(path, {"title": WORD}, editor=True, If_Match='"1"')
    with bill.of("DELETE /articles/{slug}"):
        api.delete(path, editor=True, If_Match='"2"')
    with bill.of("GET /editor/articles"):
        api.get("/editor/articles", editor=True)


def _count(bill: Bill) -> None:
    records = [
        rows.record(None, rows.review(number, slug=SLUG), number) for number in range(1, _BATCH + 2)
    ]
    with bill.of("tally: one review"):
        tally_ratings({"Records": records[:1]}, None)
    with bill.of(f"tally: {_BATCH} reviews in a batch"):
        tally_ratings({"Records": records[1:]}, None)


def _deliver() -> list[dict[str, Any]]:
    records = StreamReader().read()
    tally_ratings({"Records": records}, None)
    return records
