"""The captcha provider is believed when it says yes to us; when it says nothing nobody gets in."""

import logging
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import logs
from chalicelib.errors import UnavailableError
from chalicelib.guard import captcha, outbound, secrets
from chalicelib.settings import SettingsError
from tests.captcha_provider import HOST, Reply, good, stands_for

SECRET = "the-secret-of-the-provider"
TOKEN = "the-token-of-a-reader"
PROVIDERS = ("turnstile", "hcaptcha", "recaptcha", "recaptcha_v3")
LIFETIMES = {"turnstile": 300, "hcaptcha": 120, "recaptcha": 120, "recaptcha_v3": 120}
WITH_ACTION = ("turnstile", "recaptcha_v3")
Setting = Callable[..., None]


@pytest.fixture(autouse=True)
def _on(setting: Setting) -> None:
    use("turnstile", setting)


def use(name: str, setting: Setting, **more: str) -> None:
    setting(CAPTCHA=name, CAPTCHA_SECRET=SECRET, CAPTCHA_HOSTNAMES=HOST, **more)


def ask(monkeypatch: pytest.MonkeyPatch, reply: Reply, name: str = "turnstile") -> bool:
    """
    Ask a provider that gives this reply about the token.

    Turnstile's place is taken by a server; of the others only the answer is another.
    """
    if name != "turnstile":
        monkeypatch.setattr(outbound, "post", lambda *_: outbound.Reply({}, reply.content))
        return captcha.is_solved(TOKEN)
    with stands_for(name, reply, monkeypatch):
        return captcha.is_solved(TOKEN)


def ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_token_that_the_provider_vouches_for_is_solved(
    monkeypatch: pytest.MonkeyPatch, setting: Setting, name: str
) -> None:
    use(name, setting)

    assert ask(monkeypatch, good(), name) is True


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("success", ["true", 1, None, [True], {}, False, "false"])
def test_a_token_is_not_solved_by_anything_but_true(
    monkeypatch: pytest.MonkeyPatch, setting: Setting, name: str, success: object
) -> None:
    use(name, setting)

    assert ask(monkeypatch, good(success=success), name) is False


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize(
    "code",
    [
        "missing-input-response",
        "invalid-input-response",
        "timeout-or-duplicate",
        "already-seen-response",
        "expired-input-response",
        "invalid-or-already-seen-response",
        "a-code-of-tomorrow",
    ],
)
def test_what_a_reader_did_wrong_is_a_token_that_is_not_solved(
    monkeypatch: pytest.MonkeyPatch, setting: Setting, name: str, code: str
) -> None:
    use(name, setting)

    assert ask(monkeypatch, good(success=False, **{"error-codes": [code]}), name) is False


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize(
    "code",
    [
        "missing-input-secret",
        "invalid-input-secret",
        "sitekey-secret-mismatch",
        "bad-request",
        "internal-error",
    ],
)
def test_what_we_did_wrong_is_said_to_the_operator_and_not_to_the_reader(
    monkeypatch: pytest.MonkeyPatch,
    setting: Setting,
    caplog: pytest.LogCaptureFixture,
    name: str,
    code: str,
) -> None:
    use(name, setting)

    with pytest.raises(UnavailableError):
        ask(monkeypatch, good(success=False, **{"error-codes": ["x", 7, code]}), name)

    (line,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (line.getMessage(), logs.fields_of(line)) == ("captcha misconfigured", {"code": code})


@pytest.mark.parametrize("codes", [None, "invalid-input-secret", {"a": 1}, 7])
def test_codes_that_are_no_list_say_nothing(monkeypatch: pytest.MonkeyPatch, codes: object) -> None:
    assert ask(monkeypatch, good(**{"error-codes": codes})) is True


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("hostname", ["evil.example", f"{HOST}.evil.example", f"x{HOST}", "", None])
def test_a_token_of_another_site_is_not_solved(
    monkeypatch: pytest.MonkeyPatch, setting: Setting, name: str, hostname: str | None
) -> None:
    use(name, setting)

    assert ask(monkeypatch, good(hostname=hostname), name) is False


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("action", ["login", "", None, "Review"])
def test_a_token_of_another_form_is_not_solved_where_the_provider_tells(
    monkeypatch: pytest.MonkeyPatch, setting: Setting, name: str, action: str | None
) -> None:
    use(name, setting)

    assert ask(monkeypatch, good(action=action), name) is (name not in WITH_ACTION)


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("score", [0.49, 0, -1, 1.5, "0.9", None, True, float("nan")])
def test_a_score_that_is_low_or_none_counts_for_version_three_alone(
    monkeypatch: pytest.MonkeyPatch, setting: Setting, name: str, score: object
) -> None:
    use(name, setting)

    assert ask(monkeypatch, good(score=score), name) is (name != "recaptcha_v3")


@pytest.mark.parametrize(("least", "is_solved"), [("0.7", True), ("0.71", False), ("0", True)])
def test_the_least_score_is_a_setting(
    monkeypatch: pytest.MonkeyPatch, setting: Setting, least: str, is_solved: bool
) -> None:
    use("recaptcha_v3", setting, CAPTCHA_SCORE=least)

    assert ask(monkeypatch, good(score=0.7), "recaptcha_v3") is is_solved


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize(("extra", "is_solved"), [(-5, True), (25, True), (35, False)])
def test_a_token_grows_old(
    monkeypatch: pytest.MonkeyPatch, setting: Setting, name: str, extra: int, is_solved: bool
) -> None:
    use(name, setting)
    solved_at = ago(LIFETIMES[name] + extra)

    assert ask(monkeypatch, good(challenge_ts=solved_at), name) is is_solved


@pytest.mark.parametrize(
    ("age", "written", "is_solved"),
    [
        (0, "%Y-%m-%dT%H:%M:%SZ", True),
        (0, "%Y-%m-%dT%H:%M:%S+00:00", True),
        (0, "%Y-%m-%dT%H:%M:%S+0000", True),
        (0, "%Y-%m-%dT%H:%M:%S.096Z", True),
        (-20, "%Y-%m-%dT%H:%M:%SZ", True),
        (-60, "%Y-%m-%dT%H:%M:%SZ", False),
        (0, "%Y-%m-%dT%H:%M:%S", False),
        (0, "yesterday", False),
        (0, "", False),
    ],
)
def test_only_a_time_that_can_be_read_is_now(
    monkeypatch: pytest.MonkeyPatch, age: int, written: str, is_solved: bool
) -> None:
    solved_at = (datetime.now(UTC) - timedelta(seconds=age)).strftime(written)

    assert ask(monkeypatch, good(challenge_ts=solved_at)) is is_solved


@pytest.mark.parametrize("solved_at", [None, 1_795_000_000, True, ["now"]])
def test_a_time_is_a_text(monkeypatch: pytest.MonkeyPatch, solved_at: object) -> None:
    assert ask(monkeypatch, good(challenge_ts=solved_at)) is False


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"<!doctype html><title>Welcome</title>", content_type="text/html"),
        Reply(good().content, status=302, location="http://127.0.0.1:1/elsewhere"),
        Reply(good().content, status=307, location="http://127.0.0.1:1/elsewhere"),
        Reply(good().content, status=400),
        Reply(good().content, status=500),
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


