"""
Manage tokens: what a reader needs to edit or withdraw a review.

A token names its row directly, so that an edit is one write and needs no look
up. The row's key is derived from the reader's address and tells a proposal
from a review; it is masked, so that two tokens of one reader have nothing in
common and none says whether an earlier review exists. A token made for a
proposed change names the proposal and manages nothing else.
"""

from typing import Final

from chalicelib.errors import ForbiddenError, UnauthorizedError
from chalicelib.guard import signing
from chalicelib.model import Review, ReviewKey

_PURPOSE: Final = "manage"
_ID_LENGTH: Final = 26
_KEY_LENGTH: Final = 17
"""Bytes: the key's kind and its digest."""


def issue(review: Review) -> str:
    """Make the token of a review or a proposal: base64url, up to 190 characters."""
    masked = signing.mask(_PURPOSE, review.id, review.key.kind.encode() + review.key.digest)
    payload = masked + review.id.encode() + review.slug.encode()
    return signing.sign(_PURPOSE, payload)


def open_for(token: str | None, slug: str, review_id: str) -> ReviewKey:
    """
    Check a token against the review that a request names.

    Returns:
        Where the row is.

    Raises:
        UnauthorizedError: There is no token, or it is not genuine.
        ForbiddenError: It is genuine and manages another review.
    """
    payload = signing.verify(_PURPOSE, token) if token else None
    if payload is None:
        raise UnauthorizedError
    masked, names = payload[:_KEY_LENGTH], payload[_KEY_LENGTH:].decode()
    if (names[:_ID_LENGTH], names[_ID_LENGTH:]) != (review_id, slug):
        raise ForbiddenError
    key = signing.mask(_PURPOSE, review_id, masked)
    return ReviewKey(key[:1].decode(), key[1:])
