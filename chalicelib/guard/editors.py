"""Editors are known by a bearer key, of which only the SHA-256 is stored."""

import hashlib

from chalicelib.errors import ForbiddenError, UnauthorizedError
from chalicelib.model import Editor
from chalicelib.store import editor_keys


def identify(key: str | None) -> Editor:
    """
    Say whose key it is, and what it is good for, as the table says at this moment.

    What is looked up is the hash of what was sent: how long it takes may tell how much of a hash
    is like a stored one, and nothing of a key. Keys are random, so one hash suffices.

    Args:
        key: What followed `Bearer `.

    Raises:
        UnauthorizedError: There is no key, or none of ours, or it was revoked.
        UnavailableError: The table could not be read.
    """
    if not key:
        raise UnauthorizedError
    found = editor_keys.find(hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest())
    if found is None or found.revoked_at is not None:
        raise UnauthorizedError
    return Editor(found.name, found.scopes)


def permit(editor: Editor, scope: str) -> None:
    """
    See that an editor may do something.

    Args:
        scope: One of `SCOPES`.

    Raises:
        ForbiddenError: The key was not made for it.
    """
    if scope not in editor.scopes:
        raise ForbiddenError(f"This key has no scope {scope}.")
