"""Settings: what is missing or malformed refuses to serve and is not repeated in the message."""

import hashlib
from datetime import timedelta

import pytest

from chalicelib.settings import Consent, Retention, Secrets, Settings, SettingsError, SignIn

SECRET = "a-canary-of-at-least-32-characters"
DIGEST = hashlib.sha256(b"key").hexdigest()
REQUIRED = [
    "STAGE",
    "CONTENT_TABLE",
    "DERIVED_TABLE",
    "READER_SECRET",
    "SIGNING_SECRETS",
    "CAPTCHA_SECRET",
    "PUBLIC_URL",
]
MALFORMED = [
    ("READER_SECRET", "canary" + "x" * 25),
    ("SIGNING_SECRETS", "canary"),
    ("SIGNING_SECRETS", f"{SECRET},canary"),
    ("SIGNING_SECRETS", f"canary,{SECRET}"),
    ("SIGNING_SECRETS", f"{SECRET},"),
    ("SIGNING_SECRETS", f",{SECRET}"),
    ("MODERATION", "canary"),
    ("MODERATION", ""),
    ("MODERATION", "Publish_first"),
    ("CAPTCHA", "canary"),
    ("CAPTCHA", ""),
    ("CAPTCHA", "OFF"),
    ("CAPTCHA_DOWN", "canary"),
    ("CAPTCHA_DOWN", ""),
    *(("SITE_URL", value) for value in ("canary", "//canary", "https://", "https://canary x")),
    ("SITE_URL", "javascript://canary"),
    ("WEBHOOKS", "canary"),
    ("WEBHOOKS", "ON"),
    ("NOTICES_FOLDER", "/canary"),
    *(("PUBLIC_URL", value) for value in ("canary", "http://canary.example", "https://c/#canary")),
    *(("MANAGE_URL", value) for value in ("canary", "http://canary.example", "https://c/#canary")),
    *(
        ("RETENTION", value)
        for value in (
            *("canary", "30d", "spam=", "spam=30", "spam=0d", "spam=-1d", "spam=07d", "spam=3651d"),
            *("pending=30d", "spam=OFF", "spam=1h", "spam=٣d", "spam=30d,rejected=off"),
            *("spam=30d spam=30d", "spam=off spam=30d", "spam=99999d"),
        )
    ),
    *(("DIGEST_HOUR", value) for value in ("canary", "24", "-1", "07", "7.5", "٧")),
    *(
        ("MAIL_FROM", value)
        for value in (
            "canary",
            "canary@",
            "Canary <canary@example.org",
            "canary@example.org>",
            "a@example.org, canary@example.org",
            "canary\n <a@example.org>",
            "Canary <a@example.org> x",
        )
    ),
    ("MAIL_EDITORS", "a@example.org, canary"),
    ("MAIL_EDITORS", ", ".join(["canary@example.org"] * 21)),
    *(("CAPTCHA_SCORE", value) for value in ("canary", "", "1.1", "-0.5", ".5", "nan", "1e-1")),
    *(
        ("LIMITS", value)
        for value in (
            "canary",
            "OFF",
            "network",
            "canary=1/1h",
            "network=0/1h",
            "network=-1/1h",
            "network=1/0h",
            "network=1/1s",
            "network=1/1",
            "network=10000000/1h",
            "network=1/100h",
            "network=1/1h,site=1/1h",
            "site=1/1h site=2/60m",
        )
    ),
]


def read(name: str, environ: dict[str, str]) -> object:
    kind = Secrets if hasattr(Secrets, name.lower()) else Settings
    return getattr(kind(environ), name.lower())


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is not set$"):
        read(name, {})


