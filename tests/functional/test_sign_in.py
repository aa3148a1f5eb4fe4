"""Editors who sign in with an OpenID Connect provider: whose token opens what, and whose none."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from importlib import util
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import Key, KeySet, OctKey, RSAKey

from chalicelib import settings
from chalicelib.errors import UnauthorizedError, UnavailableError
from chalicelib.guard import editors, outbound, sign_in
from chalicelib.model import SCOPES, Editor, now
from chalicelib.settings import SignIn
from chalicelib.store import editor_keys
from chalicelib.store.editor_keys import EditorKey
from tests.client import EDITOR_KEY, Answer, Api
from tests.identity_provider import AUDIENCE, Provider, elliptic, rsa, running
from tests.metering import Meter

SUBJECT = "ada-at-home"
DISCOVERY = "/.well-known/openid-configuration"


class Clock:
    """The time that keys are judged by."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "time", made)
    return made


@pytest.fixture
def provider(api: Api, setting: Callable[..., None]) -> Iterator[Provider]:
    """A provider that the site knows, and an editor of it who may do everything."""
    with running() as one:
        setting(STAGE="local", OIDC_ISSUER=one.issuer, OIDC_AUDIENCE=AUDIENCE)
        admit(one, SUBJECT)
        yield one


def admit(provider: Provider, subject: str, *scopes: str, name: str = "ada") -> None:
    digest = editor_keys.person(provider.issuer, subject)
    made = EditorKey(digest, name, frozenset(scopes or SCOPES), now())
    editor_keys.admit(settings.current().content_table, made)


def enter(api: Api, token: str, path: str = "/editor/articles") -> Answer:
    return api.get(path, Authorization=f"Bearer {token}")


def encoded(part: Any) -> str:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_who_signed_in_is_the_editor_of_their_row(api: Api, provider: Provider) -> None:
    assert enter(api, provider.token()).status == 200
    assert editors.identify(provider.token()) == Editor("ada", frozenset(SCOPES))


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256"])
def test_what_providers_sign_by_is_taken(api: Api, provider: Provider, alg: str) -> None:
    provider.keys = [rsa("first"), elliptic("curve")]
    key: Key = elliptic("curve") if alg == "ES256" else rsa("first")

    assert enter(api, provider.token(key=key, alg=alg)).status == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["another", AUDIENCE]},
        # What an access token of Cognito has.
        {"aud": None, "client_id": AUDIENCE, "token_use": "access"},
    ],
)
def test_an_audience_may_be_said_in_three_ways(
    api: Api, provider: Provider, claims: dict[str, Any]
) -> None:
    assert enter(api, provider.token(**claims)).status == 200


def test_what_a_provider_adds_to_the_header_is_no_matter(api: Api, provider: Provider) -> None:
    claims = decoded(provider.token().split(".")[1])

    assert enter(api, signed(claims, ver="2", nonce="n")).status == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"subject": "eve-at-home"},
        {"subject": SUBJECT.upper()},
        {"subject": ""},
        {"subject": None},
        {"subject": 7},
        {"subject": [SUBJECT]},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": []},
        {"aud": None},
        {"aud": None, "client_id": "another"},
        {"aud": "another", "client_id": AUDIENCE},
        {"exp": None},
        {"exp": 0},
        {"exp": "tomorrow"},
        {"exp": True},
        {"nbf": 4_000_000_000},
        {"iat": 4_000_000_000},
    ],
    ids=str,
)
def test_a_token_of_somebody_or_for_something_else_opens_nothing(
    api: Api, provider: Provider, claims: dict[str, Any]
) -> None:
    answer = enter(api, provider.token(**claims))

    assert (answer.status, answer.code) == (401, "unauthorized")


def test_a_time_that_is_no_number_never_counts(api: Api, provider: Provider) -> None:
    claims = b'{"iss":"%s","sub":"%s","aud":"%s","exp":NaN}'
    told = claims % (provider.issuer.encode(), SUBJECT.encode(), AUDIENCE.encode())

    assert enter(api, signed(told)).status == 401


