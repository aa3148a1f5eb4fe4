"""Alarms and dashboard look at metrics that exist, of functions that exist."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import metrics
from chalicelib.model import ReviewStatus
from tools.deployment import templates
from tools.deployment.stack import INFRA

WATCH = templates.load(INFRA / "watch.yaml")
TABLES = templates.load(INFRA / "tables.yaml")
STACK = templates.load(INFRA / "stack.yaml")
RESOURCES = WATCH["Resources"]
ALARMS = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
}
FUNCTIONS = {
    resource["Properties"]["FunctionName"]["Fn::Sub"]
    for resource in STACK["Resources"].values()
    if resource["Type"] == "AWS::Serverless::Function"
}


def body() -> dict[str, Any]:
    text = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def shown() -> list[list[Any]]:
    return [line for widget in body()["widgets"] for line in widget["properties"]["metrics"]]


def watched() -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Give namespace, name and dimensions of every metric that an alarm looks at."""
    for alarm in ALARMS.values():
        queries = [
            one["MetricStat"]["Metric"] for one in alarm.get("Metrics", ()) if "MetricStat" in one
        ]
        for metric in queries or [alarm]:
            yield metric["Namespace"], metric["MetricName"], metric["Dimensions"]


def test_every_metric_of_ours_is_shown_and_no_other() -> None:
    ours = {line[1] for line in shown() if line[0] == metrics.NAMESPACE}

    assert ours == set(metrics.UNITS)


def test_alarms_of_ours_look_at_metrics_of_ours() -> None:
    ours = {name for namespace, name, _ in watched() if namespace == metrics.NAMESPACE}

    assert ours == {"ServerErrors", "Drift", "Quarantine"}
    assert ours <= set(metrics.UNITS)


def test_reviews_are_shown_in_statuses_that_they_can_have() -> None:
    statuses = {line[5] for line in shown() if line[1] == "Reviews"}

    assert statuses <= set(ReviewStatus)
    assert {"published", "pending", "rejected", "spam"} == statuses


def test_only_functions_that_exist_are_looked_at() -> None:
    named = {
        dimension["Value"]["Fn::Sub"]
        for _, _, dimensions in watched()
        for dimension in dimensions
        if dimension["Name"] == "FunctionName"
    }

    assert named == FUNCTIONS
    assert {line[3] for line in shown() if line[2] == "FunctionName"} <= FUNCTIONS


def test_every_function_is_watched_for_errors_and_throttles() -> None:
    looked_at = {
        (name, dimension["Value"]["Fn::Sub"])
        for _, name, dimensions in watched()
        for dimension in dimensions
        if dimension["Name"] == "FunctionName"
    }

    assert {(name, one) for name in ("Errors", "Throttles") for one in FUNCTIONS} <= looked_at


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_somebody_what_to_do_and_what_silence_means(name: str) -> None:
    alarm = ALARMS[name]

    assert alarm["AlarmActions"] == [{"Ref": "Alarms"}]
    assert alarm["TreatMissingData"] in {"notBreaching", "ignore", "breaching"}
    assert alarm["AlarmDescription"].endswith(".")
    assert alarm["AlarmName"]["Fn::Sub"].startswith("plaudit-${Stage}-")


def test_alarms_have_names_of_their_own() -> None:
    assert len({alarm["AlarmName"]["Fn::Sub"] for alarm in ALARMS.values()}) == len(ALARMS)


def test_what_it_refers_to_is_there() -> None:
    text = json.dumps(WATCH)
    referred = set(re.findall(r'"Ref": "(\w+)"', text)) | set(re.findall(r"\$\{(\w+)[.}]", text))

    assert referred <= {*RESOURCES, *TABLES["Resources"], *WATCH["Parameters"], "AWS"}


def test_every_alarm_stands_in_the_operators_manual() -> None:
    manual = (INFRA.parent / "docs" / "operations.md").read_text()

    missing = [
        name
        for alarm in ALARMS.values()
        if f"`{(name := alarm['AlarmName']['Fn::Sub'].removeprefix('plaudit-${Stage}-'))}`"
        not in manual
    ]
    assert missing == []
