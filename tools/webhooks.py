"""
`python -m tools.webhooks`: secrets for receivers, and whether a receiver looks at signatures.

    new URL             print a line for the secret `webhooks`: the address and a new secret
    test URL            send a signed message, and three that a receiver must refuse

`test` takes the line of the address from Parameter Store with `--stage`, else from the
environment's WEBHOOK_URLS. Nothing is told of any reader: what is sent is of the kind
`webhook.test` and names nothing.
"""

import argparse
import base64
import json
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import boto3
from rich.console import Console
from rich.table import Table

from chalicelib.model import rfc3339
from chalicelib.notices import webhooks
from chalicelib.notices.carriers import NotSentError
from chalicelib.settings import Secrets, SettingsError, Webhook
from chalicelib.store import keys
from tools import secrets as stored
from tools.deployment import command
from tools.deployment.command import PATIENT, RefusedError

_BYTES: Final = 32
_LATE: Final = timedelta(hours=1)
"""The specification lets a receiver take what is some minutes old."""


class Trial(NamedTuple):
    """
    A message that is tried on a receiver.

    Attributes:
        is_good: Whether it is to be taken.
    """

    name: str
    headers: dict[str, str]
    body: bytes
    is_good: bool


def main(arguments: Sequence[str]) -> int:
    """
    Run a command.

    Returns:
        The exit status, as `tools.deployment.command` has it; 1 too when a receiver does not
        take what it should, or takes what it should not.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.webhooks",
        description="Secrets of webhooks, and a test of a receiver.",
    )
    parser.add_argument("what", choices=["new", "test"])
    parser.add_argument("url")
    parser.add_argument("--stage", help="take the secret of this stage from Parameter Store")
    given = parser.parse_args(arguments)
    if given.what == "new":
        return command.run("tools.webhooks", lambda: command.say(new(given.url)))
    return command.run("tools.webhooks", lambda: test(given.url, given.stage))


def new(url: str) -> str:
    """
    Make a line for the secret `webhooks`.

    Raises:
        RefusedError: The address is none.
    """
    secret = base64.b64encode(secrets.token_bytes(_BYTES)).decode()
    line = f"{url} whsec_{secret}"
    _read(line)
    return line


def test(url: str, stage: str | None) -> None:
    """
    Try a receiver.

    Raises:
        RefusedError: There is no secret for the address, or the receiver failed a trial.
    """
    webhook = _found(url, stage)
    table = Table("message", "should be", "answer", box=None, padding=(0, 2, 0, 0))
    failed = 0
    for trial in trials(webhook, datetime.now(UTC)):
        answer = _tried(webhook, trial)
        is_right = (answer == "taken") is trial.is_good and answer != "unreachable"
        failed += not is_right
        expected = "taken" if trial.is_good else "refused"
        table.add_row(trial.name, expected, answer if is_right else f"{answer}  WRONG")
    Console(width=None if sys.stdout.isatty() else 100).print(table)
    if failed:
        msg = f"the receiver failed {failed} of 4 trials; see webhooks in docs/api.md"
        raise RefusedError(msg)


def trials(webhook: Webhook, at: datetime) -> Iterator[Trial]:
    """Give the messages: one that is right, and three that are each wrong in one thing."""
    body = json.dumps({"type": "webhook.test", "timestamp": rfc3339(at), "data": {}}).encode()
    name, other = keys.new_id(), (secrets.token_bytes(_BYTES),)
    good = webhooks.headers_of(webhook.secrets, name, body, at)
    yield Trial("signed, now", good, body, is_good=True)
    yield Trial(
        "signed with another secret",
        webhooks.headers_of(other, keys.new_id(), body, at),
        body,
        is_good=False,
    )
    yield Trial(
        "changed after it was signed",
        webhooks.headers_of(webhook.secrets, keys.new_id(), body, at),
        body.replace(b"test", b"tost"),
        is_good=False,
    )
    yield Trial(
        "signed an hour ago",
        webhooks.headers_of(webhook.secrets, keys.new_id(), body, at - _LATE),
        body,
        is_good=False,
    )


def _tried(webhook: Webhook, trial: Trial) -> str:
    try:
        webhooks.post(webhook.url, trial.headers, trial.body)
    except NotSentError as error:
        return error.reason
    return "taken"


def _found(url: str, stage: str | None) -> Webhook:
    text = os.environ.get("WEBHOOK_URLS", "") if stage is None else _of_stage(stage)
    for webhook in _read(text):
        if webhook.url == url:
            return webhook
    where = "WEBHOOK_URLS" if stage is None else f"the secret {stored.WEBHOOKS} of {stage}"
    msg = f"{where} has no line for this address"
    raise RefusedError(msg)


def _of_stage(stage: str) -> str:
    client, name = boto3.client("ssm", config=PATIENT), f"{stored.path_of(stage)}/{stored.WEBHOOKS}"
    if stored.WEBHOOKS not in stored.present(client, stored.path_of(stage)):
        msg = f"there is no {name}; see docs/operations.md, webhooks"
        raise RefusedError(msg)
    return client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]


def _read(text: str) -> tuple[Webhook, ...]:
    try:
        return Secrets({"WEBHOOK_URLS": text}).webhook_urls
    except SettingsError as error:
        raise RefusedError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