def signed(payload: bytes, key: RSAKey | None = None, **header: Any) -> str:
    """Sign whatever it is by RS256; parts of the header that are None are left out."""
    told = {"alg": "RS256", "kid": "first"} | header
    named = {name: value for name, value in told.items() if value is not None}
    content = f"{encoded(named)}.{encoded(payload)}"
    private = (key or rsa("first")).private_key
    assert private is not None
    signature = private.sign(content.encode(), PKCS1v15(), SHA256())
    return f"{content}.{encoded(signature)}"


def keyed(payload: bytes, secret: bytes) -> str:
    """Sign by HS256."""
    content = f"{encoded({'alg': 'HS256', 'kid': 'first'})}.{encoded(payload)}"
    return f"{content}.{encoded(hmac.digest(secret, content.encode(), 'sha256'))}"


def forgeries(provider: Provider) -> dict[str, str]:
    """Tokens that say they are the editor's, each with what is wrong with it."""
    good = provider.token()
    header, payload, signature = good.split(".")
    claims = decoded(payload)
    mallory = rsa("mallory")
    return {
        "nobody signed it": f"{encoded({'alg': 'none'})}.{payload}.",
        "nobody signed it, and the key is named": (
            f"{encoded({'alg': 'none', 'kid': 'first'})}.{payload}."
        ),
        "the public key is taken for a secret": keyed(claims, rsa("first").as_pem(private=False)),
        "an algorithm that is not ours": f"{encoded({'alg': 'RS512', 'kid': 'first'})}.{payload}.x",
        "another key by the same name": signed(claims, mallory),
        "another key, and no name": signed(claims, mallory, kid=None),
        "it brings its own key": signed(
            claims, mallory, kid="mallory", jwk=mallory.as_dict(private=False)
        ),
        "it says where its keys are": signed(
            claims, mallory, kid="mallory", jku=f"{provider.issuer}/mallory"
        ),
        "something critical that nobody knows": signed(claims, crit=["new"], new=True),
        "its words are not encoded": signed(claims, b64=False, crit=["b64"]),
        "another's signature": f"{header}.{encoded({'sub': SUBJECT})}.{signature}",
        "no signature": f"{header}.{payload}.",
        "a header that is no JSON": f"{encoded(b'{')}.{payload}.{signature}",
        "a header that is a list": f"{encoded(['alg'])}.{payload}.{signature}",
        "an algorithm that is a list": f"{encoded({'alg': ['RS256']})}.{payload}.{signature}",
        "a key that is a number": f"{encoded({'alg': 'RS256', 'kid': 1})}.{payload}.{signature}",
        "claims that are no object": signed(b"[]"),
        "claims that are no JSON": signed(b"{"),
        "claims that are no text": signed(b"\xff"),
        "nothing at all": "..",
        "too long": f"{header}.{payload}{'A' * 200_000}.{signature}",
    }


NAMES = list(forgeries(Provider("http://127.0.0.1")))


@pytest.mark.parametrize("name", NAMES)
def test_a_forged_token_opens_nothing(api: Api, provider: Provider, name: str) -> None:
    with Meter() as meter:
        answer = enter(api, forgeries(provider)[name])

    assert (answer.status, answer.code) == (401, "unauthorized")
    assert meter.calls == meter.key_reads == []
    assert "/mallory" not in provider.asked


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(["RS256", "HS256", "none", "first", AUDIENCE]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["alg", "kid", "crit", "b64", "jwk", "typ", "iss", "aud", "exp"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=8,
)
HEADERS = st.fixed_dictionaries(
    {"alg": st.just("RS256")},
    optional=dict.fromkeys(("kid", "crit", "b64", "jwk", "typ", "x5c"), ANYTHING),
)


@given(header=HEADERS | ANYTHING, payload=ANYTHING, signature=st.binary(max_size=300))
def test_whatever_is_sent_as_a_token_is_refused_in_one_way(
    header: Any, payload: Any, signature: bytes
) -> None:
    refused(f"{encoded(header)}.{encoded(payload)}.{encoded(signature)}")


@given(claims=ANYTHING)
def test_whatever_a_provider_signs_that_is_for_nobody_is_refused(claims: Any) -> None:
    refused(signed(json.dumps(claims).encode()))


@given(parts=st.lists(st.text(max_size=80), min_size=3, max_size=3))
def test_what_is_no_token_at_all_is_refused(parts: list[str]) -> None:
    refused(".".join(parts))


def refused(token: str) -> None:
    keys = sign_in._Keys("https://id.example", KeySet([rsa("first")]), 4e9, 4e9)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sign_in, "_keys", lambda _: keys)
        with pytest.raises(UnauthorizedError):
            sign_in.subject(token, SignIn("https://id.example", AUDIENCE))


