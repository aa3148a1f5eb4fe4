"""Says who is to be told of an event now, and how."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from chalicelib import logs, settings
from chalicelib.guard import secrets
from chalicelib.model import ASKED, CLOSED, Event, EventKind, Review, ReviewStatus, now
from chalicelib.notices import carriers, letters, mail, webhooks
from chalicelib.notices.carriers import NotSentError
from chalicelib.notices.mail import Letter
from chalicelib.store import articles, contacts, keys, review_lists, reviews

MOST: Final = 100
"""Reviews of a queue that a digest looks at."""
_TO_READERS: Final = {
    EventKind.REVIEW_RECEIVED: letters.received,
    EventKind.REVIEW_PUBLISHED: letters.published,
    EventKind.REVIEW_REPLIED: letters.replied,
}
_ASKED: Final = {kind: action for action, kind in ASKED.items()}
_FOR_NO_SERVICE: Final = (EventKind.DIGEST, *_ASKED)
_FOR_EDITORS: Final = (EventKind.REVIEW_RECEIVED, EventKind.REVIEW_REPORTED)


class Told(NamedTuple):
    """
    Somebody who is to be told.

    Attributes:
        target: A name for rows and logs, without an address.
        by: What fails for all if it fails for one.
        tell: Raises `NotSentError`.
    """

    target: str
    by: str
    tell: Callable[[], None]


def of(event: Event) -> list[Told]:
    """
    Give everybody whom an event concerns.

    What a letter says is read now: nobody is told that a review is public which is not
    any more, and who has been erased or wants no mail gets none.
    """
    told: list[Told] = []
    for name, find in (("webhooks", _services), ("letters", _people)):
        try:
            told += find(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, the event has to wait for them
            logs.failure("notification failed", error, id=event.id, target=name)
            told.append(_later(name))
    return told


def _later(target: str) -> Told:
    """Stand for those who cannot be looked up now, so that the event waits for them."""

    def tell() -> None:
        reason = "unavailable"
        raise NotSentError(reason)

    return Told(target, target, tell)


def _services(event: Event) -> Iterator[Told]:
    if event.kind in _FOR_NO_SERVICE:
        return
    for webhook in secrets.webhooks():
        target = webhooks.target(webhook)
        yield Told(target, target, partial(webhooks.send, webhook, event, now()))


def _people(event: Event) -> Iterator[Told]:
    if event.kind in _ASKED:
        yield from _of_request(event)
    else:
        yield from _of_digest(event) if event.kind is EventKind.DIGEST else _of_review(event)


def _of_request(event: Event) -> Iterator[Told]:
    if settings.current().mail_from is None:
        return
    email = contacts.find_asking(event.reader, event.id, now())
    # Who has nothing here gets no letter: anybody can write down anybody's address.
    if email is not None and contacts.is_known(event.reader):
        letter = letters.asked(email, _ASKED[event.kind], event, now())
        yield _posted(event, "reader", letter)


def _of_digest(event: Event) -> Iterator[Told]:
    known = settings.current()
    if known.mail_from is None or not known.mail_editors:
        return
    waiting, reported = (
        review_lists.list_queue(queue, None, MOST)
        for queue in (ReviewStatus.PENDING, keys.REPORTED)
    )
    if waiting.items or reported.items:
        for mailbox in known.mail_editors:
            letter = letters.digest(mailbox, event.id, waiting, reported)
            yield _posted(event, carriers.target("editor", mailbox), letter)


def _of_review(event: Event) -> Iterator[Told]:
    known = settings.current()
    if known.mail_from is None or event.review is None or event.kind not in _MAILED:
        return
    review = reviews.find(event.slug, event.review)
    # Its row may hold a later review of the same reader, or its reader ended it.
    if review is None or review.id != event.review_id or review.status in CLOSED:
        return
    article = articles.find(event.slug)
    title = article.summary.title if article else event.slug
    if known.mail_editors and event.kind in _FOR_EDITORS:
        for mailbox, letter in _to_editors(event, review, title):
            target = carriers.target("editor", mailbox)
            yield _posted(event, target, letter)
    if known.manage_url is not None and event.kind in _TO_READERS:
        for letter in _to_reader(event, review, title):
            yield _posted(event, "reader", letter)


def _to_editors(event: Event, review: Review, title: str) -> Iterator[tuple[str, Letter]]:
    for mailbox in settings.current().mail_editors:
        if event.kind is EventKind.REVIEW_REPORTED:
            if review.status is ReviewStatus.PUBLISHED:
                yield mailbox, letters.reported(mailbox, title, review)
        elif review.status is ReviewStatus.PENDING:
            yield mailbox, letters.waiting(mailbox, title, review, event.at)


def _to_reader(event: Event, review: Review, title: str) -> Iterator[Letter]:
    is_said = {
        EventKind.REVIEW_RECEIVED: review.status is not ReviewStatus.SPAM,
        EventKind.REVIEW_PUBLISHED: review.status is ReviewStatus.PUBLISHED,
        EventKind.REVIEW_REPLIED: review.status is ReviewStatus.PUBLISHED and review.reply,
    }
    if not is_said[event.kind]:
        return
    contact = contacts.find(review.reader)
    if contact is None:
        return
    if contact.stopped_at is not None and event.kind is EventKind.REVIEW_RECEIVED:
        # Somebody asked for mail to an address whose owner wants none.
        contacts.stay_stopped(review.reader)
    elif (address := contact.address(now())) is not None:
        yield _TO_READERS[event.kind](address, title, review)


def _posted(event: Event, target: str, letter: Letter) -> Told:
    return Told(target, "mail", partial(mail.send, letter, f"{event.id}.{target}"))


_MAILED: Final = {*_TO_READERS, *_FOR_EDITORS}
