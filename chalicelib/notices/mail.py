"""
Sends letters, by SES.

A letter is plain text. Its id is the same at every attempt: SES puts its own `Message-ID` in
the place of ours, so it stands in a header of our own besides.

Source:
    docs.aws.amazon.com/ses/latest/dg/header-fields.html (Message-ID, Date),
    docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html (errors),
    www.rfc-editor.org/rfc/rfc8058 (List-Unsubscribe-Post)
"""

from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, formataddr, parseaddr
from functools import cache
from typing import Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import settings
from chalicelib.model import now
from chalicelib.notices import carriers
from chalicelib.notices.carriers import NotSentError
from chalicelib.store import sdk

_WRONG: Final = frozenset({"BadRequestException", "InvalidParameterValue"})
"""What SES says of an address that it does not take. All else may be put right."""


class _Verbatim(UnstructuredHeader, BaseHeader):
    """
    A header that programs read: one line, as it is.

    Python would put what is longer than 78 characters into an encoded word, in which no mail
    program looks for an address (www.rfc-editor.org/rfc/rfc2047, section 5).
    """

    def fold(self, *, policy: Policy) -> str:
        """Write the line."""
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS: Final = HeaderRegistry()
_HEADERS.map_to_type("List-Unsubscribe", _Verbatim)
_HEADERS.map_to_type("References", _Verbatim)
_POLICY: Final = SMTP.clone(header_factory=_HEADERS)


class Letter(NamedTuple):
    """
    What somebody is written.

    Attributes:
        to: Mailbox.
        about: What letters about the same thing have in common, for mail programs that show
            them together.
        unsubscribe: Address that takes a POST; None in letters that were ordered otherwise.
    """

    to: str
    subject: str
    text: str
    about: str
    unsubscribe: str | None = None


def send(letter: Letter, message_id: str) -> None:
    """
    Send a letter.

    Args:
        message_id: `[A-Za-z0-9.-]+`, the same for every attempt.

    Raises:
        NotSentError: SES did not take it, or could not be reached.
    """
    message = _written(letter, message_id)
    if carriers.is_kept(f"{message_id}.eml", bytes(message)):
        return
    try:
        _ses().send_email(
            FromEmailAddress=str(settings.current().mail_from),
            Destination={"ToAddresses": [_ascii(letter.to)]},
            Content={"Raw": {"Data": bytes(message)}},
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise NotSentError(f"ses_{code}", is_final=code in _WRONG) from error
    except BotoCoreError as error:
        raise NotSentError("unreachable") from error


def _written(letter: Letter, message_id: str) -> EmailMessage:
    sender = str(settings.current().mail_from)
    domain = parseaddr(sender)[1].rpartition("@")[2]
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = _ascii(letter.to)
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{message_id}@{domain}>"
    message["References"] = f"<{letter.about}@{domain}>"
    message["Plaudit-Notification"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe is not None:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    return message


def _ascii(mailbox: str) -> str:
    """
    Give a mailbox as SES takes it: a domain of other letters in its own spelling.

    Raises:
        NotSentError: The part before the `@` has other letters too, which SES takes nowhere.
    """
    name, address = parseaddr(mailbox)
    local, _, domain = address.rpartition("@")
    try:
        encoded = f"{local}@{_a_labels(domain)}"
    except UnicodeError:
        encoded = ""
    if not (local and encoded and encoded.isascii()):
        raise NotSentError("address", is_final=True)
    return formataddr((name, encoded))


def _a_labels(domain: str) -> str:
    if domain.isascii():
        return domain.encode("idna").decode()
    import idna  # noqa: PLC0415 - its tables are for a few letters of a thousand

    # Python's own codec is of 2003, and sends a letter for faß.example to fass.example.
    return idna.encode(domain, uts46=True).decode()


@cache
def _ses() -> Any:
    return sdk.make("sesv2", is_once=True)
