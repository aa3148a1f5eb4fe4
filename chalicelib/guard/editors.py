"""Editors are known by a bearer key, of which only the SHA-256 is stored."""

import hashlib
import hmac

from chalicelib.errors import UnauthorizedError
from chalicelib.guard import secrets


def identify(key: str | None) -> str:
    """
    Say whose key it is.

    Every stored key is compared, each in constant time: how long it takes
    tells nothing about which one came close.

    Args:
        key: What followed `Bearer `; keys are random, so one hash suffices.

    Returns:
        Name of the key.

    Raises:
        UnauthorizedError: There is no key, or none of ours.
    """
    given = hashlib.sha256((key or "").encode(errors="surrogatepass")).digest()
    names = [
        name for name, digest in secrets.current().editor_keys if hmac.compare_digest(digest, given)
    ]
    if not names or not key:
        raise UnauthorizedError
    return names[0]
