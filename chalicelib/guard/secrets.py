"""
The secrets of this deployment: from SSM Parameter Store, or from the environment of a laptop.

One call reads those that a Lambda needs for one thing, and what it gave is good for five
minutes at most, so that a changed one is in force within that time. A read
that fails afterwards serves nothing: an old secret is not stretched. Parameter Store refuses a
call that names one secret too many, so each Lambda asks for no more than its policy lets it.

Source:
    docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
"""

import re
import time
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import settings
from chalicelib.errors import UnavailableError
from chalicelib.settings import Secrets, SettingsError, Webhook
from chalicelib.store import sdk

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

LIFETIME: Final = 300
"""Seconds."""
_FOR_TESTS: Final = re.compile(r"[123]x0+AA|0x0+|6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe")
"""
Of Turnstile, hCaptcha and reCAPTCHA.

Source:
    developers.cloudflare.com/turnstile/troubleshooting/testing, docs.hcaptcha.com,
    developers.google.com/recaptcha/docs/faq
"""
NAMES: Final = {
    "reader-secret": "READER_SECRET",
    "signing-secrets": "SIGNING_SECRETS",
    "captcha-secret": "CAPTCHA_SECRET",
    "akismet-key": "AKISMET_KEY",
    "webhooks": "WEBHOOK_URLS",
}
"""Parameters below the path, and the settings that they are."""
_OF_ALL: Final = ("reader-secret", "signing-secrets")
_OF_API: Final = ("captcha-secret", "akismet-key")
_OF_NOTICES: Final = ("webhooks",)


def current() -> Secrets:
    """
    Give the secrets in force that hashes, tokens and cursors are made with.

    Each is checked when it is read from the result.

    Raises:
        UnavailableError: Parameter Store cannot be asked, or refuses.
    """
    return _of(_OF_ALL)


def of_api() -> Secrets:
    """Give those in force that only the API needs. Raises as `current`."""
    return _of(_OF_API)


def webhooks() -> tuple[Webhook, ...]:
    """
    Give who is told of what takes place, and what with it is signed.

    Raises:
        UnavailableError: As `current`.
        SettingsError: The secret is malformed, or says `http` outside of the stage `local`.
    """
    known = settings.current()
    found = _of(_OF_NOTICES).webhook_urls if known.webhooks else ()
    if known.stage != "local" and any(not one.url.startswith("https://") for one in found):
        msg = "WEBHOOK_URLS must be https"
        raise SettingsError(msg)
    return found


def _of(names: tuple[str, ...]) -> Secrets:
    known = settings.current()
    if known.secrets_path is None:
        return known.secrets
    return _read(known.secrets_path, names, int(time.time()) // LIFETIME)


def probe() -> None:
    """
    Read every secret that this deployment needs, and the settings that it serves by.

    Raises:
        UnavailableError: As `current`.
        SettingsError: One is missing or malformed.
    """
    found = current()
    _ = found.reader_secret, found.signing_secrets
    settings.current().check()
    if settings.current().captcha != "off":
        captcha_secret()


def captcha_secret() -> str:
    """
    Give the captcha provider's secret.

    Raises:
        UnavailableError: As `current`.
        SettingsError: It is missing, or one that a provider publishes for tests, with
            which every token is good.
    """
    known, secret = settings.current(), of_api().captcha_secret
    if is_for_tests(secret) and known.stage not in {"local", "dev"}:
        msg = "CAPTCHA_SECRET is one that its provider publishes for tests"
        raise SettingsError(msg)
    return secret


def is_for_tests(secret: str) -> bool:
    """Tell whether a captcha provider publishes a secret for tests."""
    return _FOR_TESTS.fullmatch(secret) is not None


@lru_cache(maxsize=3)
def _read(path: str, names: tuple[str, ...], period: int) -> Secrets:
    """Read the secrets once in each period. While Lambda freezes a container, time goes on."""
    del period
    try:
        answer = _ssm().get_parameters(
            Names=[f"{path}/{name}" for name in names], WithDecryption=True
        )
    except (BotoCoreError, ClientError) as error:
        raise UnavailableError from error
    found = {one["Name"].rpartition("/")[2]: one["Value"] for one in answer["Parameters"]}
    return Secrets({NAMES[name]: value for name, value in found.items()})


@cache
def _ssm() -> "SSMClient":
    made: SSMClient = sdk.make("ssm")
    return made
