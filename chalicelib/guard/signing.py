"""
Short texts that only this server can have made: a payload and its HMAC.

Every fault gives the same answer, so that nobody learns which check failed.
"""

import base64
import hmac
from typing import Final

from chalicelib.guard import secrets

_TAG_BYTES: Final = 16
_LONGEST: Final = 512
"""Characters; looked at before anything is decoded."""


def sign(purpose: str, payload: bytes) -> str:
    """
    Seal a payload. It is not hidden, only fixed.

    Args:
        purpose: What the text is good for; it verifies for nothing else.
        payload: Up to about 360 bytes.

    Returns:
        base64url without padding, of payload and 128 bits of HMAC-SHA256.
    """
    sealed = payload + _tag(secrets.current().signing_secrets[0], purpose, payload)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def verify(purpose: str, text: str) -> bytes | None:
    """
    Open what `sign` made for the same purpose, under any secret in force.

    Returns:
        The payload; None for everything else.
    """
    if len(text) > _LONGEST:
        return None
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    payload, tag = sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:]
    # base64 leaves bits over and Python skips foreign characters: one payload
    # has many spellings, of which one is ours.
    if base64.urlsafe_b64encode(sealed).decode().rstrip("=") != text:
        return None
    genuine = [
        hmac.compare_digest(tag, _tag(secret, purpose, payload))
        for secret in secrets.current().signing_secrets
    ]
    return payload if any(genuine) else None


def mask(purpose: str, nonce: str, secret_bytes: bytes) -> bytes:
    """
    Hide up to 32 bytes; the same call on the result shows them again.

    Args:
        nonce: Never used for two different values.
        secret_bytes: Up to 32 bytes.

    Returns:
        As many bytes: the value XORed with a stream that only this server can
        make. It depends on `reader_secret`, which never changes.
    """
    stream = hmac.digest(secrets.current().reader_secret, f"{purpose}\0{nonce}".encode(), "sha256")
    return bytes(left ^ right for left, right in zip(secret_bytes, stream, strict=False))


def _tag(secret: bytes, purpose: str, payload: bytes) -> bytes:
    return hmac.digest(secret, purpose.encode() + b"\0" + payload, "sha256")[:_TAG_BYTES]