def test_a_person_has_the_scopes_of_their_row(api: Api, provider: Provider) -> None:
    admit(provider, "bob-at-home", "write", name="bob")
    token = provider.token("bob-at-home")

    assert enter(api, token, "/editor/articles").status == 200
    refused = enter(api, token, "/editor/reviews")
    assert (refused.status, refused.code) == (403, "forbidden")


def test_who_is_shut_out_is_out_with_the_next_request(api: Api, provider: Provider) -> None:
    token, table = provider.token(), settings.current().content_table

    before = enter(api, token).status
    editor_keys.revoke(table, [one for one in editor_keys.every(table) if one.is_person], now())
    after = enter(api, token).status
    admit(provider, SUBJECT)

    assert (before, after, enter(api, token).status) == (200, 401, 200)


def test_a_key_opens_beside_it_and_a_digest_does_not(api: Api, provider: Provider) -> None:
    assert enter(api, EDITOR_KEY).status == 200
    assert enter(api, editor_keys.person(provider.issuer, SUBJECT)).status == 401


def test_without_a_provider_a_token_is_a_key_that_nobody_has(
    api: Api, provider: Provider, setting: Callable[..., None]
) -> None:
    token = provider.token()
    setting(OIDC_ISSUER=None, OIDC_AUDIENCE=None)

    assert enter(api, token).status == 401
    assert provider.asked == []


def test_an_issuer_is_what_its_tokens_say_to_the_letter(
    api: Api, setting: Callable[..., None]
) -> None:
    with running(ending="/") as one:
        setting(STAGE="local", OIDC_ISSUER=one.issuer, OIDC_AUDIENCE=AUDIENCE)
        admit(one, SUBJECT)

        assert enter(api, one.token()).status == 200
        assert enter(api, one.token(iss=one.issuer.rstrip("/"))).status == 401


def test_who_asks_is_one_read_unit_and_the_provider_is_asked_once(
    api: Api, provider: Provider
) -> None:
    with Meter() as meter:
        for _ in range(3):
            enter(api, provider.token())

    assert [(read.operation, read.read_units) for read in meter.key_reads] == [("GetItem", 1)] * 3
    assert provider.asked == [DISCOVERY, "/keys"]


def test_keys_are_fetched_again_after_an_hour_and_a_withdrawn_one_ends(
    api: Api, provider: Provider, clock: Clock
) -> None:
    token = provider.token(exp=4_000_000_000)
    enter(api, token)
    provider.keys = [rsa("second")]

    clock.at += sign_in.LIFETIME - 1
    before = enter(api, token).status
    clock.at += 1

    assert (before, enter(api, token).status) == (200, 401)


def test_a_new_key_is_fetched_when_a_token_is_signed_by_it(
    api: Api, provider: Provider, clock: Clock
) -> None:
    enter(api, provider.token())
    provider.keys = [rsa("second"), rsa("first")]
    clock.at += sign_in.PAUSE

    assert enter(api, provider.token()).status == 200
    assert provider.asked == [DISCOVERY, "/keys"] * 2


def test_strangers_have_the_provider_asked_twice_a_minute_at_most(
    api: Api, provider: Provider, clock: Clock
) -> None:
    for _ in range(60):
        assert enter(api, provider.token(key=rsa("mallory"))).status == 401
        clock.at += 1

    assert provider.asked == [DISCOVERY, "/keys"] * 2