SLOW = {
    "says nothing": Reply(is_held_back=True),
    "drips its status": Reply(drip=b"HTTP/1.1 2"),
    "drips its header": Reply(drip=b"HTTP/1.1 200 OK\r\nX-"),
    "drips its body": Reply(drip=b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n{"),
}


@pytest.mark.parametrize("reply", SLOW.values(), ids=SLOW)
def test_a_provider_that_does_not_answer_in_time_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    monkeypatch.setattr(captcha, "SECONDS", 0.15)
    started = time.monotonic()

    with pytest.raises(UnavailableError):
        ask(monkeypatch, reply)

    assert time.monotonic() - started < 1.5


@pytest.mark.slow
def test_three_seconds_are_never_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with stands_for("turnstile", SLOW["drips its body"], monkeypatch):
        started = time.monotonic()
        with pytest.raises(UnavailableError):
            captcha.is_solved(TOKEN)
        assert time.monotonic() - started < 3


def test_a_provider_that_refuses_the_connection_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    nobody = replace(captcha.PROVIDERS["turnstile"], endpoint=f"http://127.0.0.1:{port}/")
    monkeypatch.setitem(captcha.PROVIDERS, "turnstile", nobody)

    with pytest.raises(UnavailableError):
        captcha.is_solved(TOKEN)


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_provider_is_asked_once_and_told_the_secret_and_the_token_alone(
    monkeypatch: pytest.MonkeyPatch, setting: Setting, name: str
) -> None:
    use(name, setting)

    with (
        stands_for(name, Reply(status=500), monkeypatch) as provider,
        pytest.raises(UnavailableError),
    ):
        captcha.is_solved("a token & more=é")

    (form,) = provider.forms
    again = form.pop("idempotency_key", None)
    assert form == {"secret": [SECRET], "response": ["a token & more=é"]}
    assert (again is not None) == (name == "turnstile")


def test_a_repeated_question_has_the_key_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    with stands_for("turnstile", good(), monkeypatch) as provider:
        for token in (TOKEN, TOKEN, "another"):
            captcha.is_solved(token)

    first, second, third = (form["idempotency_key"][0] for form in provider.forms)
    assert first == second != third
    assert uuid.UUID(first).version == 5


@pytest.mark.parametrize("token", ["", "t" * 2049])
def test_a_token_that_can_be_none_is_not_asked_about(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    with stands_for("turnstile", good(), monkeypatch) as provider:
        assert captcha.is_solved(token) is False

    assert provider.forms == []


def test_a_redirect_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        stands_for("hcaptcha", good(), monkeypatch) as elsewhere,
        pytest.raises(UnavailableError),
    ):
        ask(monkeypatch, Reply(status=302, location=elsewhere.url))

    assert elsewhere.forms == []


@pytest.mark.parametrize(
    "reply", [good(), good(success=False), good(hostname="evil.example"), Reply(status=500)]
)
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


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"success": False}, "refused"),
        ({"hostname": "evil.example"}, "hostname"),
        ({"action": "login"}, "action"),
        ({"score": 0.1}, "score"),
        ({"challenge_ts": ago(3600)}, "stale"),
    ],
)
def test_the_log_says_why_a_token_was_refused(
    monkeypatch: pytest.MonkeyPatch,
    setting: Setting,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, Any],
    reason: str,
) -> None:
    caplog.set_level(logging.INFO)
    use("recaptcha_v3", setting)

    ask(monkeypatch, good(**changes), "recaptcha_v3")

    (line,) = [record for record in caplog.records if record.name == "chalicelib"]
    assert logs.fields_of(line) == {"provider": "recaptcha_v3", "reason": reason}


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_is_asked_over_https(name: str) -> None:
    assert captcha.PROVIDERS[name].endpoint.startswith("https://")


