"""
Links in letters: what their token lets its holder do, and where they lead.

A token stands in the fragment of an address, which a browser does not send: no server's log
holds it. What it stands for is done by a POST of the page that it leads to, and never by
opening it, so that a scanner of mail does nothing.

    publish, reject    on one review, as it was when the letter was written; for 14 days
    unsubscribe        whoever the letter went to
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

_DECISION: Final = "link"
_UNSUBSCRIBE: Final = "unsubscribe"
_ACTIONS: Final = {1: "publish", 2: "reject"}
_HEAD: Final = struct.Struct(">BII17s26s")
"""Action, expiry in epoch seconds, revision, masked key, id; the slug follows."""
_NONCE_LENGTH: Final = 26


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


def manage(review: Review) -> str:
    """Give the page of the front end where a reader edits and withdraws a review."""
    named = {"slug": review.slug, "id": review.id, "manage_token": tokens.issue(review)}
    return f"{settings.current().manage_url}#{urlencode(named)}"


def read(token: str) -> DecisionLink | UnsubscribeLink | None:
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
    return None


def _unsubscribe_token(reader: str) -> str:
    # A new one for each letter, so that two letters to one reader have nothing in common.
    nonce = keys.new_id()
    masked = signing.mask(_UNSUBSCRIBE, nonce, keys.decode_digest(reader))
    return signing.sign(_UNSUBSCRIBE, nonce.encode() + masked)


def _page(token: str) -> str:
    return f"{settings.current().public_url}/links#{token}"
