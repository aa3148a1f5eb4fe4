"""
What letters say.

Nothing in a letter was written by a reader: whoever submits with a stranger's address cannot
make Plaudit write words of theirs to it, and what is in a mailbox cannot be erased.
"""

from collections import Counter
from datetime import datetime
from typing import Final

from chalicelib.model import Event, Page, Review, ReviewStatus, rfc3339
from chalicelib.notices import links
from chalicelib.notices.mail import Letter
from chalicelib.rules import moderation

_ENDING: Final = """
--
You get this because you asked for mail when you reviewed. No more mail:
{unsubscribe}
"""
_MANAGE: Final = """
Edit or withdraw it, on the page behind this address. Keep the address to yourself:
{manage}

If you did not write it, somebody gave your address. You can withdraw it there.
"""
_ASKED: Final = {
    "export": ("What is held of you", "to read and keep all that is held of this address"),
    "erase": ("Erase what is held of you", "to erase all that is held of this address, for good"),
}
_TOLD: Final = {
    ReviewStatus.PUBLISHED: "It is public now.",
    ReviewStatus.PENDING: "It is public as soon as an editor has looked at it.",
    ReviewStatus.REJECTED: "The editors do not publish it.",
}


def waiting(to: str, title: str, review: Review, at: datetime) -> Letter:
    """Tell an editor that a review waits for a decision."""
    what = "A review" if review.key.kind == "R" else "A proposed change of a review"
    reasons = f"\nHeld because of: {', '.join(review.reasons)}.\n" if review.reasons else ""
    text = f"""{what} of “{title}” with {_stars(review.rating)} waits for a decision.
{reasons}
Read it, and publish it:
{links.decision("publish", review, at)}

Read it, and reject it:
{links.decision("reject", review, at)}

Nothing happens before you confirm it there. The links are good for {links.LIFETIME.days} days,
and until the review changes.
"""
    return Letter(to, f"A review of “{title}” waits", text, review.id)


def reported(to: str, title: str, review: Review) -> Letter:
    """Tell an editor that a public review was reported."""
    text = f"""A review of “{title}” with {_stars(review.rating)} was reported.
It stays public until you decide. It stands in the queue, with the reasons:
GET /editor/reviews?status=reported
"""
    return Letter(to, f"A review of “{title}” was reported", text, review.id)


def digest(to: str, day: str, waiting: Page[Review], reported: Page[Review]) -> Letter:
    """
    Tell an editor how much waits.

    Args:
        day: The id of the event; letters of one day belong together.
    """
    parts = [
        f"{_number(page, noun)}, the oldest since {rfc3339(page.items[0].submitted_at)}:\n"
        f"{_by_article(page)}\nGET /editor/reviews?status={status}\n"
        for page, noun, status in (
            (waiting, "waiting for a decision", "pending"),
            (reported, "reported and public", "reported"),
        )
        if page.items
    ]
    return Letter(to, "Reviews wait for the editors", "\n".join(parts), day)


def asked(to: str, action: str, event: Event, at: datetime) -> Letter:
    """
    Give a reader the link that somebody asked for.

    Args:
        action: `export` or `erase`.
        at: When it is written; the link's time begins then.
    """
    subject, what = _ASKED[action]
    hours = int(links.READERS_LIFETIME.total_seconds() // 3600)
    text = f"""Somebody asked for a link {what}: reviews, and how you are written to.

{links.of_reader(action, event.reader, at)}

Nothing happens before you confirm it there. The link is good for {hours} hours. Keep it to
yourself: whoever has it can do what it says.

If it was not you, do nothing: nobody else gets this link, and nothing changes.
"""
    return Letter(to, subject, text, event.id)


def received(to: str, title: str, review: Review) -> Letter:
    """Tell a reader that a review has arrived."""
    told = _TOLD[moderation.told(review)]
    text = f"Thank you. Your review of “{title}” has arrived. {told}\n"
    return _to_reader(to, f"Your review of “{title}”", text, review)


def published(to: str, title: str, review: Review) -> Letter:
    """Tell a reader that a review is public."""
    text = f"Your review of “{title}” is public now.\n"
    return _to_reader(to, f"Your review of “{title}” is public", text, review)


def replied(to: str, title: str, review: Review) -> Letter:
    """Tell a reader what an editor replied."""
    words = review.reply.message if review.reply else ""
    quoted = "\n".join(f"> {line}" for line in words.splitlines())
    text = f"An editor replied to your review of “{title}”:\n\n{quoted}\n"
    return _to_reader(to, f"A reply to your review of “{title}”", text, review)


def _to_reader(to: str, subject: str, text: str, review: Review) -> Letter:
    text += _MANAGE.format(manage=links.manage(review))
    text += _ENDING.format(unsubscribe=links.unsubscribe_page(review.reader))
    return Letter(to, subject, text, review.id, links.unsubscribe_at_once(review.reader))


def _number(page: Page[Review], state: str) -> str:
    more = "more than " if page.position else ""
    noun = "review" if len(page.items) == 1 and not more else "reviews"
    return f"{more}{len(page.items)} {noun} {state}".capitalize()


def _by_article(page: Page[Review]) -> str:
    counted = Counter(review.slug for review in page.items)
    return "".join(f"  {number:>3}  {slug}\n" for slug, number in counted.most_common())


def _stars(rating: int) -> str:
    return "1 star" if rating == 1 else f"{rating} stars"