def test_captcha_is_off_only_where_it_is_said(setting: Setting) -> None:
    assert captcha.is_required()

    setting(CAPTCHA="off")

    assert not captcha.is_required()


@pytest.mark.parametrize("stage", ["prod", "test", "local", "dev"])
@pytest.mark.parametrize(
    "secret",
    [
        "1x0000000000000000000000000000000AA",
        "2x0000000000000000000000000000000AA",
        "3x0000000000000000000000000000000AA",
        "0x0000000000000000000000000000000000000000",
        "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe",
    ],
)
def test_a_secret_for_tests_opens_no_site(setting: Setting, stage: str, secret: str) -> None:
    setting(STAGE=stage, CAPTCHA_SECRET=secret)

    if stage in {"local", "dev"}:
        assert secrets.captcha_secret() == secret
    else:
        with pytest.raises(SettingsError, match="for tests"):
            secrets.probe()


@pytest.mark.parametrize(
    ("stage", "secret"), [("local", "1x" + "0" * 31 + "AA"), ("dev", "0x" + "0" * 40)]
)
def test_at_home_a_secret_for_tests_asks_for_neither_page_nor_form(
    monkeypatch: pytest.MonkeyPatch, setting: Setting, stage: str, secret: str
) -> None:
    setting(STAGE=stage, CAPTCHA_SECRET=secret)
    dummy = {"hostname": "example.com", "action": None, "challenge_ts": None}

    assert ask(monkeypatch, good(**dummy)) is True
    assert ask(monkeypatch, good(**dummy, success=False)) is False


@pytest.mark.parametrize(
    ("hostnames", "origins", "expected"),
    [
        ("a.example, B.example", "https://c.example", {"a.example", "b.example"}),
        (None, "https://c.example,http://localhost:3000", {"c.example", "localhost"}),
        ("", "https://c.example", {"c.example"}),
    ],
)
def test_the_hosts_are_those_of_the_origins_unless_told(
    setting: Setting, hostnames: str | None, origins: str, expected: set[str]
) -> None:
    from chalicelib import settings

    setting(CAPTCHA_HOSTNAMES=hostnames, CORS_ORIGINS=origins)

    assert {*(settings.current().captcha_hostnames or ())} == expected


@pytest.mark.parametrize("origins", [None, "*"])
def test_a_stage_that_knows_no_host_refuses_to_serve(setting: Setting, origins: str | None) -> None:
    setting(CAPTCHA_HOSTNAMES=None, CORS_ORIGINS=origins)

    with pytest.raises(SettingsError, match="CAPTCHA_HOSTNAMES"):
        secrets.probe()


def test_at_home_a_token_of_any_page_is_good(
    monkeypatch: pytest.MonkeyPatch, setting: Setting
) -> None:
    setting(STAGE="local", CAPTCHA_HOSTNAMES=None)

    assert ask(monkeypatch, good(hostname="localhost")) is True