def test_keys_that_are_good_stay_so_while_the_provider_fails(
    api: Api, provider: Provider, clock: Clock
) -> None:
    good, strangers = provider.token(), provider.token(key=rsa("mallory"))
    enter(api, good)
    provider.documents["/keys"] = None

    clock.at += sign_in.PAUSE
    assert [enter(api, token).status for token in (strangers, good)] == [401, 200]


def test_old_keys_are_not_stretched_while_the_provider_fails(
    api: Api, provider: Provider, clock: Clock
) -> None:
    token = provider.token(exp=4_000_000_000)
    enter(api, token)
    provider.documents["/keys"] = None
    asked = len(provider.asked)

    clock.at += sign_in.LIFETIME
    answers = [enter(api, token) for _ in range(3)]

    assert [(one.status, one.code) for one in answers] == [(503, "unavailable")] * 3
    assert len(provider.asked) == asked + 2
    del provider.documents["/keys"]
    clock.at += sign_in.PAUSE
    assert enter(api, token).status == 200


@pytest.mark.parametrize("path", [DISCOVERY, "/keys"])
@pytest.mark.parametrize(
    "said",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b'{"keys": []}',
        b'{"keys": 7}',
        b'{"keys": [7]}',
        b'{"keys": [{"kty": "RSA"}]}',
        b'{"issuer": "https://elsewhere.example", "jwks_uri": "https://elsewhere.example/keys"}',
        b"\xff",
        b" " * 100_000,
        b"[" * 5000,
    ],
)
def test_a_provider_that_says_something_else_is_unavailable(
    api: Api, provider: Provider, path: str, said: bytes | None
) -> None:
    provider.documents[path] = said

    answer = enter(api, provider.token())

    assert (answer.status, answer.code) == (503, "unavailable")


@pytest.mark.parametrize(
    "odd",
    [
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
        {"kty": "EC", "crv": "P-999", "x": "AAAA", "y": "AAAA"},
        {"kty": "RSA", "n": "AAAA"},
        {"kty": ["RSA"]},
        {},
        7,
    ],
    ids=str,
)
def test_a_key_that_nobody_knows_does_not_hide_the_others(
    api: Api, provider: Provider, odd: Any
) -> None:
    known = KeySet(provider.keys).as_dict(private=False)["keys"]
    provider.documents["/keys"] = json.dumps({"keys": [odd, *known]}).encode()

    assert enter(api, provider.token()).status == 200


def test_a_secret_among_a_providers_keys_signs_nothing(api: Api, provider: Provider) -> None:
    secret = OctKey.import_key(b"s" * 32, {"kid": "first"})
    provider.documents["/keys"] = json.dumps(KeySet([secret]).as_dict(private=True)).encode()

    token = keyed(decoded(provider.token().split(".")[1]), b"s" * 32)

    assert enter(api, token).status == 401


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/keys", "//x/keys", 7])
def test_keys_come_from_the_web_alone(api: Api, provider: Provider, place: Any) -> None:
    about = {"issuer": provider.issuer, "jwks_uri": place}
    provider.documents[DISCOVERY] = json.dumps(about).encode()

    assert enter(api, provider.token()).status == 503


def test_an_issuer_with_tls_has_keys_with_tls(
    api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = "https://id.example"
    about = {"issuer": issuer, "jwks_uri": f"{provider.issuer}/keys"}
    monkeypatch.setattr(outbound, "get", lambda *_: json.dumps(about).encode())

    with pytest.raises(UnavailableError):
        sign_in.subject(provider.token(), SignIn(issuer, AUDIENCE))


def test_health_says_when_the_package_lacks_what_signing_in_needs(
    api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = api.get("/health").status
    found = util.find_spec
    monkeypatch.setattr(
        editors, "find_spec", lambda name: None if name == "joserfc" else found(name)
    )
    answer = api.get("/health")

    assert (there, answer.status) == (200, 500)
    assert provider.asked == []
