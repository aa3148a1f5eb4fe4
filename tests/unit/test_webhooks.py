"""What a receiver of webhooks checks: headers, signature, time."""

import base64
import hmac
from datetime import UTC, datetime

import pytest

from chalicelib.model import Event, EventKind, ReviewStatus
from chalicelib.notices import webhooks
from chalicelib.settings import Secrets, SettingsError

AT = datetime(2021, 2, 25, 15, 42, 10, tzinfo=UTC)
SECRET = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


def test_a_message_is_signed_as_the_reference_implementation_signs_it() -> None:
    """
    The vector is what standardwebhooks 1.1.0 gives for this secret, id, time and body; its
    `verify` takes our messages and refuses changed ones (tried when this was written).
    """
    headers = webhooks.headers_of(
        [SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', AT
    )

    assert headers == {
        "Content-Type": "application/json",
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614267730",
        "webhook-signature": headers["webhook-signature"],
    }
    known = webhooks.headers_of(
        [SECRET],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        datetime.fromtimestamp(1614265330, UTC),
    )
    assert known["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_that_changes_its_secret_finds_both_signatures() -> None:
    headers = webhooks.headers_of([b"n" * 24, b"o" * 24], "id", b"{}", AT)

    signed = f"id.{headers['webhook-timestamp']}.{{}}".encode()
    expected = [
        "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
        for secret in (b"n" * 24, b"o" * 24)
    ]
    assert headers["webhook-signature"].split(" ") == expected


def test_a_body_is_the_same_at_every_attempt_and_leaves_out_what_there_is_not() -> None:
    about_a_review = Event(
        "ID", EventKind.REVIEW_RECEIVED, "first-light", "REVIEW", None, AT, ReviewStatus.PENDING
    )
    about_an_article = Event("ID", EventKind.ARTICLE_PUBLISHED, "first-light", None, None, AT)

    assert webhooks.body_of(about_a_review) == (
        b'{"type":"review.received","timestamp":"2021-02-25T15:42:10Z",'
        b'"data":{"slug":"first-light","review_id":"REVIEW","status":"pending"}}'
    )
    assert webhooks.body_of(about_an_article) == (
        b'{"type":"article.published","timestamp":"2021-02-25T15:42:10Z",'
        b'"data":{"slug":"first-light"}}'
    )


KEY = "whsec_" + base64.b64encode(b"k" * 24).decode()


def test_lines_name_addresses_and_their_secrets() -> None:
    text = f"https://a.example/x {KEY}\n\n  https://b.example/?team=1 {KEY} {KEY}  \n"

    found = Secrets({"WEBHOOK_URLS": text}).webhook_urls

    assert [(one.url, one.secrets) for one in found] == [
        ("https://a.example/x", (b"k" * 24,)),
        ("https://b.example/?team=1", (b"k" * 24, b"k" * 24)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "https://canary.example",
        f"canary {KEY}",
        f"https://canary.example/#x {KEY}",
        f"https://user@canary.example {KEY}",
        "https://canary.example whsec_",
        "https://canary.example whsec_c2hvcnQ=",
        "https://canary.example whsec_not-base64!",
        f"https://canary.example {KEY} canary",
        f"https://canary.example {KEY.removeprefix('whsec_')}",
        f"https://canary.example {KEY}\nhttps://canary.example {KEY}",
    ],
)
def test_a_malformed_line_is_refused_and_not_told(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^WEBHOOK_URLS must ") as raised:
        _ = Secrets({"WEBHOOK_URLS": text}).webhook_urls

    assert "canary" not in f"{raised.value} {raised.value.__cause__}"
