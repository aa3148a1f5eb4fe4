"""Submitting a review where the captcha is on."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.guard import captcha
from tests.actions import listed, submit
from tests.captcha_provider import Provider, Reply, running
from tests.client import Answer, Api

pytestmark = pytest.mark.usefixtures("published", "captcha_is_on")

SECRET = "the-secret-of-the-provider"
TOKEN = "the-token-of-a-reader"
YES, NO = Reply(b'{"success": true}'), Reply(b'{"success": false}')
BROKEN = Reply(b"<!doctype html>", status=502)


@pytest.fixture
def captcha_is_on(setting: Callable[..., None]) -> None:
    setting(CAPTCHA="hcaptcha", CAPTCHA_SECRET=SECRET)


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Answer, Provider]]:
    """Submit a review while the provider gives a reply."""

    def ask(api: Api, reply: Reply, **changes: Any) -> tuple[Answer, Provider]:
        with running(reply) as provider:
            monkeypatch.setitem(captcha.ENDPOINTS, "hcaptcha", provider.url)
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


@pytest.mark.parametrize("reply", [YES, NO, BROKEN])
def test_neither_the_secret_nor_the_token_is_told_or_logged(
    api: Api, asking: Asking, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    answer, _ = asking(api, reply, captcha_token=TOKEN)

    lines = [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    assert [said for said in [answer.text, *lines] if SECRET in said or TOKEN in said] == []
