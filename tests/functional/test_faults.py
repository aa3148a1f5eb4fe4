"""
Every write with a fault at each of its calls: nothing doubles and nothing is lost.

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
from botocore.exceptions import ClientError
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from chalicelib.store import client
from localdev import aws
from tests import builders
from tests.actions import ARTICLE, REVIEWS, decide, edit, report, submit, vote, withdraw
from tests.client import Answer, Api
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


def submit_again(api: Api) -> Send:
    publish(api)
    submit(api, key="a-key")
    return lambda: submit(api, key="a-key")


def submit_a_proposal(api: Api) -> Send:
    first_review(api)
    return lambda: submit(api, key="a-key", message="On second thought.", rating=2)


def submit_a_proposal_again(api: Api) -> Send:
    submit_a_proposal(api)()
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


def withdraw_again(api: Api) -> Send:
    review = first_review(api)
    withdraw(api, review)
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


def vote_for_a_review(api: Api) -> Send:
    review = first_review(api)
    return lambda: vote(api, review)


def vote_again(api: Api) -> Send:
    review = first_review(api)
    vote(api, review)
    return lambda: vote(api, review)


def report_a_review(api: Api) -> Send:
    review = first_review(api)
    return lambda: report(api, review, "offensive", message="Rude.")


def publish_what_was_reported(api: Api) -> Send:
    review = first_review(api)
    report(api, review)
    return lambda: decide(api, (review, "publish"))


class Scenario(NamedTuple):
    """What a test sends, and the calls that it takes."""

    arrange: Callable[[Api], Send]
    calls: str


SCENARIOS = [
    Scenario(create_article, "TransactWriteItems BatchGetItem"),
    Scenario(create_a_draft, "TransactWriteItems BatchGetItem"),
    Scenario(replace_article, "GetItem TransactWriteItems BatchGetItem"),
    Scenario(publish_a_draft, "GetItem TransactWriteItems BatchGetItem"),
    Scenario(retract_article, "GetItem TransactWriteItems"),
    Scenario(submit_a_first_review, "TransactWriteItems"),
    Scenario(submit_again, "TransactWriteItems"),
    Scenario(submit_a_proposal, "TransactWriteItems TransactWriteItems"),
    Scenario(submit_a_proposal_again, "TransactWriteItems TransactWriteItems"),
    Scenario(submit_after_withdrawal, "TransactWriteItems TransactWriteItems"),
    Scenario(edit_review, "UpdateItem"),
    Scenario(edit_a_review_that_is_not_public, "UpdateItem UpdateItem"),
    Scenario(withdraw_review, "UpdateItem"),
    Scenario(withdraw_again, "UpdateItem"),
    Scenario(vote_for_a_review, "Query BatchGetItem TransactWriteItems"),
    Scenario(vote_again, "Query BatchGetItem"),
    Scenario(report_a_review, "Query BatchGetItem TransactWriteItems"),
    Scenario(publish_what_was_reported, "Query GetItem TransactWriteItems"),
    Scenario(
        decide_on_two_reviews,
        "Query GetItem TransactWriteItems Query GetItem TransactWriteItems",
    ),
    Scenario(accept_a_proposal, "Query GetItem GetItem TransactWriteItems"),
    Scenario(reply, "Query GetItem TransactWriteItems"),
]


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
    text = re.sub(r'"expires_at": \{"N": "\d+"\}', "EPOCH", text)
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
        assert twice[1] == once[1]
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


def test_a_conflict_is_tried_six_times_with_growing_random_pauses(
    api: Api, published: str, pauses: list[float]
) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(1, "conflict", times=6)
        api.post(f"/articles/{published}/reviews", builders.submission())

    assert faults.calls == ["TransactWriteItems"] * 6
    assert len(set(pauses)) == 6
    assert all(0 <= pause <= 0.01 * 2**at for at, pause in enumerate(pauses))


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException"])
def test_a_refusal_that_nobody_foresaw_is_internal(api: Api, published: str, code: str) -> None:
    def refuse() -> None:
        raise ClientError({"Error": {"Code": code, "Message": "injected"}}, "TransactWriteItems")

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(1, refuse)
        answer = submit(api)

    assert (answer.status, answer.code) == (500, "internal")
