"""The units of the cost estimate are those that are metered."""

from collections.abc import Callable

import pytest

from chalicelib.guard import captcha
from chalicelib.model import now
from chalicelib.workers import schedule
from chalicelib.workers.reconcile import reconcile
from chalicelib.workers.tally import tally_ratings
from tests import rows, seeding
from tests.billing import ARTICLE, REVIEWS, SLUG, WORD, Bill, article, furnish, submission
from tests.client import Api
from tests.conftest import Deliver
from tools.deployment import cost
from tools.deployment.cost import Traffic, Units, Watch


# For an hour after midnight what a network is called the day before is looked up too.
@pytest.mark.usefixtures("clock")
def test_units_are_those_of_the_meter(
    api: Api,
    deliver: Deliver,
    setting: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bill = Bill()
    # Not in the minute of an hour in which what has expired is looked for too.
    monkeypatch.setattr(schedule, "now", lambda: now().replace(minute=30))
    monkeypatch.setattr(captcha, "is_solved", lambda _: True)
    furnish(api, deliver)

    with bill.of("reconcile an article, all well"):
        reconcile(SLUG, repair=True)
    seeding.copy_article(SLUG, copies=24)
    seeding.copy_review(SLUG, total=25)
    with bill.of("GET /articles"):
        api.get("/articles")
    with bill.of("GET /articles/{slug}"):
        api.get(ARTICLE)
    with bill.of("GET …/reviews"):
        api.get(REVIEWS)
    with bill.of("count a review"):
        tally_ratings({"Records": [rows.record(None, rows.review(1, slug=SLUG))]}, None)
    setting(CAPTCHA="turnstile", LIMITS=None)
    api.post(REVIEWS, submission(email="someone@example.com", captcha_token="1"))
    with bill.of("POST a review"):
        api.post(REVIEWS, submission(captcha_token="2"))
    deliver()
    with bill.of("PUT a published one"):
        api.put(f"/articles/{WORD}", article())
    with bill.of("rank and relate a published article"):
        deliver()
    with bill.of("a minute in which nothing is due"):
        schedule.run()

    metered = {name: Units(one.read, one.table + one.indexes) for name, one in bill.costs.items()}
    assert metered == cost.UNITS


def test_lines_add_up_from_their_own_arithmetic() -> None:
    traffic = Traffic(articles=100, reads=1_000_000, reviews=10_000)

    lines = list(cost.estimate(traffic, Watch(12, 10, 1), "arm64"))

    by_name = {line.what: line for line in lines}
    assert by_name["API Gateway"].dollars == (1_000_000 + 10_000 + 100) * 3.5 / 1_000_000
    assert by_name["DynamoDB GET /articles/{slug}"].dollars == 400_000 * 2.5 * 0.125 / 1_000_000
    assert by_name["DynamoDB POST a review"].arithmetic == (
        "10,000 x 22 = 220,000 write units x $0.625 / 1,000,000"
    )
    assert by_name["Alarms"].dollars == 1.0
    assert sum(line.dollars for line in lines) < 20
    assert all(line.source for line in lines)


def test_no_traffic_costs_what_watches_it_alone() -> None:
    lines = cost.estimate(Traffic(0, 0, 0), Watch(12, 2, 1), "x86_64")

    paid = {line.what for line in lines if line.dollars > 0}
    assert paid == {
        "Lambda calls",
        "Lambda clock",
        "DynamoDB a minute in which nothing is due",
        "Logs",
        "Metrics",
        "Alarms",
        "Dashboards",
        "Reading secrets",
    }
