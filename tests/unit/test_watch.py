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


def ours_shown() -> Iterator[list[Any]]:
    """Give each metric of ours with its dimensions, once for each statistic."""
    for line in shown():
        if line[0] == metrics.NAMESPACE:
            yield [part for part in line if isinstance(part, str)]


def watched() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give namespace, name and dimensions of the metric that each alarm looks at."""
    for alarm in ALARMS.values():
        dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
        yield alarm["Namespace"], alarm["MetricName"], dimensions


def tables_of(index: str) -> set[str]:
    return {
        name
        for name, resource in TABLES["Resources"].items()
        for one in resource["Properties"].get("GlobalSecondaryIndexes", ())
        if one["IndexName"] == index
    }


def test_every_metric_of_ours_is_shown_and_no_other() -> None:
    ours = {line[1] for line in shown() if line[0] == metrics.NAMESPACE}

    assert ours == set(metrics.UNITS)


def test_alarms_of_ours_look_at_metrics_of_ours() -> None:
    ours = {name for namespace, name, _ in watched() if namespace == metrics.NAMESPACE}

    assert ours == {
        "ServerErrors",
        "Drift",
        "Quarantine",
        "FailedNotifications",
        "DeadNotifications",
    }
    assert ours <= set(metrics.UNITS)


def test_reviews_are_shown_in_statuses_that_they_can_have() -> None:
    statuses = {line[5] for line in shown() if line[1] == "Reviews"}

    assert statuses <= set(ReviewStatus)
    assert {"published", "pending", "rejected", "spam"} == statuses


def test_only_functions_that_exist_are_looked_at() -> None:
    named = {of["FunctionName"]["Fn::Sub"] for _, _, of in watched() if "FunctionName" in of}

    assert named == FUNCTIONS
    assert {line[3] for line in shown() if line[2] == "FunctionName"} <= FUNCTIONS


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_every_function_is_watched_and_shown(metric: str) -> None:
    functions = {of["FunctionName"]["Fn::Sub"] for _, name, of in watched() if name == metric}

    assert functions == FUNCTIONS
    assert {line[3] for line in shown() if line[1] == metric} == FUNCTIONS


@pytest.mark.parametrize("metric", ["ReadThrottleEvents", "WriteThrottleEvents"])
def test_both_tables_are_watched_for_what_they_refuse(metric: str) -> None:
    tables = {of["TableName"]["Ref"] for _, name, of in watched() if name == metric}

    assert tables == {"ContentTable", "DerivedTable"}


def test_only_indexes_that_exist_are_looked_at() -> None:
    indexes = [
        (of["GlobalSecondaryIndexName"], of["TableName"]["Ref"])
        for _, _, of in watched()
        if "GlobalSecondaryIndexName" in of
    ]
    shown_indexes = {
        (line[5], line[3].strip("${}")) for line in shown() if "GlobalSecondaryIndexName" in line
    }

    assert len(indexes) == 2
    assert set(indexes) == shown_indexes
    assert all(table in tables_of(index) for index, table in indexes)


def test_no_alarm_looks_back_further_than_cloudwatch_does() -> None:
    """
    Seven days; a day if its periods are shorter than an hour.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    for alarm in ALARMS.values():
        most = 604_800 if alarm["Period"] >= 3_600 else 86_400
        assert alarm["Period"] * alarm["EvaluationPeriods"] <= most


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_somebody_what_to_do_and_what_silence_means(name: str) -> None:
    alarm = ALARMS[name]

    assert alarm["AlarmActions"] == [{"Ref": "Alarms"}]
    assert alarm["TreatMissingData"] in {"notBreaching", "ignore", "breaching"}
    assert alarm["AlarmDescription"].endswith(".")
    assert alarm["AlarmName"]["Fn::Sub"].startswith("plaudit-${Stage}-")


def test_alarms_have_names_of_their_own() -> None:
    assert len({alarm["AlarmName"]["Fn::Sub"] for alarm in ALARMS.values()}) == len(ALARMS)


def test_what_they_cost_stands_in_the_operators_manual() -> None:
    manual = (INFRA.parent / "docs" / "operations.md").read_text()

    assert f"| {len(ALARMS)} alarms |" in manual
    assert f"| {len({tuple(line[:6]) for line in ours_shown()})} metrics of its own |" in manual


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
