"""
An OpenID Connect provider on 127.0.0.1, with keys that it signs by.

    with running() as provider:
        token = provider.token("ada-at-home")
    assert provider.asked == ["/.well-known/openid-configuration", "/keys"]
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from chalicelib.guard import sign_in

AUDIENCE: Final = "plaudit-desk"


@cache
def rsa(name: str) -> RSAKey:
    """Give an RSA key of that name; making one takes long."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


@cache
def elliptic(name: str) -> ECKey:
    """Give a key on P-256 of that name."""
    return ECKey.generate_key("P-256", {"kid": name, "use": "sig"})


@dataclass
class Provider:
    """
    A provider, and what was asked of it.

    Attributes:
        issuer: `http://127.0.0.1:<port>`, and a path if it has one.
        keys: Those that it shows.
        documents: What it says instead, by path; None for an answer of 500.
    """

    issuer: str
    keys: list[Key] = field(default_factory=lambda: [rsa("first")])
    documents: dict[str, bytes | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def token(
        self, subject: Any = "ada-at-home", key: Key | None = None, alg: str = "RS256", **more: Any
    ) -> str:
        """Sign a token for an hour; claims that are None are left out."""
        at = int(time.time())
        claims = {"iss": self.issuer, "sub": subject, "aud": AUDIENCE, "iat": at, "exp": at + 3600}
        told = {name: value for name, value in (claims | more).items() if value is not None}
        signing = key or self.keys[0]
        return jwt.encode({"alg": alg, "kid": signing.kid}, told, signing, algorithms=[alg])

    def answer(self, path: str) -> bytes | None:
        """Give a document, as a front end's library finds it too."""
        self.asked.append(path)
        place = self.issuer.rstrip("/")
        about = {"issuer": self.issuer, "jwks_uri": f"{place}/keys"}
        told = {
            "/.well-known/openid-configuration": json.dumps(about).encode(),
            "/keys": json.dumps(KeySet(self.keys).as_dict(private=False)).encode(),
        }
        return (told | self.documents).get(path)


@contextmanager
def running(ending: str = "") -> Iterator[Provider]:
    """Answer until it is over; `ending` stands at the end of the issuer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = provider.answer(self.path)
            self.send_response(500 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        # The kernel may give a port again, and whose keys are kept goes by the address.
        sign_in._keys.cache_clear()
        provider = Provider(f"http://127.0.0.1:{server.server_port}{ending}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
