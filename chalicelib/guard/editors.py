"""
Who an editor is: by a bearer key, of which only the SHA-256 is stored, or by a provider's token.

Either way a row of the table says what somebody may do, at this moment.
"""

from importlib.util import find_spec
from typing import Final

from chalicelib import settings
from chalicelib.errors import ForbiddenError, UnauthorizedError
from chalicelib.model import Editor
from chalicelib.settings import SettingsError
from chalicelib.store import editor_keys

_DOTS_OF_A_TOKEN: Final = 2
"""Of a JWT; a key is base64url and has none."""


def identify(key: str | None) -> Editor:
    """
    Say whose key it is, and what it is good for, as the table says at this moment.

    What is looked up is the hash of what was sent: how long it takes may tell how much of a hash
    is like a stored one, and nothing of a key. Keys are random, so one hash suffices.

    Args:
        key: What followed `Bearer `.

    Raises:
        UnauthorizedError: There is no key, or none of ours, or it was revoked.
        UnavailableError: The table could not be read, or the provider not be asked for its keys.
    """
    if not key:
        raise UnauthorizedError
    found = editor_keys.find(_digest(key))
    if found is None or found.revoked_at is not None:
        raise UnauthorizedError
    return Editor(found.name, found.scopes)


def _digest(key: str) -> str:
    provider = settings.current().sign_in
    if provider is None or key.count(".") != _DOTS_OF_A_TOKEN:
        return editor_keys.digest_of(key)
    from chalicelib.guard import sign_in  # noqa: PLC0415 - in the package where it is used, and slow

    return editor_keys.person(provider.issuer, sign_in.subject(key, provider))


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


def probe() -> None:
    """
    See that what signing in needs is in the package, where it is asked for.

    Raises:
        SettingsError: The package was made without it.
    """
    if settings.current().sign_in is not None and find_spec("joserfc") is None:
        msg = "OIDC_ISSUER is set, and the package was made without what it needs"
        raise SettingsError(msg)
