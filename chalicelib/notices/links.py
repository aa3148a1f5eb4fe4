"""
Links in letters: what their token lets its holder do, and where they lead.

A token stands in the fragment of an address, which a browser does not send: no server's log
holds it. What it stands for is done by a POST of the page that it leads to, and never by
opening it, so that a scanner of mail does nothing.

    publish, reject    on one review, as it was when the letter was written; for 14 days
    unsubscribe        whoever the letter went to
    export, erase      what is held of whoever asked for the letter; for 24 hours
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from chalicelib import settings
from chalicelib.guard import signing, tokens
from chalicelib.model import Review, ReviewHandle, ReviewKey
from chalicelib.store import keys

LIFETIME: Final = timedelta(days=14)
READERS_LIFETIME: Final = timedelta(hours=24)

_DECISION: Final = "link"
_UNSUBSCRIBE: Final = "unsubscribe"
_READER: Final = "reader"
_ACTIONS: Final = {1: "publish", 2: "reject"}
_HEAD: Final = struct.Struct(">BII17s26s")
"""Action, expiry in epoch seconds, revision, masked key, id; the slug follows."""
_NONCE_LENGTH: Final = 26
_READERS_ACTIONS: Final = {1: "export", 2: "erase"}
_READERS_HEAD: Final = struct.Struct(">BI26s")
"""Action, expiry in epoch seconds, the link's ULID; the masked reader follows."""


@dataclass(frozen=True, slots=True)
class DecisionLink:
    """
    What an editor may do to a review by a link.

    Attributes:
        action: `publish` or `reject`.
        revision: Of the review when the letter was written; the link dies with it.
    """

    action: str
    slug: str
    review: ReviewHandle
    revision: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class UnsubscribeLink:
    """Whoever holds it may say that a reader, by `Review.reader`, wants no more mail."""

    reader: str


@dataclass(frozen=True, slots=True)
class ReaderLink:
    """
    What a reader may do to what is held of them by a link.

    Attributes:
        action: `export` or `erase`.
        reader: As `Review.reader`.
        id: ULID of the link.
    """

    action: str
    reader: str
    id: str
    expires_at: datetime


def decision(action: str, review: Review, at: datetime) -> str:
    """Give the address at which an editor publishes or rejects a review."""
    (number,) = (number for number, name in _ACTIONS.items() if name == action)
    head = _HEAD.pack(
        number,
        int((at + LIFETIME).timestamp()),
        review.revision,
        signing.mask(_DECISION, review.id, review.key.kind.encode() + review.key.digest),
        review.id.encode(),
    )
    return _page(signing.sign(_DECISION, head + review.slug.encode()))


def unsubscribe_page(reader: str) -> str:
    """Give the address at which a person says that they want no more mail."""
    return _page(_unsubscribe_token(reader))


def unsubscribe_at_once(reader: str) -> str:
    """
    Give the address to which a mail program posts that its person wants no more mail.

    It has no other place for the token than the path (RFC 8058, 3.1). All that it is good for
    is to end the mail to one reader, whom it does not tell.
    """
    return f"{settings.current().public_url}/unsubscribe/{_unsubscribe_token(reader)}"


def of_reader(action: str, reader: str, at: datetime) -> str:
    """
    Give the address at which a reader gets or erases what is held of them.

    Args:
        action: `export` or `erase`.
        reader: As `Review.reader`.
    """
    (number,) = (number for number, name in _READERS_ACTIONS.items() if name == action)
    # A new one for each letter, so that two letters to one reader have nothing in common.
    link_id = keys.new_id()
    expires = int((at + READERS_LIFETIME).timestamp())
    masked = signing.mask(_READER, link_id, keys.decode_digest(reader))
    head = _READERS_HEAD.pack(number, expires, link_id.encode())
    return _page(signing.sign(_READER, head + masked))


def manage(review: Review) -> str:
    """Give the page of the front end where a reader edits and withdraws a review."""
    named = {"slug": review.slug, "id": review.id, "manage_token": tokens.issue(review)}
    return f"{settings.current().manage_url}#{urlencode(named)}"


def read(token: str) -> DecisionLink | UnsubscribeLink | ReaderLink | None:
    """
    Read a token, whenever it was made.

    Returns:
        None for what was not made here.
    """
    if (payload := signing.verify(_DECISION, token)) is not None:
        number, expires, revision, masked, review_id = _HEAD.unpack_from(payload)
        name = review_id.decode()
        key = signing.mask(_DECISION, name, masked)
        return DecisionLink(
            _ACTIONS[number],
            payload[_HEAD.size :].decode(),
            ReviewHandle(ReviewKey(key[:1].decode(), key[1:]), name),
            revision,
            datetime.fromtimestamp(expires, UTC),
        )
    if (payload := signing.verify(_UNSUBSCRIBE, token)) is not None:
        nonce, masked = payload[:_NONCE_LENGTH].decode(), payload[_NONCE_LENGTH:]
        return UnsubscribeLink(keys.encode_digest(signing.mask(_UNSUBSCRIBE, nonce, masked)))
    if (payload := signing.verify(_READER, token)) is not None:
        number, expires, name = _READERS_HEAD.unpack_from(payload)
        masked = signing.mask(_READER, name.decode(), payload[_READERS_HEAD.size :])
        return ReaderLink(
            _READERS_ACTIONS[number],
            keys.encode_digest(masked),
            name.decode(),
            datetime.fromtimestamp(expires, UTC),
        )
    return None


def _unsubscribe_token(reader: str) -> str:
    # A new one for each letter, so that two letters to one reader have nothing in common.
    nonce = keys.new_id()
    masked = signing.mask(_UNSUBSCRIBE, nonce, keys.decode_digest(reader))
    return signing.sign(_UNSUBSCRIBE, nonce.encode() + masked)


def _page(token: str) -> str:
    return f"{settings.current().public_url}/links#{token}"
