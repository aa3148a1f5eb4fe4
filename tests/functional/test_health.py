"""Health is whether both tables answer."""

from collections.abc import Callable

import boto3
import pytest

from chalicelib.store import client
from localdev import tables
from tests import builders
from tests.client import Api
from tests.faults import Faults, Kind


def test_health_tells_stage_and_release(api: Api) -> None:
    answer = api.get("/health")

    assert answer.body == {"status": "ok", "stage": "test", "release": "tests"}


@pytest.mark.parametrize("kind", ["throttle", "internal", "timeout", "held_back"])
def test_tables_that_do_not_answer_are_unavailable(api: Api, kind: Kind) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(1, kind, times=6)

        answer = api.get("/health")

    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("resource", ["ContentTable", "DerivedTable"])
def test_a_table_that_is_gone_is_unavailable(api: Api, resource: str) -> None:
    boto3.client("dynamodb").delete_table(TableName=tables.name(resource, "local"))

    answers = [
        api.get("/health"),
        api.put(f"/articles/{builders.SLUG}", builders.article()),
    ]

    assert [(answer.status, answer.code) for answer in answers] == [(503, "unavailable")] * 2


@pytest.mark.parametrize(
    "malformed",
    [
        {"MODERATION": "canary-4711"},
        {"LIMITS": "canary-4711"},
        {"CORS_ORIGINS": "canary-4711"},
        {"SITE_URL": "canary-4711"},
        {"DIGEST_HOUR": "canary-4711"},
        {"RETENTION": "canary-4711"},
        {"MAIL_FROM": "r@example.org", "PUBLIC_URL": "canary-4711"},
        {
            "CAPTCHA": "turnstile",
            "CAPTCHA_SECRET": "s" * 32,
            "CAPTCHA_HOSTNAMES": "example.org",
            "CAPTCHA_SCORE": "canary-4711",
        },
    ],
    ids=lambda one: list(one)[-1],
)
def test_a_malformed_setting_is_not_healthy(
    api: Api, setting: Callable[..., None], malformed: dict[str, str]
) -> None:
    setting(**malformed)

    answer = api.get("/health")

    assert (answer.status, answer.code) == (500, "internal")
    assert "canary" not in answer.text
