"""
Every route with a fault at each of its calls: nothing doubles and nothing is lost.

A scenario is sent once undisturbed, and again. Then each of its calls fails in each way, from the
same rows, and what a repetition answers and leaves behind is compared with that.
"""

import json
import re
import time
from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple, TypeAlias

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from chalicelib.store import client
from localdev import aws
from tests import builders
from tests.actions import ARTICLE, REVIEWS, decide, edit, submit, withdraw
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.faults import Faults, Kind

Send: TypeAlias = Callable[[], Answer]

WRITES = {"UpdateItem", "TransactWriteItems"}

INTERRUPTING: list[tuple[Kind, int]] = [
    ("throttle", 1),
    ("internal", 1),
    ("timeout", 1),
    ("lost_answer", 1),
]
"""Faults, with how many calls in a row they hit, that the client is told of."""
INTERRUPTING_WRITES: list[tuple[Kind, int]] = [*INTERRUPTING, ("conflict", 6)]
SURVIVED_BY_WRITES: list[Kind] = ["conflict", "repeated"]


def publish(api: Api, **changes: Any) -> str:
    return api.put(ARTICLE, builders.article(**changes)).headers["etag"]


def first_review(api: Api, **changes: Any) -> dict[str, Any]:
    """Publish an article and submit a review of it."""
    publish(api)
    review: dict[str, Any] = submit(api, **changes).body
    return review


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
    return lambda: submit(api, key="a-key")


def submit_a_proposal(api: Api) -> Send:
    first_review(api)
    return lambda: submit(api, key="a-key", message="On second thought.", rating=2)


def submit_after_withdrawal(api: Api) -> Send:
    withdraw(api, first_review(api))
    return lambda: submit(api, key="a-key", rating=3)


def edit_review(api: Api) -> Send:
    review = first_review(api)
    return lambda: edit(api, review, rating=2, message="Less kind.")


def edit_a_review_that_is_not_public(api: Api) -> Send:
    review = first_review(api, website="https://spam.example")
    return lambda: edit(api, review, rating=2)


def withdraw_review(api: Api) -> Send:
    review = first_review(api)
    return lambda: withdraw(api, review)


def decide_on_two_reviews(api: Api) -> Send:
    first = first_review(api)
    second = submit(api, email="alan@example.com", website="https://spam.example").body
    return lambda: decide(api, (first, "reject"), (second, "publish"))


def accept_a_proposal(api: Api) -> Send:
    first_review(api)
    proposal = submit(api, message="On second thought.", rating=2).body
    return lambda: decide(api, (proposal, "publish"))


def reply(api: Api) -> Send:
    path = f"/editor{REVIEWS}/{first_review(api)['id']}/reply"
    return lambda: api.put(path, {"message": "Thank you."})


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


def tables() -> Any:
    """
    Give both tables as moto has them.

    Looked at and put back from inside, as moto does for a transaction: with calls, these tests
    would spend half of their time on it.
    """
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][aws.REGION].tables


def outcome(answer: Answer) -> tuple[str, str]:
    """Give an answer and the tables after it, without what differs from run to run."""
    left = [
        _steady(json.dumps(item.to_json()["Attributes"]))
        for table in tables().values()
        for item in table.all_items()
    ]
    return _steady(f"{answer.status} {answer.text}"), json.dumps(sorted(left))


def _steady(text: str) -> str:
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    text = re.sub(r"01[0-9A-HJKMNP-TV-Z]{24}", "ULID", text)
    text = re.sub(r'"manage_token":"[\w-]+"', "TOKEN", text)
    return text.replace("unchanged", "changed")


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Do not sleep; give what was asked for, in seconds."""
    asked: list[float] = []
    monkeypatch.setattr(time, "sleep", asked.append)
    return asked


def refusal(answer: Answer) -> tuple[int, str, str | None]:
    return answer.status, answer.code, answer.headers.get("retry-after")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.arrange.__name__)
def test_write_with_a_fault_at_any_call_is_completed_by_its_repetition(
    api: Api, scenario: Scenario, subtests: pytest.Subtests
) -> None:
    send = scenario.arrange(api)
    start = deepcopy(tables())
    with Faults(client.dynamodb()) as faults:
        once = outcome(send())
        calls = list(faults.calls)
        twice = outcome(send())

        assert " ".join(calls) == scenario.calls
        assert twice[1] == once[1] or not scenario.is_idempotent
        for k, operation in enumerate(calls, start=1):
            is_write = operation in WRITES
            for kind, times in INTERRUPTING_WRITES if is_write else INTERRUPTING:
                with subtests.test(kind, k=k, operation=operation):
                    tables().update(deepcopy(start))
                    faults.fail(k, kind, times)
                    assert refusal(send()) == (503, "unavailable", "2")
                    assert outcome(send()) in {once, twice}
            for kind in SURVIVED_BY_WRITES if is_write else ():
                with subtests.test(kind, k=k, operation=operation):
                    tables().update(deepcopy(start))
                    faults.fail(k, kind)
                    assert outcome(send()) in {once, twice}
                    assert faults.fired[-1] == operation


def test_read_with_a_fault_at_any_call_answers_when_it_is_repeated(
    api: Api, deliver: Deliver, subtests: pytest.Subtests
) -> None:
    first_review(api)
    submit(api, message="On second thought.")
    api.put("/articles/a-draft", builders.article(status="draft"))
    deliver()

    for path, calls in READS.items():
        calm = api.get(path, editor=True)
        for k, operation in enumerate(calls.split(), start=1):
            for kind, times in INTERRUPTING:
                with (
                    subtests.test(kind, path=path, k=k, operation=operation),
                    Faults(client.dynamodb()) as faults,
                ):
                    faults.fail(k, kind, times)
                    assert refusal(api.get(path, editor=True)) == (503, "unavailable", "2")
                    assert faults.fired == [operation]
                    assert api.get(path, editor=True) == calm
                    assert " ".join(faults.calls[k:]) == calls


def test_a_conflict_is_tried_six_times_with_growing_random_pauses(
    api: Api, published: str, pauses: list[float]
) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(1, "conflict", times=6)
        api.post(f"/articles/{published}/reviews", builders.submission())

    assert faults.calls == ["TransactWriteItems"] * 6
    assert len(set(pauses)) == 6
    assert all(0 <= pause <= 0.01 * 2**at for at, pause in enumerate(pauses))


def test_keys_that_are_held_back_are_asked_for_again(
    api: Api, published: str, deliver: Deliver
) -> None:
    api.put("/articles/second-light", builders.article())
    for slug in (published, "second-light"):
        api.post(f"/articles/{slug}/reviews", builders.submission())
    deliver()
    calm = api.get("/articles")

    with Faults(client.dynamodb()) as faults:
        faults.fail(2, "held_back")
        answer = api.get("/articles")

    assert [article["tally"]["count"] for article in calm.body["items"]] == [1, 1]
    assert answer == calm
    assert faults.calls == ["Query", "BatchGetItem", "BatchGetItem"]


def test_keys_that_are_held_back_for_good_are_unavailable(api: Api, published: str) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(1, "held_back", times=6)
        answer = api.get(ARTICLE)

    assert refusal(answer) == (503, "unavailable", "2")
    assert faults.calls == ["BatchGetItem"] * 6
