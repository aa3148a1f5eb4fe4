"""What would have been sent lands in a folder, and the page at `/` shows it."""

import json
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parent.parent / ".notices"
"""Git does not see it. A start empties it, as it empties the tables."""


class Notice(NamedTuple):
    """
    A letter or a message to a webhook.

    Attributes:
        to: Mailbox, or the name of the webhook in rows and logs.
        about: The letter's subject, or what the message tells.
        text: Of the letter, or headers and body of the message.
    """

    to: str
    about: str
    text: str


def empty() -> None:
    """Take away what an earlier run left in `FOLDER`."""
    for path in FOLDER.glob("*"):
        path.unlink(missing_ok=True)


def newest(folder: Path, most: int) -> list[Notice]:
    """Read what landed last, the newest first; their names begin with the time of the event."""
    return [_read(path) for path in sorted(folder.glob("*"), reverse=True)[:most]]


def _read(path: Path) -> Notice:
    content = path.read_bytes()
    if path.suffix != ".eml":
        text = content.decode()
        body = json.loads(text.partition("\n\n")[2])
        return Notice(path.name.partition(".")[2], str(body["type"]), text)
    letter = message_from_bytes(content, policy=default)
    return Notice(str(letter["To"]), str(letter["Subject"]), str(letter.get_content()))
