"""The budgets that hold whatever is stored; test_costs has the whole bill."""

import ast
from pathlib import Path
from typing import Any

import pytest

import chalicelib
from chalicelib.model import ReviewKey, ReviewStatus
from chalicelib.workers.tally import tally_ratings
from tests import rows, seeding
from tests.billing import ARTICLE, REVIEWS, SLUG, WORD, Bill, Cost, furnish, submission
from tests.client import Api
from tests.conftest import Deliver
from tests.event_source import Record
from tests.metering import Meter


@pytest.fixture
def house(api: Api, deliver: Deliver) -> Api:
    """An API with one article, published, ranked and reviewed by somebody."""
    furnish(api, deliver)
    return api


def reviewed(first: int, last: int) -> list[Record]:
    """Give the records of new reviews of the article by the readers of these numbers."""
    return [
        rows.record(None, rows.review(number, slug=SLUG), number)
        for number in range(first, last + 1)
    ]


def count(*records: Record) -> Meter:
    with Meter() as meter:
        assert tally_ratings({"Records": list(records)}, None) == {"batchItemFailures": []}
    return meter


@pytest.mark.usefixtures("house")
class TestTally:
    def test_batch_of_fifty_costs_two_write_units_a_review_and_two_of_the_tally(self) -> None:
        meter = count(*reviewed(1, 50))

        assert meter.table_units / 50 <= 2.2
        assert meter.index_units["by_rank"] <= 2

    def test_review_alone_costs_four_write_units(self) -> None:
        meter = count(*reviewed(1, 1))

        assert meter.table_units <= 4
        assert meter.index_units["by_rank"] <= 2

    @pytest.mark.parametrize("key", ["R", "P"])
    def test_reviews_that_wait_cost_no_more_and_move_no_article(self, key: str) -> None:
        held = [
            rows.review(
                number,
                slug=SLUG,
                key=ReviewKey(key, rows.digest(number)),
                status=ReviewStatus.PENDING,
            )
            for number in range(1, 52)
        ]

        alone = count(rows.record(None, held[0]))
        batch = count(*(rows.record(None, one, number) for number, one in enumerate(held[1:], 2)))

        assert alone.table_units <= 4
        assert batch.table_units / 50 <= 2.2
        assert alone.index_units["by_rank"] == batch.index_units["by_rank"] == 1

    def test_redelivered_batch_writes_nothing(self) -> None:
        count(*reviewed(1, 50))

        meter = count(*reviewed(1, 50))

        assert (meter.operations, meter.table_units) == (["BatchGetItem"], 0)

    def test_older_record_after_a_newer_one_writes_nothing(self) -> None:
        review = rows.review(1, slug=SLUG)
        count(rows.record(review, rows.review(1, slug=SLUG, revision=2, rating=1)))

        meter = count(rows.record(None, review))

        assert (meter.operations, meter.table_units) == (["BatchGetItem"], 0)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param({}, {"message": WORD}, id="an edit of the words"),
            pytest.param(
                {"status": ReviewStatus.SPAM}, {"status": ReviewStatus.PENDING}, id="still held"
            ),
            pytest.param(
                {"status": ReviewStatus.WITHDRAWN}, {"status": ReviewStatus.ERASED}, id="erased"
            ),
        ],
    )
    def test_record_that_changes_nothing_calls_nothing(
        self, old: dict[str, Any], new: dict[str, Any]
    ) -> None:
        before = rows.review(1, slug=SLUG, **old)
        after = rows.review(1, slug=SLUG, revision=2, **new)

        meter = count(rows.record(before, after))

        assert meter.round_trips == 0


