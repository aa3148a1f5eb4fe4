"""An account for the commands of a deployment, and a clock for the intake."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import moto.backends
import pytest
from moto import mock_aws

from chalicelib.guard import intake, reactions, readers
from chalicelib.notices import audience, delivery, digest, mail
from chalicelib.workers import schedule
from tests import iam
from tests.carriers import Post, Receiver, receiving
from tests.client import Api
from tests.functional.notifying import House

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
Run = Callable[..., tuple[int, str, str]]

_SERVICES = ("cloudformation", "cloudwatch", "dynamodb", "lambda", "sns", "sqs", "ssm")


@pytest.fixture
def account() -> Iterator[None]:
    """An empty account, and no dynamodb tables left of it for other tests."""
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        _reset()
        yield
        _reset()


def _reset() -> None:
    for service in _SERVICES:
        moto.backends.get_backend(service).reset()  # type: ignore[call-overload]


@pytest.fixture
def run(account: None, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; gives its status, what it printed and its complaint."""

    def run_with(command: Any, *arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = command.main(arguments)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run_with


class Clock:
    """The time that the intake sees; it stands still until it is told."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at

    def tick(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def house(published: str, monkeypatch: pytest.MonkeyPatch) -> House:
    """Carry the stream to the worker that tells, by a clock of its own."""
    made = House()
    for module in (audience, delivery, digest, schedule):
        monkeypatch.setattr(module, "now", made.now)
    return made


@pytest.fixture
def post(policies: iam.Recorder) -> Iterator[Post]:
    """Stand in for SES."""
    with Post() as standing_in:
        policies.watch(mail._ses())
        yield standing_in
        policies.leave(mail._ses())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Take webhooks."""
    with receiving() as there:
        yield there


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put a clock into the intake that begins at noon."""
    made = Clock()
    for module in (intake, reactions, readers):
        monkeypatch.setattr(module, "now", made)
    return made


@pytest.fixture
def source(api: Api, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Choose where API Gateway says that requests come from."""
    converter = api._sender.event_converter  # type: ignore[attr-defined]

    def choose(address: str) -> None:
        monkeypatch.setattr(converter, "LOCAL_SOURCE_IP", address)

    return choose
