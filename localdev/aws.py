"""moto instead of AWS, with the settings and tables of one local run."""

import hashlib
import os
import secrets
import threading
from typing import Final

from localdev import tables

LOCK: Final = threading.RLock()
"""moto loses writes under threads, so that one request or one batch runs at a time."""

REGION: Final = "us-east-1"


def new_editor_key() -> str:
    """Make an editor's key: 32 random bytes, base64url."""
    return secrets.token_urlsafe(32)


def configure() -> None:
    """
    Set what a deployment would set, and nothing that reaches AWS.

    boto3 sends stream calls to a host named after the account, which moto does
    not know; hence AWS_ACCOUNT_ID_ENDPOINT_MODE.
    """
    os.environ.update(
        {
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
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
        os.environ.pop(name, None)
    os.environ.setdefault("READER_SECRET", secrets.token_hex(32))
    os.environ.setdefault("SIGNING_SECRETS", secrets.token_hex(32))


def start() -> str:
    """
    Start moto and make the tables.

    Returns:
        The editor's key of this run; `EDITOR_KEY` chooses it.
    """
    from moto import mock_aws  # noqa: PLC0415 - 0.3 s, and the port is checked before

    configure()
    editor_key = os.environ.setdefault("EDITOR_KEY", new_editor_key())
    digest = hashlib.sha256(editor_key.encode()).hexdigest()
    os.environ["EDITOR_KEYS"] = f"local:{digest}"
    mock_aws().start()
    tables.create("local")
    return editor_key
