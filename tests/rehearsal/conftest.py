"""One emulator for the whole rehearsal; the traffic of one crowd for all who look at it."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import pytest

from tests.client import Api
from tests.oracle import Oracle
from tests.packaging.local_server import wait_until
from tests.rehearsal import bridges, crowd, emulator, stacks
from tests.rehearsal.books import Count, count
from tests.rehearsal.emulator import Emulator
from tests.rehearsal.stacks import Stack
from tests.rehearsal.wire import api_of

_EMULATOR: Final = pytest.StashKey[Emulator]()
_SETTLED: Final = 60
"""Seconds in which the tally must have caught up with the crowd."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "rehearsal":
            item.add_marker(pytest.mark.rehearsal)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    running = item.config.stash.get(_EMULATOR, None)
    if report.failed and running is not None:
        report.sections.append(("the emulator's log", running.log_tail()))
    return report


@pytest.fixture(scope="session")
def aws_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Emulator]:
    with emulator.started(tmp_path_factory.mktemp("ministack")) as running:
        request.config.stash[_EMULATOR] = running
        yield running


@pytest.fixture(scope="session")
def dev(aws_of_its_own: Emulator) -> Stack:
    """The stage that is rehearsed."""
    stack = stacks.deploy(aws_of_its_own, "dev")
    bridges.bridge(stack)
    return stack


@pytest.fixture(scope="session")
def prod(aws_of_its_own: Emulator) -> Stack:
    """Another stage in the same account."""
    return stacks.deploy(aws_of_its_own, "prod")


@pytest.fixture(scope="session")
def visitor(dev: Stack) -> Api:
    """A client of the deployed API."""
    return api_of(dev)


@pytest.fixture(scope="session")
def crowd_that_left(visitor: Api) -> list[Oracle]:
    """Eight clients who wrote 200 reviews, and what they know; every tally has settled."""
    crowd.publish(visitor)
    oracles = crowd.visit(visitor)

    def unsettled() -> dict[str, tuple[Count, Count]]:
        pairs = {
            slug: (tally_of(visitor, slug), count([*crowd.counted(oracles, slug).values()]))
            for slug in crowd.SLUGS
        }
        return {slug: pair for slug, pair in pairs.items() if pair[0] != pair[1]}

    with suppress(AssertionError):
        wait_until(lambda: not unsettled(), _SETTLED)
    assert unsettled() == {}
    return oracles


def tally_of(api: Api, slug: str) -> Count:
    """Ask the API for a tally."""
    body = api.get(f"/articles/{slug}/tally").body
    stars = tuple(body["histogram"][str(rating)] for rating in range(1, 6))
    return Count(body["count"], body["total"], stars)
