"""
A new reader, one who reviewed the article before and one who is blocked look alike from outside.

In status, header fields, body, and what is asked of DynamoDB, which is how long it takes.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.guard import captcha
from tests.actions import REVIEWS, submit, withdraw
from tests.builders import submission
from tests.client import Api
from tests.metering import Meter

pytestmark = pytest.mark.usefixtures("published")

Setting = Callable[..., None]
READERS = ("new", "again", "blocked", "blocked again", "spam again", "back again")
_RANDOM = re.compile(r"[A-Za-z0-9_-]{80,}|[0-9A-HJKMNP-TV-Z]{26}|\d\d:\d\d:\d\dZ")


@pytest.fixture(params=["publish_first", "approve_first"])
def moderation(request: pytest.FixtureRequest, setting: Setting) -> str:
    setting(MODERATION=request.param, LIMITS="network=99/1h reader=9/1h article=99/1h site=99/1d")
    return str(request.param)


@pytest.fixture(params=["off", "turnstile"])
def provider(
    request: pytest.FixtureRequest,
    moderation: str,
    setting: Setting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(captcha, "is_solved", lambda _: True)
    setting(
        CAPTCHA=request.param, MODERATION=moderation, LIMITS="network=99/1h reader=9/1h site=99/1d"
    )


@pytest.mark.usefixtures("provider", "clock")
def test_who_somebody_is_cannot_be_told_from_outside(api: Api) -> None:
    tokens = (f"token-{number}" for number in range(99))

    def first(who: str, **changes: Any) -> dict[str, Any]:
        body: dict[str, Any] = submit(
            api, email=f"{who.replace(' ', '-')}@example.com", captcha_token=next(tokens), **changes
        ).body
        return body

    first("somebody")  # so that every counter is there
    first("again")
    first("blocked again")
    first("spam again", website="x")
    withdraw(api, first("back again"))
    for who in ("blocked", "blocked again"):
        entry = {"kind": "reader", "value": f"{who.replace(' ', '-')}@example.com"}
        api.post("/editor/blocks", entry, editor=True)

    seen = {}
    for who in READERS:
        with Meter() as meter:
            email = f"{who.replace(' ', '-')}@example.com"
            words = {"message": "Never seen before.", "captcha_token": next(tokens)}
            answer = api.post(REVIEWS, submission(email=email, **words))
        headers = {**answer.headers, "ratelimit-remaining": ""}
        seen[who] = (
            answer.status,
            _RANDOM.sub("…", json.dumps(headers)),
            _RANDOM.sub("…", answer.text),
            [(call.operation, len(call.actions)) for call in meter.calls],
        )

    assert len(seen["new"][3]) == 3
    assert dict.fromkeys(READERS, seen["new"]) == seen
