"""
The texts that readers agreed to, each once and for good.

    keep                 PutItem                                      1 round trip
    of                   BatchGetItem                                 1

Either is made once in a process for each revision: a row is never changed, so what was read of it
stays true. Reviews hold the revision alone.
"""

from collections.abc import Iterable
from typing import Final

from chalicelib import settings
from chalicelib.model import Review, now, rfc3339
from chalicelib.settings import Consent, SettingsError
from chalicelib.store import attributes, client, keys
from chalicelib.store.client import ConditionFailedError

_known: Final[dict[str, str]] = {}
"""Texts by their revisions."""


def keep(consent: Consent) -> None:
    """
    Keep the text that readers are asked to agree to now, before the first one has.

    Raises:
        SettingsError: The revision stands for another text.
        UnavailableError: It may be kept; a repetition is harmless.
    """
    if consent.revision not in _known:
        _known[consent.revision] = _kept(consent)
    if _known[consent.revision] != consent.text:
        msg = "CONSENT_TEXT is not the text that CONSENT_REVISION has stood for"
        raise SettingsError(msg)


def of(reviews: Iterable[Review]) -> dict[str, str]:
    """
    Give the texts that the readers of reviews agreed to, by revision.

    Raises:
        UnavailableError: The table could not be read.
    """
    wanted = {one.consent.revision for one in reviews if one.consent is not None}
    if unread := [keys.consent(one) for one in sorted(wanted - _known.keys())]:
        table = settings.current().content_table
        for row in client.batch_get({table: unread}, consistent=True)[table]:
            plain = attributes.unpack(row)
            _known[keys.parse_consent_sk(plain["sk"])] = plain["text"]
    return {one: _known[one] for one in wanted & _known.keys()}


def forget() -> None:
    """Forget what was read, for tests whose tables are emptied."""
    _known.clear()


def _kept(consent: Consent) -> str:
    row = {"text": consent.text, "kept_at": rfc3339(now())}
    put = {
        "TableName": settings.current().content_table,
        "Item": keys.consent(consent.revision) | attributes.pack(row),
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    try:
        client.write({"Put": put})
    except ConditionFailedError as failed:
        text: str = attributes.unpack(failed.found[0] or {})["text"]
        return text
    return consent.text
