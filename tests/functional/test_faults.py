"""
Every route with a fault at each of its calls: nothing doubles and nothing is lost.

A scenario is sent once undisturbed, and again. Then each of its calls fails in each way, from the
same rows, and what a repetition answers and leaves behind is compared with that.
"""

import json
import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import pytest

from chalicelib import settings
from chalicelib.store import client
from tests import builders
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.faults import Faults, Kind

Send: TypeAlias = Callable[[], Answer]
Rows: TypeAlias = dict[str, list[dict[str, Any]]]

ARTICLE = f"/articles/{builders.SLUG}"
REVIEWS = f"{ARTICLE}/reviews"
DECISIONS = "/editor/reviews/decisions"
REFUSED: tuple[Kind, ...] = ("throttle", "internal", "timeout")
WRITES = ("UpdateItem", "TransactWriteItems")


def publish(api: Api, **changes: Any) -> str:
    return api.put(ARTICLE, builders.article(**changes)).headers["etag"]


def submit(api: Api, **changes: Any) -> Answer:
    return api.post(REVIEWS, builders.submission(**changes), Idempotency_Key="a-key")


def submitted(api: Api, **changes: Any) -> tuple[str, str]:
    """Publish an article, submit a review of it; give the review's path and token."""
    publish(api)
    body = submit(api, **changes).body
    return f"{REVIEWS}/{body['id']}", body["manage_token"]


def decide(api: Api, *decisions: tuple[str, str]) -> Answer:
    body = [
        {"slug": builders.SLUG, "id": path.rpartition("/")[2], "decision": decision}
        for path, decision in decisions
    ]
    return api.post(DECISIONS, {"decisions": body}, editor=True)


def create_article(api: Api) -> Send:
    return lambda: api.put(ARTICLE, builders.article())


def create_a_draft(api: Api) -> Send:
    return lambda: api.put(ARTICLE, builders.article(status="draft"))


def replace_article(api: Api) -> Send:
    etag = publish(api)
    return lambda: api.put(ARTICLE, builders.article(tags=["moved"]), If_Match=etag)


def publish_a_draft(api: Api) -> Send:
    etag = publish(api, status="draft")
    return lambda: api.patch(ARTICLE, {"status": "published"}, editor=True, If_Match=etag)


def retract_article(api: Api) -> Send:
    etag = publish(api)
    return lambda: api.delete(ARTICLE, editor=True, If_Match=etag)


def submit_a_first_review(api: Api) -> Send:
    publish(api)
    return lambda: submit(api)


def submit_a_proposal(api: Api) -> Send:
    submitted(api)
    return lambda: submit(api, message="On second thought.", rating=2)


def submit_after_withdrawal(api: Api) -> Send:
    path, token = submitted(api)
    api.delete(path, token=token)
    return lambda: submit(api, rating=3)


def edit_review(api: Api) -> Send:
    path, token = submitted(api)
    return lambda: api.patch(path, {"rating": 2, "message": "Less kind."}, token=token)


def edit_a_review_that_is_not_public(api: Api) -> Send:
    path, token = submitted(api, website="https://spam.example")
    return lambda: api.patch(path, {"rating": 2}, token=token)


def withdraw_review(api: Api) -> Send:
    path, token = submitted(api)
    return lambda: api.delete(path, token=token)


def decide_on_two_reviews(api: Api) -> Send:
    first, _ = submitted(api)
    second, _ = submitted(api, email="alan@example.com", website="https://spam.example")
    return lambda: decide(api, (first, "reject"), (second, "publish"))


def accept_a_proposal(api: Api) -> Send:
    submitted(api)
    proposal = submit(api, message="On second thought.", rating=2).body["id"]
    return lambda: decide(api, (proposal, "publish"))


def reply(api: Api) -> Send:
    path, _ = submitted(api)
    return lambda: api.put(f"/editor{path}/reply", {"message": "Thank you."})


class Scenario(NamedTuple):
    """What a test sends, the calls that it takes, and whether only its first time writes."""

    arrange: Callable[[Api], Send]
    calls: str
    is_idempotent: bool = True


