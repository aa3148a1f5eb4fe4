"""Submitting a review where the captcha is on."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.store import client
from tests.actions import listed, queued, stored, submit
from tests.captcha_provider import HOST, Provider, Reply, good, stands_for
from tests.client import Answer, Api
from tests.faults import Faults

Setting = Callable[..., None]
pytestmark = pytest.mark.usefixtures("published", "captcha_is_on")

SECRET = "the-secret-of-the-provider"
TOKEN = "the-token-of-a-reader"
YES, NO = good(), good(success=False)
BROKEN = Reply(b"<!doctype html>", status=502)


@pytest.fixture
def captcha_is_on(setting: Setting) -> None:
    setting(CAPTCHA="hcaptcha", CAPTCHA_SECRET=SECRET, CAPTCHA_HOSTNAMES=HOST)


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Answer, Provider]]:
    """Submit a review while the provider gives a reply."""

    def ask(api: Api, reply: Reply, **changes: Any) -> tuple[Answer, Provider]:
        with stands_for("hcaptcha", reply, monkeypatch) as provider:
            return submit(api, **changes), provider

    return ask


Asking = Callable[..., tuple[Answer, Provider]]


def test_a_solved_captcha_lets_a_review_in(api: Api, asking: Asking) -> None:
    answer, provider = asking(api, YES, captcha_token=TOKEN)

    assert answer.status == 201
    assert provider.forms == [{"secret": [SECRET], "response": [TOKEN]}]
    assert len(listed(api)) == 1


def test_a_repetition_with_a_new_token_is_the_same_submission(api: Api, asking: Asking) -> None:
    first, _ = asking(api, YES, key="key-1", captcha_token=TOKEN)

    again, _ = asking(api, YES, key="key-1", captcha_token="another-token")

    assert again == first


def test_a_failed_captcha_is_named(api: Api, asking: Asking) -> None:
    answer, _ = asking(api, NO, captcha_token=TOKEN)

    assert answer.status == 422
    assert answer.body["errors"] == [
        {
            "pointer": "/captcha_token",
            "code": "captcha_failed",
            "message": "Please check re-captcha.",
        }
    ]
    assert listed(api) == []


@pytest.mark.parametrize("token", [{}, {"captcha_token": None}, {"captcha_token": ""}])
def test_a_missing_token_is_named_without_asking(
    api: Api, asking: Asking, token: dict[str, Any]
) -> None:
    answer, provider = asking(api, YES, **token)

    assert answer.status == 422
    assert answer.body["errors"] == [
        {
            "pointer": "/captcha_token",
            "code": "captcha_required",
            "message": "Please check re-captcha.",
        }
    ]
    assert provider.forms == []


def test_a_missing_token_is_named_with_all_other_errors(api: Api) -> None:
    answer = api.post("/articles/first-light/reviews", {})

    assert (answer.status, answer.codes) == (
        422,
        {
            "/email": "email_required",
            "/name": "name_required",
            "/message": "message_required",
            "/rating": "rating_required",
            "/captcha_token": "captcha_required",
        },
    )


@pytest.mark.parametrize("changes", [{"rating": 0}, {"captcha_token": "t" * 2049}])
def test_a_token_is_not_spent_on_a_submission_with_errors(
    api: Api, asking: Asking, changes: dict[str, Any]
) -> None:
    answer, provider = asking(api, YES, **{"captcha_token": TOKEN, **changes})

    assert (answer.status, provider.forms) == (422, [])


def test_a_broken_provider_lets_nobody_in(api: Api, asking: Asking) -> None:
    answer, _ = asking(api, BROKEN, captcha_token=TOKEN)

    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert listed(api) == []


def test_a_token_brings_one_review(api: Api, asking: Asking) -> None:
    asking(api, YES, captcha_token=TOKEN)

    again, provider = asking(api, YES, captcha_token=TOKEN, email="other@example.com")

    assert again.codes == {"/captcha_token": "captcha_failed"}
    assert provider.forms == []
    assert len(listed(api)) == 1


def test_a_token_brings_one_review_of_two_at_once(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []

    def sent(who: str) -> None:
        answers.append(submit(api, email=f"{who}@example.com", captcha_token=TOKEN))

    with stands_for("hcaptcha", YES, monkeypatch) as provider, Faults(client.dynamodb()) as faults:
        faults.meanwhile(2, lambda: sent("first"))
        sent("second")

    assert len(provider.forms) == 2
    assert sorted(answer.status for answer in answers) == [201, 422]
    assert len(listed(api)) == 1


def test_the_same_submission_twice_at_once_is_one_with_one_answer(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []

    def sent() -> None:
        answers.append(submit(api, "key-1", captcha_token=TOKEN))

    with stands_for("hcaptcha", YES, monkeypatch), Faults(client.dynamodb()) as faults:
        faults.meanwhile(2, sent)
        sent()

    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body == answers[1].body


def test_a_repetition_with_the_token_that_it_spent_is_answered_without_asking(
    api: Api, asking: Asking
) -> None:
    first, _ = asking(api, YES, key="key-1", captcha_token=TOKEN)

    again, provider = asking(api, NO, key="key-1", captcha_token=TOKEN)

    assert again == first
    assert provider.forms == []


def test_a_repetition_after_a_lost_answer_is_answered(
    api: Api, monkeypatch: pytest.MonkeyPatch, asking: Asking
) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(2, "lost_answer")
        lost, _ = asking(api, YES, key="key-1", captcha_token=TOKEN)

    again, _ = asking(api, NO, key="key-1", captcha_token=TOKEN)

    assert (lost.status, again.status) == (503, 201)
    assert again.body["manage_token"]


def test_a_token_is_not_spent_by_a_write_that_failed(api: Api, asking: Asking) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(2, "throttle")
        failed, _ = asking(api, YES, captcha_token=TOKEN)

    again, _ = asking(api, YES, captcha_token=TOKEN)

    assert (failed.status, again.status) == (503, 201)


def test_only_the_hash_of_a_spent_token_is_kept_for_ten_minutes(api: Api, asking: Asking) -> None:
    answer, _ = asking(api, YES, captcha_token=TOKEN)

    rows = client.dynamodb().scan(TableName=settings.current().derived_table)["Items"]
    (spent,) = [row for row in rows if row["pk"]["S"].startswith("CAPTCHA#")]
    assert TOKEN not in str(rows)
    submitted_at = stored(answer.body).submitted_at.timestamp()
    assert int(spent["expires_at"]["N"]) == submitted_at + 600


def test_while_the_provider_is_down_reviews_may_wait_for_an_editor(
    api: Api, setting: Setting, asking: Asking
) -> None:
    setting(CAPTCHA_DOWN="moderate")

    answer, _ = asking(api, BROKEN, captcha_token=TOKEN)

    assert (answer.status, answer.body["status"]) == (201, "pending")
    assert [one["reasons"] for one in queued(api)] == [["captcha_unavailable"]]
    assert listed(api) == []


def test_a_failed_captcha_fails_whatever_becomes_of_an_outage(
    api: Api, setting: Setting, asking: Asking
) -> None:
    setting(CAPTCHA_DOWN="moderate")

    assert asking(api, NO, captcha_token=TOKEN)[0].status == 422


@pytest.mark.parametrize("reply", [YES, NO, BROKEN])
def test_neither_the_secret_nor_the_token_is_told_or_logged(
    api: Api, asking: Asking, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    answer, _ = asking(api, reply, captcha_token=TOKEN)

    lines = [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    assert [said for said in [answer.text, *lines] if SECRET in said or TOKEN in said] == []