@pytest.mark.parametrize("name", REQUIRED)
def test_an_empty_setting_is_missing(name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is not set$"):
        read(name, {name: ""})


@pytest.mark.parametrize(("name", "value"), MALFORMED)
def test_a_malformed_setting_is_named_and_its_value_is_not_told(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} must ") as raised:
        read(name, {"STAGE": "prod", name: value})

    told = f"{raised.value} {raised.value.__cause__} {raised.value.__context__}"
    assert [part for part in ("canary", SECRET, DIGEST) if part in told] == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("STAGE", "prod", "prod"),
        ("RELEASE", "v1.2.3", "v1.2.3"),
        ("CONTENT_TABLE", "content", "content"),
        ("DERIVED_TABLE", "derived", "derived"),
        ("READER_SECRET", SECRET, SECRET.encode()),
        ("SIGNING_SECRETS", SECRET, (SECRET.encode(),)),
        ("SIGNING_SECRETS", f"{SECRET}, {'o' * 32}", (SECRET.encode(), b"o" * 32)),
        ("MODERATION", "publish_first", "publish_first"),
        ("MODERATION", "approve_first", "approve_first"),
        ("CAPTCHA", "off", "off"),
        ("CAPTCHA", "turnstile", "turnstile"),
        ("CAPTCHA_SECRET", "secret", "secret"),
        ("SITE_URL", "", None),
        ("SITE_URL", "https://www.example.org", "https://www.example.org"),
        ("SITE_URL", "http://localhost:3000/a/?b=c", "http://localhost:3000/a/?b=c"),
        ("WEBHOOKS", "", False),
        ("WEBHOOKS", "off", False),
        ("WEBHOOKS", "on", True),
        ("MAIL_FROM", "", None),
        ("MAIL_FROM", "r@example.org", "r@example.org"),
        ("MAIL_FROM", "Plaudit <r@example.org>", "Plaudit <r@example.org>"),
        ("MAIL_EDITORS", "", ()),
        ("MAIL_EDITORS", "a@example.org, Bo <b@x.org>,", ("a@example.org", "Bo <b@x.org>")),
        ("PUBLIC_URL", "https://api.example.org/v1/", "https://api.example.org/v1"),
        ("MANAGE_URL", "", None),
        ("MANAGE_URL", "https://example.org/mine", "https://example.org/mine"),
        ("DIGEST_HOUR", "", None),
        ("DIGEST_HOUR", "off", None),
        ("DIGEST_HOUR", "0", 0),
        ("DIGEST_HOUR", "23", 23),
        ("RETENTION", "", Retention(timedelta(30), None)),
        ("RETENTION", "spam=off", Retention(None, None)),
        ("RETENTION", " rejected=365d ", Retention(timedelta(30), timedelta(365))),
        ("RETENTION", "rejected=3650d  spam=1d", Retention(timedelta(1), timedelta(3650))),
        ("AKISMET_KEY", "", None),
        ("AKISMET_KEY", "key", "key"),
    ],
)
def test_a_setting_is_read(name: str, value: str, expected: object) -> None:
    assert read(name, {"STAGE": "prod", name: value}) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("RELEASE", "unreleased"), ("MODERATION", "publish_first")],
)
def test_an_optional_setting_has_a_harmless_value(name: str, expected: object) -> None:
    assert read(name, {}) == expected


@pytest.mark.parametrize("stage", ["dev", "prod", "Local", "localhost"])
def test_a_deployment_must_say_whether_it_wants_a_captcha(stage: str) -> None:
    with pytest.raises(SettingsError, match=r"^CAPTCHA must be one of off, "):
        read("CAPTCHA", {"STAGE": stage})


def test_a_laptop_needs_no_captcha() -> None:
    assert read("CAPTCHA", {"STAGE": "local"}) == "off"


def test_a_setting_that_nobody_reads_may_be_wrong() -> None:
    settings = Settings({"STAGE": "prod", "READER_SECRET": "short"})

    assert settings.stage == "prod"


def test_settings_are_those_of_the_start() -> None:
    environ = {"STAGE": "prod"}
    settings = Settings(environ)

    environ["STAGE"] = "dev"

    assert settings.stage == "prod"