@pytest.mark.parametrize("reviews", [10, 150])
def test_nothing_costs_more_on_an_article_with_many_reviews(house: Api, reviews: int) -> None:
    bill = Bill()
    seeding.copy_review(SLUG, total=reviews)

    with bill.of("article"):
        house.get(ARTICLE)
    with bill.of("tally"):
        tally = house.get(f"{ARTICLE}/tally").body
    with bill.of("moderation"):
        house.get(f"{ARTICLE}/moderation")
    for sort in ("newest", "lowest", "helpful"):
        with bill.of(sort):
            page = house.get(f"{REVIEWS}?limit=4&sort={sort}").body
        with bill.of(f"{sort}, later page"):
            house.get(f"{REVIEWS}?limit=4&sort={sort}&cursor={page['next_cursor']}")
    with bill.of("submit"):
        posted = house.post(REVIEWS, submission()).body
    path, token = f"{REVIEWS}/{posted['id']}", posted["manage_token"]
    decided = {"decisions": [{"slug": SLUG, "id": posted["id"], "decision": "publish"}]}
    with bill.of("edit"):
        house.patch(path, {"rating": 1}, token=token)
    with bill.of("vote"):
        house.post(f"{path}/votes", {"vote": "helpful"})
    with bill.of("report"):
        house.post(f"{path}/reports", {"reason": "spam"})
    with bill.of("reported"):
        house.get("/editor/reviews?status=reported&limit=4", editor=True)
    with bill.of("fine"):
        house.post("/editor/reviews/decisions", decided, editor=True)
    seeding.copy_decision(SLUG, posted["id"], total=reviews)
    for name, path_of in (("decisions", f"/editor{ARTICLE}"), ("its decisions", f"/editor{path}")):
        with bill.of(name):
            page = house.get(f"{path_of}/decisions?limit=4", editor=True).body
        with bill.of(f"{name}, later page"):
            after = f"limit=4&cursor={page['next_cursor']}"
            house.get(f"{path_of}/decisions?{after}", editor=True)
    with bill.of("withdraw"):
        house.delete(path, token=token)
    with bill.of("count one"):
        count(*reviewed(1, 1))
    with bill.of("count fifty"):
        count(*reviewed(2, 51))

    assert bill.unsafe == []
    assert tally["count"] == reviews
    assert bill.costs == {
        "article": Cost("BatchGetItem", read=2.5),
        "tally": Cost("BatchGetItem", read=1),
        "moderation": Cost("BatchGetItem", read=1),
        "newest": Cost("Query", read=0.5),
        "newest, later page": Cost("Query", read=0.5),
        "lowest": Cost("Query", read=0.5),
        "lowest, later page": Cost("Query", read=0.5),
        "helpful": Cost("Query", read=0.5),
        "helpful, later page": Cost("Query", read=0.5),
        "submit": Cost("TransactWriteItems", table=4, indexes=5),
        "edit": Cost("UpdateItem", table=1, indexes=4),
        "vote": Cost("Query BatchGetItem TransactWriteItems", table=4, indexes=4, read=3.5),
        "report": Cost("Query BatchGetItem TransactWriteItems", table=4, indexes=1, read=3.5),
        "reported": Cost("Query", read=0.5),
        "fine": Cost("Query GetItem TransactWriteItems", table=4, indexes=3, read=1.5),
        "decisions": Cost("Query", read=0.5),
        "decisions, later page": Cost("Query", read=0.5),
        "its decisions": Cost("Query Query", read=1),
        "its decisions, later page": Cost("Query Query", read=1),
        "withdraw": Cost("UpdateItem", table=1, indexes=3),
        "count one": Cost("BatchGetItem TransactWriteItems", table=4, indexes=2, read=2),
        "count fifty": Cost("BatchGetItem TransactWriteItems", table=102, indexes=2, read=51),
    }


@pytest.mark.parametrize("waiting", [210, 420])
def test_a_narrowed_page_of_the_queue_looks_at_so_many_and_no_more(
    house: Api, waiting: int
) -> None:
    bill = Bill()
    for number in range(waiting):
        rows.put(rows.review(number, slug=SLUG, status=ReviewStatus.PENDING))

    with bill.of("none of 200"):
        page = house.get("/editor/reviews?stars=1", editor=True).body

    assert (page["items"], bill.unsafe) == ([], [])
    assert page["next_cursor"] is not None
    assert bill.costs["none of 200"] == Cost("Query", read=10)


@pytest.mark.slow
def test_page_of_a_hundred_articles_takes_two_round_trips(house: Api) -> None:
    bill = Bill()
    seeding.copy_article(SLUG, copies=100)

    for sort in ("newest", "top"):
        with bill.of(sort):
            page = house.get(f"/articles?limit=100&sort={sort}").body
        assert len(page["items"]) == 100

    assert [cost.operations for cost in bill.costs.values()] == ["Query BatchGetItem"] * 2


def test_nothing_scans() -> None:
    sources = sorted(Path(chalicelib.__file__).parent.rglob("*.py"))
    nodes = [node for path in sources for node in ast.walk(ast.parse(path.read_text()))]

    attributes = [node.attr for node in nodes if isinstance(node, ast.Attribute)]
    constants = [node.value for node in nodes if isinstance(node, ast.Constant)]

    assert "query" in constants
    assert {"scan", "Scan"}.isdisjoint([*attributes, *constants])
