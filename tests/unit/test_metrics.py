"""Metrics ride on log lines in the form that CloudWatch takes, and say nothing of anybody."""

import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import logs, metrics
from chalicelib.metrics import Measured
from chalicelib.rules import backoff
from chalicelib.workers.notify import deliver_notifications
from chalicelib.workers.reconcile import reconcile_tallies
from chalicelib.workers.tally import tally_ratings
from tests import builders, rows
from tests.actions import decide, submit
from tests.client import Api
from tests.conftest import Deliver
from tests.functional.notifying import KEY


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Give the lines of ours with metrics, as a Lambda writes them."""
    ours = [record for record in caplog.records if record.name == "chalicelib"]
    written = [json.loads(logs.JsonLines().format(record)) for record in ours]
    return [line for line in written if "_aws" in line]


def measured(caplog: pytest.LogCaptureFixture, name: str) -> list[float]:
    return [line[name] for line in lines(caplog) if name in line]


def check(line: dict[str, Any]) -> None:
    """Fail unless a line follows the specification of the embedded format."""
    assert isinstance(line["_aws"]["Timestamp"], int)
    for directive in line["_aws"]["CloudWatchMetrics"]:
        assert re.fullmatch(r"[A-Za-z0-9_./#:-]{1,255}", directive["Namespace"])
        assert 1 <= len(directive["Metrics"]) <= 100
        for dimensions in directive["Dimensions"]:
            assert len(dimensions) <= 30
            for name in dimensions:
                assert isinstance(line[name], str)
                assert 0 < len(line[name]) <= 1024
        for metric in directive["Metrics"]:
            assert metric["Unit"] in {"Count", "Milliseconds"}
            assert isinstance(line[metric["Name"]], int | float)
            assert not isinstance(line[metric["Name"]], bool)


@pytest.fixture(autouse=True)
def _info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_everything_that_happens_is_measured_in_the_form_of_cloudwatch(
    api: Api,
    deliver: Deliver,
    published: str,
    setting: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting(LIMITS="reader=1/1h")
    submit(api)
    submit(api, rating=1)
    deliver()
    tally_ratings(
        {"Records": [rows.record_of(None, {"pk": {"S": "A#x"}, "sk": {"S": "R#1"}})]}, None
    )
    reconcile_tallies(builders.SCHEDULED, None)
    setting(STAGE="test", WEBHOOKS="on", WEBHOOK_URLS=f"https://127.0.0.1:1/ {KEY}")
    monkeypatch.setattr(backoff, "PAUSES", ())
    submit(api, email="alan@example.com")
    deliver_notifications({"Records": deliver()}, None)

    found = lines(caplog)
    for line in found:
        check(line)
    named = {
        metric["Name"]
        for line in found
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
    assert named == set(metrics.UNITS)
    assert {line["Stage"] for line in found} == {"test"}


def test_a_request_is_one_line_with_its_metrics(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.get("/articles")

    (line,) = lines(caplog)
    assert (line["Requests"], line["ServerErrors"], line["Latency"]) == (1, 0, line["ms"])
    assert line["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": "Plaudit",
            "Dimensions": [["Stage"]],
            "Metrics": [
                {"Name": "Requests", "Unit": "Count"},
                {"Name": "ServerErrors", "Unit": "Count"},
                {"Name": "Latency", "Unit": "Milliseconds"},
            ],
        }
    ]


@pytest.mark.parametrize(("wrong", "errors"), [("CORS_EDITOR_ORIGINS", 1), ("READER_SECRET", 0)])
def test_faults_of_ours_are_counted(
    api: Api,
    setting: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
    wrong: str,
    errors: int,
) -> None:
    setting(**{wrong: "short"})

    api.get("/editor/articles", editor=True, Origin="https://a.example")

    assert measured(caplog, "ServerErrors") == [errors]


def test_a_review_is_counted_in_each_status_it_comes_to(
    api: Api, published: str, setting: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    setting(MODERATION="approve_first")
    review = submit(api).body
    submit(api)
    submit(api, email="bot@example.com", website="x")
    for _ in range(2):
        decide(api, (review, "publish"))

    counted = [line["Status"] for line in lines(caplog) if "Reviews" in line]

    assert counted == ["pending", "spam", "published"]


@pytest.mark.parametrize(
    ("created", "lag"), [(1_000, [5_000]), (1_004.5, [500]), (1_006, [0]), ("soon", []), (None, [])]
)
def test_the_lag_is_that_of_the_oldest_counted_record(
    aws: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    created: object,
    lag: list[int],
) -> None:
    from datetime import UTC, datetime

    from chalicelib.workers import tally

    monkeypatch.setattr(tally, "now", lambda: datetime.fromtimestamp(1_005, UTC))
    record = rows.record(None, rows.review())
    record["dynamodb"]["ApproximateCreationDateTime"] = created

    tally_ratings({"Records": [record]}, None)

    assert measured(caplog, "TallyLag") == lag


def test_no_line_with_metrics_is_lost_for_want_of_a_stage(
    setting: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    setting(STAGE=None)

    logs.write("request", measured=Measured({"Requests": 1}, {}), status=200)

    line = json.loads(logs.JsonLines().format(caplog.records[-1]))
    assert "_aws" not in line
    assert (line["event"], line["status"]) == ("request", 200)


def test_lines_carry_the_request_id_of_lambdas_runtime(caplog: pytest.LogCaptureFixture) -> None:
    logs.write("tally", slug="first-light")
    logs.write("request", request_id="the-apis-own")
    for record in caplog.records:
        record.aws_request_id = "of-the-runtime"

    written = [json.loads(logs.JsonLines().format(record)) for record in caplog.records]

    assert [line["request_id"] for line in written] == ["of-the-runtime", "the-apis-own"]


def test_an_unknown_metric_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        metrics.embedded(Measured({"Visitors": 1}, {}), 0)
