"""
Asks the captcha provider whether a token is good.

Every provider answers the same question in much the same form; `PROVIDERS` says in what they
differ. A provider that cannot be asked, or that refuses us rather than the reader, is no reason
to let a review in. The reader's address is not sent: no provider needs it.

A front end names the action `review` or `request` on its widget, so that a token of another
form of the site is good for nothing here.

Source:
    developers.google.com/recaptcha/docs/verify, developers.google.com/recaptcha/docs/v3,
    docs.hcaptcha.com, developers.cloudflare.com/turnstile/get-started/server-side-validation
"""

import hashlib
import json
import logging
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from chalicelib import logs, settings
from chalicelib.errors import UnavailableError
from chalicelib.guard import outbound, secrets
from chalicelib.model import from_rfc3339, now
from chalicelib.store import submissions
from chalicelib.store.client import Action

ACTION: Final = "review"
REQUEST: Final = "request"
"""Of the widget on a form by which readers ask what is held of them."""
LONGEST_TOKEN: Final = 2048
_NOTED: Final = timedelta(minutes=10)
"""Twice as long as any provider vouches for a token."""


@dataclass(frozen=True, slots=True)
class Provider:
    """
    What a provider offers.

    Attributes:
        lifetime: How long a token is good after it was solved.
        has_action: Whether it says which widget a token comes from.
        has_score: Whether it says how sure it is. hCaptcha's is one of risk, the other way
            round, and for its enterprise customers alone.
        is_repeatable: Whether it takes an `idempotency_key` and then answers a repeated
            question as the first time.
    """

    endpoint: str
    lifetime: timedelta
    has_action: bool = False
    has_score: bool = False
    is_repeatable: bool = False


PROVIDERS: Final = {
    "turnstile": Provider(
        "https://challenges.cloudflare.com/turnstile/v0/siteverify",
        timedelta(minutes=5),
        has_action=True,
        is_repeatable=True,
    ),
    "hcaptcha": Provider("https://api.hcaptcha.com/siteverify", timedelta(minutes=2)),
    "recaptcha": Provider("https://www.google.com/recaptcha/api/siteverify", timedelta(minutes=2)),
    "recaptcha_v3": Provider(
        "https://www.google.com/recaptcha/api/siteverify",
        timedelta(minutes=2),
        has_action=True,
        has_score=True,
    ),
}
SECONDS: Final = 2.8
"""For everything together. Asked once: most providers burn a token with the first question."""
_LONGEST_ANSWER: Final = 65_536
_LEEWAY: Final = timedelta(seconds=30)
"""How far our clock and theirs may be apart."""
_OUR_FAULTS: Final = frozenset(
    {
        *("missing-input-secret", "invalid-input-secret", "sitekey-secret-mismatch"),
        *("bad-request", "internal-error", "not-using-dummy-passcode", "invalid-keys"),
        *("missing-remoteip", "invalid-remoteip", "missing-sitekey", "invalid-sitekey"),
        *("not-using-dummy-secret", "browser-error", "rate-limit-exceeded"),
    }
)
"""What providers say of a request that no reader could have made better."""


class CaptchaFailedError(Exception):
    """The captcha's token is not good, or was spent before."""


def is_required() -> bool:
    """Tell whether submissions need a token."""
    return settings.current().captcha != "off"


def noted(token: str) -> str | None:
    """Give what is noted of a token that was spent; None where none is asked for or was sent."""
    if not is_required() or not token:
        return None
    return hashlib.sha256(token.encode()).hexdigest()


def spend(digest: str | None, at: datetime) -> list[Action]:
    """
    Make the write that spends a token, if there is one; it fails where it was spent before.

    Args:
        digest: As `noted` gives it.
    """
    if digest is None:
        return []
    return [submissions.spend(digest, int((at + _NOTED).timestamp()))]


def is_solved(token: str, action: str = ACTION) -> bool:
    """
    Tell whether the provider vouches for a token: now, on a page of ours, for this form.

    Args:
        action: That the form's widget has.

    Raises:
        UnavailableError: The provider is slow, broken or unreachable, or does not know us.
    """
    if not 0 < len(token) <= LONGEST_TOKEN:
        return False
    name = settings.current().captcha
    provider = PROVIDERS[name]
    secret = secrets.captcha_secret()
    form = {"secret": secret, "response": token}
    if provider.is_repeatable:
        form["idempotency_key"] = str(uuid.uuid5(uuid.NAMESPACE_URL, token))
    answer = _read(outbound.post(provider.endpoint, form, SECONDS, _LONGEST_ANSWER).body)
    # Of a secret for tests, at home, the answer tells neither page nor form.
    is_trial = secrets.is_for_tests(secret)
    fault = _refusal(answer) if is_trial else _fault(provider, answer, action)
    if fault is not None:
        logs.write("captcha refused", provider=name, reason=fault)
    return fault is None


def _read(body: bytes) -> dict[str, Any]:
    """
    Read an answer.

    Raises:
        UnavailableError: It is no answer, or says that we asked wrongly.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnavailableError from error
    if not isinstance(answer, dict):
        raise UnavailableError
    told = answer.get("error-codes")
    codes = [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
    faults = sorted(_OUR_FAULTS.intersection(codes))
    if faults:
        logs.write("captcha misconfigured", level=logging.ERROR, code=faults[0])
        raise UnavailableError
    return answer


def _refusal(answer: dict[str, Any]) -> str | None:
    return None if answer.get("success") is True else "refused"


def _fault(provider: Provider, answer: dict[str, Any], action: str) -> str | None:
    """Say what is wrong with a token, in a word; None for a good one."""
    known = settings.current()
    if (refusal := _refusal(answer)) is not None:
        return refusal
    hosts = known.captcha_hostnames
    if hosts is not None and answer.get("hostname") not in hosts:
        return "hostname"
    if provider.has_action and answer.get("action") != action:
        return "action"
    if provider.has_score and not _reaches(answer.get("score"), known.captcha_score):
        return "score"
    return None if _is_fresh(answer.get("challenge_ts"), provider.lifetime) else "stale"


def _reaches(score: object, least: float) -> bool:
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    return is_number and least <= score <= 1  # type: ignore[operator]


def _is_fresh(solved_at: object, lifetime: timedelta) -> bool:
    try:
        age = now() - from_rfc3339(solved_at if isinstance(solved_at, str) else "")
    except ValueError:
        return False
    return -_LEEWAY <= age <= lifetime + _LEEWAY