SCENARIOS = [
    Scenario(create_article, "TransactWriteItems GetItem"),
    Scenario(create_a_draft, "TransactWriteItems GetItem"),
    Scenario(replace_article, "GetItem TransactWriteItems GetItem"),
    Scenario(publish_a_draft, "GetItem TransactWriteItems GetItem"),
    Scenario(retract_article, "GetItem TransactWriteItems"),
    Scenario(submit_a_first_review, "TransactWriteItems"),
    Scenario(submit_a_proposal, "TransactWriteItems TransactWriteItems"),
    Scenario(submit_after_withdrawal, "TransactWriteItems TransactWriteItems"),
    Scenario(edit_review, "UpdateItem"),
    Scenario(edit_a_review_that_is_not_public, "UpdateItem UpdateItem"),
    Scenario(withdraw_review, "UpdateItem"),
    Scenario(decide_on_two_reviews, "Query UpdateItem Query UpdateItem"),
    Scenario(accept_a_proposal, "Query GetItem TransactWriteItems"),
    Scenario(reply, "Query UpdateItem", is_idempotent=False),
]
READS = {
    "/articles": "Query BatchGetItem",
    "/articles?sort=top": "Query BatchGetItem",
    "/articles?tag=astronomy&author=Ada%20Byron": "Query BatchGetItem",
    ARTICLE: "BatchGetItem",
    f"{ARTICLE}/tally": "BatchGetItem",
    REVIEWS: "Query",
    f"{REVIEWS}?sort=highest": "Query",
    "/health": "BatchGetItem",
    "/editor/articles": "Query",
    "/editor/reviews": "Query",
}


def rows() -> Rows:
    """Give both tables as they are."""
    tables = (settings.current().content_table, settings.current().derived_table)
    return {table: client.dynamodb().scan(TableName=table)["Items"] for table in tables}


def restore(start: Rows) -> None:
    """Put both tables back to how they were."""
    for table, present in rows().items():
        keys = [{"pk": row["pk"], "sk": row["sk"]} for row in start[table]]
        added = [{"pk": row["pk"], "sk": row["sk"]} for row in present]
        requests = [{"PutRequest": {"Item": row}} for row in start[table]]
        requests += [{"DeleteRequest": {"Key": key}} for key in added if key not in keys]
        if requests:
            client.dynamodb().batch_write_item(RequestItems={table: requests})


def outcome(answer: Answer) -> tuple[str, str]:
    """Give an answer and the tables after it, without what differs from run to run."""
    seen = json.dumps([answer.status, answer.text])
    left = json.dumps([sorted(map(json.dumps, table)) for table in rows().values()])
    return _steady(seen), _steady(left)


def _steady(text: str) -> str:
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    text = re.sub(r"01[0-9A-HJKMNP-TV-Z]{24}", "ULID", text)
    text = re.sub(r'manage_token\\": \\"[\w-]+', "TOKEN", text)
    return text.replace("unchanged", "changed")


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Do not sleep; give what was asked for, in seconds."""
    asked: list[float] = []
    monkeypatch.setattr(time, "sleep", asked.append)
    return asked


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.arrange.__name__)
def test_write_that_fails_at_any_call_is_completed_by_its_repetition(
    api: Api, scenario: Scenario, subtests: pytest.Subtests
) -> None:
    send = scenario.arrange(api)
    start = rows()
    with Faults(client.dynamodb()) as faults:
        once = outcome(send())
        calls = list(faults.calls)
        twice = outcome(send())

        assert " ".join(calls) == scenario.calls
        assert not scenario.is_idempotent or twice[1] == once[1]
        for k, operation in enumerate(calls, start=1):
            for kind in (*REFUSED, "lost_answer"):
                with subtests.test(kind, k=k, operation=operation):
                    restore(start)
                    faults.fail(k, kind)
                    assert_unavailable(send())
                    assert outcome(send()) in {once, twice}
            for kind in ("conflict", "repeated") if operation in WRITES else ():
                with subtests.test(kind, k=k, operation=operation):
                    restore(start)
                    faults.fail(k, kind)
                    assert outcome(send()) in {once, twice}
                    assert faults.fired[-1] == operation


@pytest.mark.parametrize(
    ("scenario", "k"),
    [
        (scenario, k)
        for scenario in SCENARIOS
        for k, operation in enumerate(scenario.calls.split(), start=1)
        if operation in WRITES
    ],
    ids=lambda one: getattr(one, "arrange", one) if isinstance(one, int) else one.arrange.__name__,
)
def test_conflict_that_lasts_is_unavailable_after_six_attempts(
    api: Api, scenario: Scenario, k: int, pauses: list[float]
) -> None:
    send = scenario.arrange(api)
    start = rows()

    with Faults(client.dynamodb()) as faults:
        faults.fail(k, "conflict", times=6)
        answer = send()

    assert_unavailable(answer)
