"""
A process that believes it is deployed, on moto.

`api` sends requests, `deliver` carries the stream to the tally worker, and
after every test its log lines are searched for readers.
"""

import gc
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from localdev import aws as local_aws
from tests import builders, iam, moto_tables, privacy
from tests.client import Api

local_aws.configure()
os.environ.update(
    {
        "STAGE": "test",
        "RELEASE": "tests",
        "CAPTCHA": "off",
        "LIMITS": "off",
        "MODERATION": "publish_first",
        "READER_SECRET": "r" * 32,
        "SIGNING_SECRETS": "s" * 32,
    }
)

from app import app  # noqa: E402 - reads the stage
from chalicelib import settings  # noqa: E402
from chalicelib.store import client  # noqa: E402
from chalicelib.workers.tally import tally_ratings  # noqa: E402
from localdev.stream import StreamReader  # noqa: E402

Deliver = Callable[[], list[dict[str, Any]]]


def pytest_collection_finish() -> None:
    """Let the garbage collector look seldom, and not at what stays: the modules and the tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(autouse=True)
def _no_reader_in_the_logs() -> Iterator[None]:
    listener = privacy.Listener()
    root = logging.getLogger()
    root.addHandler(listener)
    yield
    root.removeHandler(listener)
    for line in listener.lines:
        assert not list(privacy.found_in(line)), line


@pytest.fixture(scope="session")
def _moto() -> Iterator[None]:
    with moto_tables.opened():
        yield


@pytest.fixture(scope="session")
def policies(_moto: None) -> iam.Recorder:
    recorder = iam.Recorder()
    recorder.watch(client.dynamodb())
    return recorder


@pytest.fixture
def aws(_moto: None, policies: iam.Recorder) -> Iterator[None]:
    """Tables with an editor's key, and policies: what a Lambda's code asks for is allowed to it."""
    moto_tables.empty()
    yield
    denied = policies.denied()
    policies.forget()
    assert denied == []


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Change settings for one test: `setting(MODERATION="approve_first")`."""

    def change(**values: str | None) -> None:
        for name, value in values.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        settings.current.cache_clear()

    settings.current.cache_clear()
    yield change
    monkeypatch.undo()
    settings.current.cache_clear()


@pytest.fixture
def api(aws: None) -> Api:
    """A client of the app on tables with nothing but an editor's key."""
    return Api(app)


@pytest.fixture
def published(api: Api) -> str:
    """The slug of an article that is public."""
    answer = api.put(f"/articles/{builders.SLUG}", builders.article())
    assert answer.status == 201, answer.text
    return builders.SLUG


@pytest.fixture
def deliver(aws: None) -> Deliver:
    """Carry the stream to the tally worker until nothing is left; gives what was carried."""
    reader = StreamReader()

    def carry() -> list[dict[str, Any]]:
        records = reader.read()
        for start in range(0, len(records), 100):
            answer = tally_ratings({"Records": records[start : start + 100]}, None)
            assert answer == {"batchItemFailures": []}
        return records

    return carry
