"""Every read with a fault at each of its calls: it says so and answers when it is repeated."""

import time

import pytest

from chalicelib.store import client
from tests import builders
from tests.actions import ARTICLE, REVIEWS, submit
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.faults import Faults, Kind

UNAVAILABLE = (503, "unavailable", "2")
KINDS: tuple[Kind, ...] = ("throttle", "internal", "timeout", "lost_answer")
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
    "/editor/reviews": "Query BatchGetItem",
}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


def refusal(answer: Answer) -> tuple[int, str, str | None]:
    return answer.status, answer.code, answer.headers.get("retry-after")


def test_read_with_a_fault_at_any_call_answers_when_it_is_repeated(
    api: Api, published: str, deliver: Deliver, subtests: pytest.Subtests
) -> None:
    submit(api)
    submit(api, message="On second thought.")
    api.put("/articles/a-draft", builders.article(status="draft"))
    deliver()

    for path, calls in READS.items():
        calm = api.get(path, editor=True)
        for k, operation in enumerate(calls.split(), start=1):
            for kind in KINDS:
                with (
                    subtests.test(kind, path=path, k=k, operation=operation),
                    Faults(client.dynamodb()) as faults,
                ):
                    faults.fail(k, kind)
                    assert refusal(api.get(path, editor=True)) == UNAVAILABLE
                    assert faults.fired == [operation]
                    assert api.get(path, editor=True) == calm
                    assert " ".join(faults.calls[k:]) == calls


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

    assert refusal(answer) == UNAVAILABLE
    assert faults.calls == ["BatchGetItem"] * 6
