"""
`python -m tools.secrets STAGE`: a stage's secrets in SSM Parameter Store.

Makes those that are missing, random, and overwrites none; a value that is
there is never printed. A captcha
provider's secret is taken from CAPTCHA_SECRET or from standard input, and only
if the stage asks readers for a captcha. A key of Akismet is taken from
AKISMET_KEY, if there is one, and the receivers of webhooks from WEBHOOK_URLS, if the stage
has any.

    --rotate signing   puts a new signing secret before the ones there are
"""

import getpass
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import boto3

from tools.deployment import command, staging
from tools.deployment.command import PATIENT, RefusedError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

READER: Final = "reader-secret"
SIGNING: Final = "signing-secrets"
CAPTCHA: Final = "captcha-secret"
AKISMET: Final = "akismet-key"
WEBHOOKS: Final = "webhooks"

_BYTES: Final = 32


def main(arguments: Sequence[str]) -> int:
    """
    Make what is missing.

    Returns:
        The exit status, as `tools.deployment.command` has it.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    parser = command.parser("tools.secrets", "Make the secrets that a stage lacks.")
    parser.add_argument("--rotate", choices=["signing"], help="put a new secret before the old")
    given = parser.parse_args(arguments)
    return command.run(
        "tools.secrets",
        lambda: rotate(given.stage) if given.rotate else make(given.stage),
    )


def make(stage: str) -> None:
    """
    Make the secrets that are missing.

    Raises:
        StageError: There is no such stage to deploy.
        RefusedError: No captcha secret was given to a stage that needs one.
    """
    environment = staging.settings(stage)["stages"][stage]["environment_variables"]
    client, path = _client(), environment["SECRETS_PATH"]
    makers: dict[str, Callable[[], tuple[str, str]]] = {READER: _random, SIGNING: _random}
    if environment["CAPTCHA"] != "off":
        makers[CAPTCHA] = _captcha
    if os.environ.get("AKISMET_KEY"):
        makers[AKISMET] = _akismet
    if environment.get("WEBHOOKS") == "on":
        makers[WEBHOOKS] = _webhooks
    found = present(client, path)
    for name, maker in makers.items():
        if name in found:
            command.say(f"{path}/{name}  exists")
            continue
        value, said = maker()
        _put(client, f"{path}/{name}", value, overwrite=False)
        command.say(f"{path}/{name}  made{said}")


def rotate(stage: str) -> None:
    """
    Put a new signing secret before the ones there are, which go on verifying.

    Raises:
        StageError: There is no such stage to deploy.
        RefusedError: There is none yet.
    """
    path = path_of(stage)
    client, name = _client(), f"{path}/{SIGNING}"
    if SIGNING not in present(client, path):
        msg = f"there is no {name} to rotate; run: make secrets STAGE={stage}"
        raise RefusedError(msg)
    old = client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    _put(client, name, f"{secrets.token_urlsafe(_BYTES)},{old}", overwrite=True)
    count = old.count(",") + 2
    command.say(f"{name}  a new one signs, {count} verify; in force within 5 minutes")


def missing(stage: str) -> list[str]:
    """Name the parameters without which the stage would refuse to serve."""
    environment = staging.settings(stage)["stages"][stage]["environment_variables"]
    needed = [READER, SIGNING, *([] if environment["CAPTCHA"] == "off" else [CAPTCHA])]
    needed += [WEBHOOKS] if environment.get("WEBHOOKS") == "on" else []
    path = environment["SECRETS_PATH"]
    found = present(_client(), path)
    return [f"{path}/{name}" for name in needed if name not in found]


def path_of(stage: str) -> str:
    """Give the path of a stage's secrets, `/plaudit/<stage>`."""
    path: str = staging.settings(stage)["stages"][stage]["environment_variables"]["SECRETS_PATH"]
    return path


def present(client: "SSMClient", path: str) -> set[str]:
    """Name the secrets that exist, without reading one."""
    names = [f"{path}/{name}" for name in (READER, SIGNING, CAPTCHA, AKISMET, WEBHOOKS)]
    missing = client.get_parameters(Names=names, WithDecryption=False)["InvalidParameters"]
    return {name.rpartition("/")[2] for name in names if name not in missing}


def _put(client: "SSMClient", name: str, value: str, *, overwrite: bool) -> None:
    client.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=overwrite)


def _random() -> tuple[str, str]:
    return secrets.token_urlsafe(_BYTES), ""


def _captcha() -> tuple[str, str]:
    value = os.environ.get("CAPTCHA_SECRET") or _asked()
    if not value:
        msg = (
            "this stage asks for a captcha: give the provider's secret in CAPTCHA_SECRET or on "
            "standard input"
        )
        raise RefusedError(msg)
    return value, ""


def _akismet() -> tuple[str, str]:
    return os.environ["AKISMET_KEY"], ""


def _webhooks() -> tuple[str, str]:
    lines = os.environ.get("WEBHOOK_URLS", "")
    if not lines.strip():
        msg = (
            "this stage has webhooks: give the lines in WEBHOOK_URLS (python -m tools.webhooks new)"
        )
        raise RefusedError(msg)
    return lines, ""


def _asked() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Secret of the captcha provider: ").strip()
    return sys.stdin.readline().strip()


def _client() -> "SSMClient":
    return boto3.client("ssm", config=PATIENT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
