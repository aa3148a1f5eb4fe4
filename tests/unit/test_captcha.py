"""The captcha provider is believed when it says yes, and nobody gets in when it cannot be asked."""

import logging
import socket
from collections.abc import Callable

import pytest

from chalicelib import logs
from chalicelib.errors import UnavailableError
from chalicelib.guard import captcha
from tests.captcha_provider import Reply, running

SECRET = "the-secret-of-the-provider"
TOKEN = "the-token-of-a-reader"
YES = Reply(b'{"success": true, "hostname": "articles.example"}')


@pytest.fixture(autouse=True)
def provider_setting(setting: Callable[..., None]) -> None:
    setting(CAPTCHA="turnstile", CAPTCHA_SECRET=SECRET)


def ask(monkeypatch: pytest.MonkeyPatch, reply: Reply) -> bool:
    """Ask a provider that gives this reply about the token."""
    with running(reply) as provider:
        monkeypatch.setitem(captcha.ENDPOINTS, "turnstile", provider.url)
        return captcha.is_solved(TOKEN)


def test_a_token_that_the_provider_vouches_for_is_solved(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(monkeypatch, YES) is True


@pytest.mark.parametrize(
    "body",
    [
        b'{"success": false, "error-codes": ["timeout-or-duplicate"]}',
        b'{"success": "true"}',
        b'{"success": 1}',
        b'{"success": null}',
        b'{"score": 0.9}',
        b"{}",
    ],
)
def test_a_token_is_not_solved_by_anything_but_true(
    monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    assert ask(monkeypatch, Reply(body)) is False


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"<!doctype html><title>Welcome</title>", content_type="text/html"),
        Reply(YES.body, status=302, location="http://127.0.0.1:1/elsewhere"),
        Reply(YES.body, status=307, location="http://127.0.0.1:1/elsewhere"),
        Reply(YES.body, status=400),
        Reply(YES.body, status=500),
        Reply(b""),
        Reply(b'{"success": tru'),
        Reply(b'{"success": true}\xff'),
        Reply(b'[{"success": true}]'),
        Reply(b'"success"'),
        Reply(b"[" * 60_000),
        Reply(b'{"success": true, "padding": "' + b"x" * 10_000_000 + b'"}'),
        Reply(raw=b"220 not HTTP at all\r\n"),
        Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        Reply(raw=b""),
    ],
    ids=[
        *("HTML", "302", "307", "400", "500", "empty", "cut", "no-UTF-8", "list", "string"),
        *("deep", "10-MB", "no-HTTP", "bad-chunk", "hangs-up"),
    ],
)
def test_an_answer_that_is_none_lets_nobody_in(
    monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    with pytest.raises(UnavailableError):
        ask(monkeypatch, reply)


def test_a_provider_that_does_not_answer_in_time_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(captcha, "_TIMEOUT", 0.05)

    with pytest.raises(UnavailableError):
        ask(monkeypatch, Reply(is_held_back=True))


def test_a_provider_that_refuses_the_connection_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    monkeypatch.setitem(captcha.ENDPOINTS, "turnstile", f"http://127.0.0.1:{port}/siteverify")

    with pytest.raises(UnavailableError):
        captcha.is_solved(TOKEN)


def test_the_provider_is_asked_once_and_told_the_secret_and_the_token_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with running(Reply(status=500)) as provider:
        monkeypatch.setitem(captcha.ENDPOINTS, "turnstile", provider.url)
        with pytest.raises(UnavailableError):
            captcha.is_solved("a token & more=é")

    assert provider.forms == [{"secret": [SECRET], "response": ["a token & more=é"]}]


def test_a_redirect_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(YES) as elsewhere, pytest.raises(UnavailableError):
        ask(monkeypatch, Reply(status=302, location=elsewhere.url))

    assert elsewhere.forms == []


@pytest.mark.parametrize("reply", [YES, Reply(b'{"success": false}'), Reply(status=500)])
def test_neither_the_secret_nor_the_token_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    caplog.set_level(logging.DEBUG)

    try:
        ask(monkeypatch, reply)
    except UnavailableError as error:
        logs.failure("captcha", error)

    lines = [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    assert not [line for line in lines if SECRET in line or TOKEN in line]


@pytest.mark.parametrize("provider", ["turnstile", "hcaptcha", "recaptcha"])
def test_every_provider_is_asked_over_https(provider: str) -> None:
    assert captcha.ENDPOINTS[provider].startswith("https://")


def test_captcha_is_off_only_where_it_is_said(setting: Callable[..., None]) -> None:
    assert captcha.is_required()

    setting(CAPTCHA="off")

    assert not captcha.is_required()
