"""moto instead of AWS, with the settings and tables of one local run."""

import base64
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from chalicelib import settings
from chalicelib.model import now
from chalicelib.store import editor_keys
from localdev import notices, tables
from tools import keys

LOCK: Final = threading.RLock()
"""moto loses writes under threads, so that one request or one batch runs at a time."""

REGION: Final = "us-east-1"
_HOOK_SECRET: Final = base64.b64encode(b"a laptop's, known to everybody").decode()
_CHALICES: Final = frozenset({"AWS_CHALICE_CLI_MODE", "AWS_EXECUTION_ENV"})


def configure() -> None:
    """
    Set what a deployment would set, and nothing that reaches AWS.

    Whatever the environment or a file says of accounts, profiles, regions and
    endpoints is put out of the way: moto knows the plain endpoints alone.
    boto3 sends stream calls to a host named after the account, which moto does
    not know; hence AWS_ACCOUNT_ID_ENDPOINT_MODE.
    """
    for name in [name for name in os.environ if name.startswith("AWS_") and name not in _CHALICES]:
        del os.environ[name]
    os.environ.pop("SECRETS_PATH", None)
    os.environ.update(
        {
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
            "STAGE": "local",
            "CONTENT_TABLE": tables.name("ContentTable", "local"),
            "DERIVED_TABLE": tables.name("DerivedTable", "local"),
        }
    )
    os.environ.setdefault("READER_SECRET", secrets.token_hex(32))
    os.environ.setdefault("SIGNING_SECRETS", secrets.token_hex(32))


def _have_told() -> None:
    """
    Have everybody told, and nobody outside: what is to be sent lands in `notices.FOLDER`.

    Who is told may be chosen by the settings of a deployment; where it lands may not.
    """
    os.environ["NOTICES_FOLDER"] = str(notices.FOLDER)
    choose(
        MAIL_FROM="Plaudit <plaudit@example.org>",
        MAIL_EDITORS="editors@example.org",
        MANAGE_URL="http://localhost:3000/my-review",
        WEBHOOKS="on",
        WEBHOOK_URLS=f"https://hooks.example.org/plaudit whsec_{_HOOK_SECRET}",
    )


@contextmanager
def told(**values: str | None) -> Iterator[None]:
    """Have other settings for a while; None is for what is not said."""
    found = {name: os.environ.get(name) for name in values}
    _tell(values)
    try:
        yield
    finally:
        _tell(found)


def choose(**values: str) -> None:
    """Have settings that the environment does not choose."""
    _tell({name: os.environ.get(name, value) for name, value in values.items()})


def _tell(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    settings.current.cache_clear()


def start() -> str:
    """
    Start moto and make the tables.

    Returns:
        The editor's key of this run; `EDITOR_KEY` chooses it.
    """
    from moto import mock_aws  # noqa: PLC0415 - 0.3 s, and the port is checked before

    from localdev import shortcuts  # noqa: PLC0415 - the same

    configure()
    _have_told()
    editor_key = os.environ.get("EDITOR_KEY") or keys.new_key()
    shortcuts.take()
    mock_aws().start()
    notices.empty()
    tables.create("local")
    editor_keys.create(settings.current().content_table, keys.described("local", editor_key, now()))
    return editor_key
