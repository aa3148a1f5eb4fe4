"""Secrets come from Parameter Store, are kept for five minutes, and never guessed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from chalicelib import settings
from chalicelib.errors import UnavailableError
from chalicelib.guard import secrets
from chalicelib.settings import SettingsError
from tests import builders
from tests.client import Api

PATH = "/plaudit/test"
READER, SIGNING, CAPTCHA = "reader" * 6, "signing" * 6, "provider"


class Clock:
    """The clock, at the beginning of a period."""

    def __init__(self) -> None:
        self.now = 7 * secrets.LIFETIME

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(secrets, "time", clock)
    return clock


@pytest.fixture
def asked(aws: None, setting: Callable[..., None], clock: Clock) -> Iterator[list[str]]:
    """The calls to Parameter Store of a process whose secrets are all there."""
    # What the environment says must not count.
    setting(SECRETS_PATH=PATH, READER_SECRET=None, SIGNING_SECRETS=None)
    secrets._read.cache_clear()
    secrets._ssm.cache_clear()
    store(
        **{
            "reader-secret": READER,
            "signing-secrets": SIGNING,
            "captcha-secret": CAPTCHA,
        }
    )
    calls: list[str] = []

    def record(model: Any, **_: Any) -> None:
        calls.append(model.name)

    secrets._ssm().meta.events.register("before-call.ssm", record)
    yield calls
    secrets._ssm().delete_parameters(Names=[f"{PATH}/{name}" for name in secrets.NAMES])
    secrets._read.cache_clear()


def store(**values: str) -> None:
    for name, value in values.items():
        secrets._ssm().put_parameter(
            Name=f"{PATH}/{name}", Value=value, Type="SecureString", Overwrite=True
        )


def remove(name: str) -> None:
    secrets._ssm().delete_parameter(Name=f"{PATH}/{name}")


def break_down() -> None:
    def fail(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://ssm")

    secrets._ssm().meta.events.register("before-call.ssm.GetParameters", fail)


def refuse() -> None:
    def deny(**_: Any) -> Any:
        http = type("Answer", (), {"status_code": 400})()
        return http, {"Error": {"Code": "AccessDeniedException", "Message": "canary"}}

    secrets._ssm().meta.events.register("before-call.ssm.GetParameters", deny)


def test_secrets_for_one_thing_are_read_in_one_call_decrypted(asked: list[str]) -> None:
    found = secrets.current()

    assert (found.reader_secret, found.signing_secrets) == (READER.encode(), (SIGNING.encode(),))
    assert asked == ["GetParameters"]
    assert secrets.of_api().captcha_secret == CAPTCHA
    assert asked == ["GetParameters"] * 2


def test_nothing_is_asked_without_a_path(asked: list[str], setting: Callable[..., None]) -> None:
    setting(SECRETS_PATH="", READER_SECRET="e" * 32)

    assert secrets.current().reader_secret == b"e" * 32
    assert asked == []


@pytest.mark.parametrize(("seconds", "calls"), [(299, 1), (300, 2)])
def test_secrets_are_kept_for_five_minutes_at_most(
    asked: list[str], clock: Clock, seconds: int, calls: int
) -> None:
    secrets.current()

    clock.now += seconds

    secrets.current()
    assert len(asked) == calls


@pytest.mark.parametrize("spoil", [break_down, refuse])
def test_what_cannot_be_read_again_is_not_used_on(
    asked: list[str], clock: Clock, spoil: Callable[[], None]
) -> None:
    secrets.current()
    spoil()

    secrets.current()
    clock.now += secrets.LIFETIME

    with pytest.raises(UnavailableError):
        secrets.current()


def test_a_failure_is_not_remembered(asked: list[str], clock: Clock) -> None:
    def fail_once(**_: Any) -> None:
        secrets._ssm().meta.events.unregister("before-call.ssm.GetParameters", fail_once)
        raise ReadTimeoutError(endpoint_url="https://ssm")

    secrets._ssm().meta.events.register("before-call.ssm.GetParameters", fail_once)

    with pytest.raises(UnavailableError):
        secrets.current()
    assert secrets.current().reader_secret == READER.encode()


@pytest.mark.parametrize("name", ["reader-secret", "signing-secrets"])
def test_a_missing_secret_refuses_to_serve(asked: list[str], api: Api, name: str) -> None:
    remove(name)

    with pytest.raises(SettingsError, match=f"^{secrets.NAMES[name]} is not set$"):
        secrets.probe()
    assert (api.get("/health").status, api.get("/health").code) == (500, "internal")


def test_a_captchas_secret_is_needed_where_a_captcha_is(
    asked: list[str], setting: Callable[..., None], api: Api
) -> None:
    remove("captcha-secret")
    without = api.get("/health").status

    setting(CAPTCHA="turnstile")

    assert (without, api.get("/health").status) == (200, 500)


def test_a_whole_set_is_healthy(asked: list[str], setting: Callable[..., None], api: Api) -> None:
    setting(CAPTCHA="turnstile", CAPTCHA_HOSTNAMES="www.example.org")

    assert api.get("/health").body["status"] == "ok"


def test_an_unreachable_store_is_unavailable_and_says_nothing(asked: list[str], api: Api) -> None:
    refuse()

    answer = api.post("/articles/first-light/reviews", builders.submission())

    assert (answer.status, answer.code, "canary" in answer.text) == (503, "unavailable", False)
    assert answer.headers["retry-after"].isdigit()


def test_reading_an_article_needs_no_secret(asked: list[str], api: Api) -> None:
    assert api.get("/articles/first-light").status == 404
    assert asked == []


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_webhook_in_the_clear_is_for_a_laptop_alone(
    setting: Callable[..., None], stage: str
) -> None:
    hook = f"http://hooks.example.org whsec_{'a2V5' * 8}"
    setting(STAGE="local", WEBHOOKS="on", WEBHOOK_URLS=hook)
    (known,) = secrets.webhooks()
    setting(STAGE=stage, WEBHOOKS="on", WEBHOOK_URLS=hook)

    assert known.url == "http://hooks.example.org"
    with pytest.raises(SettingsError, match=r"^WEBHOOK_URLS must be https$"):
        secrets.webhooks()


def test_a_laptop_takes_its_secrets_from_the_environment() -> None:
    assert settings.current().secrets_path is None
    assert secrets.current() is settings.current().secrets
