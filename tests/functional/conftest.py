"""An account for the commands of a deployment."""

from collections.abc import Callable, Iterator
from typing import Any

import moto.backends
import pytest
from moto import mock_aws

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
