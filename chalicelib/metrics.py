"""
Metrics in CloudWatch's embedded format: they ride on the log line of what they measure.

A metric costs by the month and by each combination of its dimensions, so
there are few, and none is measured by article, route or reader.

Source:
    docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from chalicelib import settings
from chalicelib.settings import SettingsError

NAMESPACE: Final = "Plaudit"
UNITS: Final = {
    "Requests": "Count",
    "ServerErrors": "Count",
    "Latency": "Milliseconds",
    "Reviews": "Count",
    "Limited": "Count",
    "TallyLag": "Milliseconds",
    "Drift": "Count",
    "Quarantine": "Count",
    "FailedNotifications": "Count",
    "DeadNotifications": "Count",
}
"""Every metric that there is."""


class Measured(NamedTuple):
    """
    What one line measures.

    Attributes:
        values: By names of `UNITS`.
        by: Dimensions beside the stage, `{"Status": "pending"}`.
    """

    values: Mapping[str, float]
    by: Mapping[str, str]


def embedded(measured: Measured, at: int) -> dict[str, Any]:
    """
    Give the fields that make metrics of a log line.

    Args:
        at: Epoch milliseconds.

    Returns:
        Nothing in a process that does not know its stage: a line without
        metrics is better than none.
    """
    try:
        dimensions = {"Stage": settings.current().stage, **measured.by}
    except SettingsError:
        return {}
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in measured.values],
    }
    return {
        "_aws": {"Timestamp": at, "CloudWatchMetrics": [directive]},
        **dimensions,
        **measured.values,
    }
