"""
The daily digest: once a day, editors are told how much waits for them.

Its event has the day for an id, and is written where there is none: however many runs there are,
and whatever dies, a day has one. From there on it is an event like another, which is told until
it is told.

    put_due    GetItem, in each run after the hour    1 round trip
               PutItem, once a day                    1
"""

from chalicelib import settings
from chalicelib.model import Event, EventKind, now
from chalicelib.store import outbox


def put_due() -> dict[str, int]:
    """
    Put the digest of this day into the outbox, in the first run after its hour.

    Returns:
        `digests`: 1 if this run did.

    Raises:
        UnavailableError: It may be there; the next run looks.
    """
    known, at = settings.current(), now()
    if known.digest_hour is None or at.hour < known.digest_hour:
        return {}
    if known.mail_from is None or not known.mail_editors:
        return {}
    event = Event(f"DIGEST-{at:%Y-%m-%d}", EventKind.DIGEST, "", None, None, at)
    if outbox.is_there(event.id) or not outbox.put_once(event):
        return {}
    return {"digests": 1}
