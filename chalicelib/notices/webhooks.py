"""
Tells a service of an event, signed so that it knows who says it, and when.

What is sent names what took place and holds no words, so that nothing has to be taken back
when somebody is forgotten: who wants more asks the API. The id is the same at every attempt.

Source:
    Standard Webhooks, github.com/standard-webhooks/standard-webhooks (spec): headers,
    signature, 2xx for taken, 410 for no more
"""

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final

from chalicelib.errors import UnavailableError
from chalicelib.guard import outbound
from chalicelib.model import Event, rfc3339
from chalicelib.notices import carriers
from chalicelib.notices.carriers import NotSentError
from chalicelib.settings import Webhook

SECONDS: Final = 10
"""For everything together; the specification says 15 to 30, a sweep has many to tell."""
_LONGEST_ANSWER: Final = 2**20
"""Bytes; nothing of it is looked at."""


def target(webhook: Webhook) -> str:
    """Name a service in rows and logs."""
    return carriers.target("webhook", webhook.url)


def send(webhook: Webhook, event: Event, at: datetime) -> None:
    """
    Tell one service of an event.

    Args:
        at: Of this attempt, which the receiver compares with its clock.

    Raises:
        NotSentError: It did not take it, or could not be reached.
    """
    body = body_of(event)
    headers = headers_of(webhook.secrets, event.id, body, at)
    written = "".join(f"{name}: {value}\n" for name, value in headers.items()).encode()
    if not carriers.is_kept(f"{event.id}.{target(webhook)}", written + b"\n" + body):
        post(webhook.url, headers, body)


def post(url: str, headers: Mapping[str, str], body: bytes) -> None:
    """
    Send a signed message.

    Raises:
        NotSentError: As `send`.
    """
    try:
        reply = outbound.send(url, body, headers, SECONDS, _LONGEST_ANSWER)
    except UnavailableError as error:
        raise NotSentError("unreachable") from error
    if not HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
        is_final = reply.status == HTTPStatus.GONE
        raise NotSentError(f"http_{reply.status}", is_final=is_final)


def body_of(event: Event) -> bytes:
    """Write an event as compact JSON, the same at every attempt."""
    named = {
        "slug": event.slug,
        "review_id": event.review_id,
        "status": event.status and str(event.status),
    }
    body = {
        "type": str(event.kind),
        "timestamp": rfc3339(event.at),
        "data": {name: value for name, value in named.items() if value is not None},
    }
    return json.dumps(body, separators=(",", ":")).encode()


def headers_of(
    secrets: Sequence[bytes], message_id: str, body: bytes, at: datetime
) -> dict[str, str]:
    """
    Give the headers of a message.

    Args:
        secrets: It is signed with each.
        message_id: By which a receiver knows a repetition.
    """
    timestamp = str(int(at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets),
    }


def _signature(secret: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