def test_limits_are_read_in_their_order() -> None:
    told = Settings({"STAGE": "prod", "LIMITS": " network=60/10m  site=2000/1h site=9/1d "})

    assert told.limits == (("network", 60, 600), ("site", 2000, 3600), ("site", 9, 86400))


@pytest.mark.parametrize("stage", ["local", "prod"])
@pytest.mark.parametrize("text", [None, ""])
def test_there_are_limits_unless_told(stage: str, text: str | None) -> None:
    environ = {"STAGE": stage} if text is None else {"STAGE": stage, "LIMITS": text}

    assert {limit.scope for limit in Settings(environ).limits} == {
        *("network", "reader", "article", "site"),
    }
    assert Settings({"STAGE": stage, "LIMITS": "off"}).limits == ()


@pytest.mark.parametrize(("text", "score"), [("0", 0), ("1", 1), ("0.75", 0.75), ("1.0", 1)])
def test_a_score_is_a_number_between(text: str, score: float) -> None:
    assert Settings({"CAPTCHA_SCORE": text}).captcha_score == score


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, None),
        ({"OIDC_ISSUER": "", "OIDC_AUDIENCE": ""}, None),
        (
            {"OIDC_ISSUER": "https://id.example/pool/", "OIDC_AUDIENCE": "desk"},
            SignIn("https://id.example/pool/", "desk"),
        ),
    ],
)
def test_a_provider_is_named_as_its_tokens_name_it(
    told: dict[str, str], expected: SignIn | None
) -> None:
    assert Settings({"STAGE": "prod"} | told).sign_in == expected


@pytest.mark.parametrize(
    "told",
    [
        {"OIDC_ISSUER": "https://canary.example"},
        {"OIDC_AUDIENCE": "canary"},
        {"OIDC_ISSUER": "http://canary.example", "OIDC_AUDIENCE": "desk"},
        {"OIDC_ISSUER": "canary.example", "OIDC_AUDIENCE": "desk"},
        {"OIDC_ISSUER": "https://canary.example/#a", "OIDC_AUDIENCE": "desk"},
        {"OIDC_ISSUER": "https://canary.example/\n", "OIDC_AUDIENCE": "desk"},
    ],
)
def test_a_provider_that_cannot_be_one_is_refused(told: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="OIDC_ISSUER") as caught:
        _ = Settings({"STAGE": "prod"} | told).sign_in

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, None),
        ({"CONSENT_REVISION": "", "CONSENT_TEXT": ""}, None),
        (
            {"CONSENT_REVISION": "2026-01.b", "CONSENT_TEXT": "I agree.\nTo all, é."},
            Consent("2026-01.b", "I agree.\nTo all, é."),
        ),
        (
            {"CONSENT_REVISION": "a" * 40, "CONSENT_TEXT": "x" * 2000},
            Consent("a" * 40, "x" * 2000),
        ),
    ],
)
def test_a_consent_is_a_text_under_a_name(told: dict[str, str], expected: Consent | None) -> None:
    assert Settings(told).consent == expected


@pytest.mark.parametrize(
    ("revision", "text", "blamed"),
    [
        *((one, "canary", "CONSENT_REVISION") for one in ("", "a b", "-a", "é", "a\n", "a" * 41)),
        *(("1", one, "CONSENT_TEXT") for one in ("", " \n", "canary\0", "canary\t", "é" * 1001)),
    ],
)
def test_half_a_consent_is_refused(revision: str, text: str, blamed: str) -> None:
    with pytest.raises(SettingsError, match=f"^{blamed}") as caught:
        _ = Settings({"CONSENT_REVISION": revision, "CONSENT_TEXT": text}).consent

    assert "CONSENT_REVISION" in str(caught.value)
    assert "CONSENT_TEXT" in str(caught.value)
    assert "canary" not in str(caught.value)
