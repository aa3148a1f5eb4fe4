"""What the Lambdas wrote while the crowd was there."""

from collections.abc import Iterator

import pytest

from tests import privacy
from tests.oracle import Oracle
from tests.rehearsal.stacks import Stack


def lines_of(stack: Stack, function: str) -> Iterator[str]:
    """Give every line of a function's log group."""
    logs = stack.emulator.client("logs")
    group = f"/aws/lambda/{stack.resources[function]}"
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
        yield from (event["message"] for event in page["events"])


@pytest.mark.parametrize("function", ["APIHandler", "TallyRatings"])
def test_no_reader_is_in_the_logs(function: str, dev: Stack, crowd_that_left: list[Oracle]) -> None:
    lines = [*lines_of(dev, function)]

    assert [line for line in lines if line.startswith("{")]
    for line in lines:
        assert not list(privacy.found_in(line)), line
        assert "@" not in line, line
