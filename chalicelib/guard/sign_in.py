"""
Editors who signed in with an OpenID Connect provider: who a token says they are.

A token is a JWT that the provider signed, and says who somebody is, not what they may do. It counts
when its signature, its issuer, its audience and its times do. Which algorithms may sign is said
here and not by the token.

The provider's keys are fetched when a token first needs them, and are good for an hour. A token
of a key that is not among them has them fetched before, for providers change their keys; but not
within half a minute of the last time, whether that failed or not, or strangers could have us ask
without end. Old keys are not stretched: one that was withdrawn ends within the hour.

Source:
    openid.net/specs/openid-connect-discovery-1_0.html, www.rfc-editor.org/rfc/rfc8725,
    www.rfc-editor.org/rfc/rfc7517#section-5 (keys that are not understood)
"""

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from chalicelib.errors import UnauthorizedError, UnavailableError
from chalicelib.guard import outbound
from chalicelib.settings import SignIn

LIFETIME: Final = 3600
"""Seconds that keys are good for."""
PAUSE: Final = 30
"""Seconds between two times that a provider is asked."""
_PATIENCE: Final = 2
"""Seconds, for each of the two documents."""
_MOST_BYTES: Final = 65_536
_LEEWAY: Final = 60
"""Seconds by which clocks may differ."""
# The one that every provider has, and those that are better.
_ALGORITHMS: Final = ("RS256", "PS256", "ES256")
# What comes of a token or a document that is none, a list where there should be a name.
_BAD: Final = (
    *(JoseError, ArithmeticError, AttributeError, LookupError),
    *(RecursionError, TypeError, ValueError),
)
# A provider may put into the header what it likes; what is critical there is still refused.
_SIGNED: Final = JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)


@dataclass
class _Keys:
    """A provider's keys, as they were when it gave them last."""

    issuer: str
    found: KeySet | None = None
    given_at: float = 0
    asked_at: float = 0

    def newer_than(self, seconds: float) -> KeySet:
        """
        Give keys that are not older, or as old as they may be where it was asked just now.

        Raises:
            UnavailableError: The provider does not give them, and what it gave is too old.
        """
        # While Lambda freezes a container, this clock goes on.
        now = time.time()
        if now - self.given_at >= seconds and now - self.asked_at >= PAUSE:
            self.asked_at = now
            with suppress(UnavailableError):
                self.found, self.given_at = _fetch(self.issuer), now
        if self.found is None or now - self.given_at >= LIFETIME:
            raise UnavailableError
        return self.found


_keys: Final = cache(_Keys)


def subject(token: str, provider: SignIn) -> str:
    """
    Give who somebody is at the provider, the claim `sub`.

    Raises:
        UnauthorizedError: The token is not the provider's, not for this site, or its time is over.
        UnavailableError: The provider does not give its keys.
    """
    for seconds in (LIFETIME, PAUSE):
        try:
            return _subject(token, provider, seconds)
        except InvalidKeyIdError:
            continue
        except _BAD as error:
            raise UnauthorizedError from error
    raise UnauthorizedError


def _subject(token: str, provider: SignIn, seconds: float) -> str:
    claims = jwt.decode(token, _keys(provider.issuer).newer_than(seconds), registry=_SIGNED).claims
    # An access token of Cognito says `client_id` instead.
    claims.setdefault("aud", claims.get("client_id"))
    jwt.JWTClaimsRegistry(
        leeway=_LEEWAY,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.audience},
        sub={"essential": True},
        exp={"essential": True},
    ).validate(claims)
    found: str = claims["sub"]
    return found


def _fetch(issuer: str) -> KeySet:
    try:
        about = json.loads(_document(f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
        # Or somebody else could speak for the issuer.
        if about["issuer"] != issuer:
            raise UnavailableError
        place = about["jwks_uri"]
        # Only a laptop has an issuer without TLS.
        if not place.startswith(("https://", f"{issuer.partition('://')[0]}://")):
            raise UnavailableError
        return _usable(json.loads(_document(place))["keys"])
    except _BAD as error:
        raise UnavailableError from error


def _usable(listed: list[Any]) -> KeySet:
    """Give the keys that are understood; a new form beside them is no reason to lose those."""
    usable = []
    for one in listed:
        with suppress(*_BAD):
            usable += KeySet.import_key_set({"keys": [one]}).keys
    if not usable:
        raise UnavailableError
    return KeySet(usable)


def _document(url: str) -> bytes:
    return outbound.get(url, _PATIENCE, _MOST_BYTES)
