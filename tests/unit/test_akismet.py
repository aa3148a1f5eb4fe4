"""Akismet is asked where a site has a key, and never keeps anybody waiting or lets a doubt pass."""

import logging
from collections.abc import Callable

import pytest

from chalicelib import logs
from chalicelib.guard import akismet
from chalicelib.model import Effect, Finding
from chalicelib.rules.spam import Words
from tests.captcha_provider import Provider, Reply, running

KEY = "the-key-of-akismet"
WORDS = Words("Grace", "Clear & kind.", 5)
HOLD, SPAM = Finding("akismet", Effect.HOLD), Finding("akismet", Effect.SPAM)
UNAVAILABLE = Finding("akismet_unavailable", Effect.HOLD)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
Setting = Callable[..., None]


@pytest.fixture(autouse=True)
def _key(setting: Setting) -> None:
    setting(AKISMET_KEY=KEY, SITE_URL="https://www.example.org")


def ask(monkeypatch: pytest.MonkeyPatch, reply: Reply) -> tuple[Finding | None, Provider]:
    with running(reply) as provider:
        monkeypatch.setattr(akismet, "ENDPOINT", provider.url)
        return akismet.find(WORDS, "grace@example.com", "203.0.113.77", "curl"), provider


def answer(status: str, *headers: str) -> Reply:
    lines = "".join(f"{line}\r\n" for line in headers)
    return Reply(raw=f"HTTP/1.1 200 OK\r\n{lines}\r\n{status}".encode())


@pytest.mark.parametrize(
    ("reply", "finding"),
    [
        (Reply(b"false"), None),
        (Reply(b"false\n"), None),
        (Reply(b"true"), HOLD),
        (answer("true", "X-akismet-pro-tip: discard"), SPAM),
        (answer("true", "X-Akismet-Pro-Tip: recheck"), HOLD),
        (answer("false", "X-akismet-pro-tip: discard"), None),
        (answer("invalid", "X-akismet-debug-help: bad key"), UNAVAILABLE),
        (Reply(b""), UNAVAILABLE),
        (Reply(b"True"), UNAVAILABLE),
        (Reply(b"<!doctype html>", content_type="text/html"), UNAVAILABLE),
        (Reply(b"true" * 5000), UNAVAILABLE),
        (Reply(status=302, location="http://127.0.0.1:1/"), UNAVAILABLE),
        (Reply(b"false", status=500), UNAVAILABLE),
        (Reply(raw=b"220 not HTTP\r\n"), UNAVAILABLE),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nfalse"), UNAVAILABLE),
        (Reply(raw=CHUNKED + b"5\r\nfalse\r\n0\r\n\r\n"), None),
        (Reply(raw=CHUNKED + b"9\r\nfalse"), UNAVAILABLE),
        (Reply(b"false", status=201), UNAVAILABLE),
    ],
)
def test_what_it_says(
    monkeypatch: pytest.MonkeyPatch, reply: Reply, finding: Finding | None
) -> None:
    assert ask(monkeypatch, reply)[0] == finding


@pytest.mark.parametrize("reply", [Reply(is_held_back=True), Reply(drip=b"HTTP/1.1 200 OK\r\nX-")])
def test_it_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, reply: Reply) -> None:
    monkeypatch.setattr(akismet, "SECONDS", 0.1)

    assert ask(monkeypatch, reply)[0] == UNAVAILABLE


def test_it_is_told_who_wrote_what(monkeypatch: pytest.MonkeyPatch) -> None:
    _, provider = ask(monkeypatch, Reply(b"false"))

    assert provider.forms == [
        {
            "api_key": [KEY],
            "blog": ["https://www.example.org"],
            "user_ip": ["203.0.113.77"],
            "user_agent": ["curl"],
            "comment_type": ["review"],
            "comment_author": ["Grace"],
            "comment_author_email": ["grace@example.com"],
            "comment_content": ["Clear & kind."],
        }
    ]


@pytest.mark.parametrize("missing", ["AKISMET_KEY", "SITE_URL"])
def test_without_a_key_nobody_is_asked(
    monkeypatch: pytest.MonkeyPatch, setting: Setting, missing: str
) -> None:
    setting(**{missing: None})

    finding, provider = ask(monkeypatch, Reply(b"true"))

    assert (finding, provider.forms) == (None, [])


@pytest.mark.parametrize("reply", [Reply(b"true"), Reply(b"invalid"), Reply(status=500)])
def test_no_line_of_the_log_has_the_key_or_the_reader(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    caplog.set_level(logging.DEBUG)

    ask(monkeypatch, reply)

    said = " ".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert not [word for word in (KEY, "grace@", "203.0.113", "Clear") if word in said]


@pytest.mark.parametrize(
    ("reply", "lines"),
    [
        (answer("false"), []),
        (answer("false", "X-akismet-alert-code: 10010"), [("akismet alert", {"code": "10010"})]),
        (answer("false", "X-akismet-alert-code: grace@example.com"), []),
        (answer("invalid"), [("akismet refused", {"reason": "invalid"})]),
        (answer("grace@example.com"), [("akismet refused", {"reason": "another answer"})]),
    ],
)
def test_the_operator_learns_what_is_wrong_with_the_key(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    reply: Reply,
    lines: list[tuple[str, dict[str, str]]],
) -> None:
    ask(monkeypatch, reply)

    said = [(one.getMessage(), logs.fields_of(one)) for one in caplog.records]
    assert said == lines
    assert all(one.levelno >= logging.WARNING for one in caplog.records)


def test_what_is_no_text_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Reply(b"false")) as provider:
        monkeypatch.setattr(akismet, "ENDPOINT", provider.url)

        assert akismet.find(WORDS, "", "", "\ud800") is None

    assert provider.forms[0]["user_agent"] == ["?"]


def test_less_than_two_seconds_are_given_to_it() -> None:
    assert akismet.SECONDS < 2


def test_it_is_asked_over_https() -> None:
    assert akismet.ENDPOINT.startswith("https://")
