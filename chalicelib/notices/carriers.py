"""
What every way of telling somebody has in common.

An attempt ends well or with `NotSentError`. What it was sent may be sent once more: nobody can
know whether an answer was lost on its way back.
"""

from chalicelib import settings
from chalicelib.guard import secrets
from chalicelib.store import keys


class NotSentError(Exception):
    """
    Somebody could not be told.

    Attributes:
        reason: A stable name, `http_503`, `unreachable`; never a text from outside.
        is_final: Whether no attempt will change that.
    """

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


def is_kept(name: str, content: bytes) -> bool:
    """
    Put what is to be sent into the folder of a laptop, where there is one.

    Args:
        name: Of the file; the same for every attempt.

    Returns:
        Whether it was: then it is not to be sent.
    """
    folder = settings.current().notices_folder
    if folder is None:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return True


def target(kind: str, place: str) -> str:
    """
    Name who is told, so that rows and logs tell targets apart and name no address.

    Args:
        kind: `webhook`, `editor`.
        place: URL or mailbox.

    Returns:
        `webhook-` and 10 characters.
    """
    digest = keys.keyed_hash(secrets.current().reader_secret, "target", kind, place)
    return f"{kind}-{keys.encode_digest(digest)[:10].lower()}"
