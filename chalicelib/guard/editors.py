"""Editors are known by a bearer key, of which only the SHA-256 is stored."""

import hashlib
import hmac

from chalicelib.errors import ForbiddenError, UnauthorizedError
from chalicelib.guard import secrets
from chalicelib.model import SCOPES, Editor


def identify(key: str | None) -> Editor:
    """
    Say whose key it is, and what it is good for.

    Every stored key is compared, each in constant time: how long it takes
    tells nothing about which one came close.

    Args:
        key: What followed `Bearer `; keys are random, so one hash suffices.

    Raises:
        UnauthorizedError: There is no key, or none of ours.
    """
    given = hashlib.sha256((key or "").encode(errors="surrogatepass")).digest()
    names = [
        name for name, digest in secrets.of_api().editor_keys if hmac.compare_digest(digest, given)
    ]
    if not names or not key:
        raise UnauthorizedError
    return Editor(names[0], frozenset(SCOPES))


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
