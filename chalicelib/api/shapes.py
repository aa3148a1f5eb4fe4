"""
JSON of everything that leaves the API.

Plain functions instead of pydantic models: a read pays for no import that it
does not need. The suite checks every answer against the OpenAPI document,
which is made from the models in `answers`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.model import (
    Article,
    Block,
    Consent,
    Decision,
    Erasure,
    Held,
    Image,
    Outcome,
    Page,
    PublicReview,
    Reply,
    Report,
    Review,
    State,
    Summary,
    Tally,
    Teaser,
    rfc3339,
)
from chalicelib.rules import moderation, ratings
from chalicelib.store.articles import Shown
from chalicelib.store.contacts import Contact
from chalicelib.store.listings import Rated
from chalicelib.store.outbox import Notification

Json = dict[str, Any]


def article(shown: Shown) -> Json:
    """Write an article as anyone may read it."""
    one = shown.article
    return {
        **_head(one.summary),
        "body_markdown": one.body_markdown,
        "body_html": one.body_html,
        "reviews_frozen_at": one.frozen_at and rfc3339(one.frozen_at),
        "tally": tally(shown.tally),
        "related": [_teaser(other) for other in shown.related],
    }


def summary(rated: Rated) -> Json:
    """Write an article as a list shows it."""
    return {**_head(rated.summary), "tally": tally(rated.tally)}


def ranked(rated: Rated) -> Json:
    """Write an article as the list of the best shows it, with its score in stars."""
    score = ratings.score(rated.tally.count, rated.tally.total)
    return {**summary(rated), "score": round(score / ratings.SCORE_UNIT, 4)}


def prior() -> Json:
    """Write the prior that every score contains."""
    return {
        "count": ratings.PRIOR_COUNT,
        "average": ratings.PRIOR_TOTAL / ratings.PRIOR_COUNT,
    }


def editors_summary(one: Summary) -> Json:
    """Write an article as the editors' list shows it."""
    return {**_head(one), "status": str(one.status)}


def editors_article(shown: Shown) -> Json:
    """Write an article as its editor sees it after a change."""
    one = shown.article
    return {
        **article(shown),
        "status": str(one.summary.status),
        "retraction": _retraction(one),
    }


def revision(one: Article) -> Json:
    """Write what an article was, without its text."""
    summary = one.summary
    return {
        "revision": summary.revision,
        "changed_by": one.changed_by or None,
        "changed_at": rfc3339(summary.updated_at),
        **revision_fields(one),
    }


def revision_fields(one: Article) -> Json:
    """Give the fields of an article in which two revisions may differ, but for its text."""
    head = _head(one.summary)
    names = ("slug", "title", "description", "image", "author", "tags", "published_at")
    return {
        **{name: head[name] for name in names},
        "status": str(one.summary.status),
        "reviews_frozen_at": one.frozen_at and rfc3339(one.frozen_at),
        "retraction": _retraction(one),
    }


def tally(one: Tally) -> Json:
    """Write a tally with the average and the histogram made of it."""
    return {
        "count": one.count,
        "average": ratings.average(one),
        "total": one.total,
        "histogram": {str(number): count for number, count in enumerate(one.stars, start=1)},
        "as_of": one.as_of and rfc3339(one.as_of),
        "revision": one.revision,
    }


def counts(one: Tally) -> Json:
    """Write what became of all reviews of an article, together and by their stars."""
    by_outcome = {str(outcome): one.of(outcome) for outcome in Outcome}
    rows = [
        dict(zip(by_outcome, row, strict=True)) for row in zip(*by_outcome.values(), strict=True)
    ]
    by_stars = [
        {"stars": stars, "received": sum(row.values()), **row}
        for stars, row in enumerate(rows, start=1)
    ]
    names = ("received", *by_outcome)
    return {
        **{name: sum(row[name] for row in by_stars) for name in names},
        "by_stars": by_stars,
        "as_of": one.counts_as_of and rfc3339(one.counts_as_of),
        "revision": one.counts_revision,
    }


def review(one: PublicReview | Review) -> Json:
    """Write a review as anyone may read it."""
    return {
        "id": one.id,
        "name": one.name,
        "message": one.message,
        "rating": one.rating,
        "submitted_at": rfc3339(one.submitted_at),
        "edited_at": one.edited_at and rfc3339(one.edited_at),
        "reply": _reply(one.reply),
        "helpful": one.helpful,
    }


def submitted(one: Review, manage_token: str | None) -> Json:
    """Write a review as its reader gets it back."""
    return {
        **review(one),
        "status": str(one.answered_status),
        "manage_token": manage_token,
    }


def edited(one: Review) -> Json:
    """Write a review as its reader sees it after an edit."""
    return {**review(one), "status": str(moderation.told(one))}


def waiting(one: Review, current: Mapping[str, Review], texts: Mapping[str, str]) -> Json:
    """
    Write a review as the moderation queue shows it.

    Args:
        current: What proposals would change, by id.
        texts: That readers agreed to, by revision.
    """
    beside = one.proposed_for and current.get(one.proposed_for.id)
    return {
        **queued(one, texts),
        "current": beside and _words(beside) | {"status": str(beside.status)},
        "revision": one.revision,
    }


def queued(one: Review, texts: Mapping[str, str]) -> Json:
    """
    Write a review with what only editors see of it.

    Args:
        texts: That readers agreed to, by revision.
    """
    proposed_for = one.proposed_for
    return {
        **review(one),
        "slug": one.slug,
        "status": str(one.status),
        "reasons": list(one.reasons),
        "reports": {reason: n for reason, n in one.reports._asdict().items() if n},
        "proposed_for": proposed_for and proposed_for.id,
        "consent": one.consent and _consent(one.consent, texts),
    }


def held(one: Held, texts: Mapping[str, str], decided: Page[Decision]) -> Json:
    """
    Write a review or a proposal as its reader's export shows it.

    Args:
        texts: That readers agreed to, by revision.
        decided: The newest decisions on it. Who took them is nobody's business here.
    """
    review = one.review
    forgotten_at = review.expires_at and datetime.fromtimestamp(review.expires_at, UTC)
    return {
        "kind": "review" if review.key.kind == "R" else "proposal",
        **queued(review, texts),
        "changed_at": rfc3339(review.changed_at),
        "forgotten_at": forgotten_at and rfc3339(forgotten_at),
        "note": one.note,
        "decisions": [
            {"action": str(each.action), "at": rfc3339(each.at), "note": each.note}
            for each in decided.items
        ],
        "has_more_decisions": decided.position is not None,
    }


def contact(one: Contact) -> Json:
    """Write how a reader is written to."""
    return {
        "email": one.email,
        "asked_at": one.asked_at and rfc3339(one.asked_at),
        "stopped_at": one.stopped_at and rfc3339(one.stopped_at),
    }


def erasure(one: Erasure) -> Json:
    """Write the receipt of an erasure."""
    return one._asdict() | {"erased_at": rfc3339(one.erased_at)}


def report(one: Report) -> Json:
    """Write a report as editors see it."""
    return {
        "reason": one.reason,
        "message": one.message,
        "reported_at": rfc3339(one.reported_at),
    }


def decision(one: Decision) -> Json:
    """Write an entry of the ledger of decisions."""
    return {
        "id": one.id,
        "slug": one.slug,
        "review_id": one.review_id,
        "action": str(one.action),
        "by": one.by,
        "at": rfc3339(one.at),
        "note": one.note,
        "before": one.before and _state(one.before),
        "after": _state(one.after),
    }


def block(one: Block) -> Json:
    """Write an entry of the block list. Nobody gets to see what a reader is known by."""
    return {
        "id": one.id,
        "kind": one.kind,
        "value": None if one.kind == "reader" else one.value,
        "effect": str(one.effect),
        "note": one.note,
        "blocked_by": one.blocked_by,
        "blocked_at": rfc3339(one.blocked_at),
    }


def notification(one: Notification, status: str) -> Json:
    """Write what became of telling somebody. Targets have names, no addresses."""
    event = one.event
    return {
        "id": event.id,
        "status": status,
        "kind": str(event.kind),
        "slug": event.slug or None,
        "review_id": event.review_id,
        "at": rfc3339(event.at),
        "attempts": one.attempts,
        "next_attempt_at": rfc3339(one.due) if status == "pending" else None,
        "deliveries": [
            {
                "target": target,
                "state": delivery.state,
                "at": rfc3339(delivery.at),
                "error": delivery.error or None,
            }
            for target, delivery in sorted(one.deliveries.items())
        ],
    }


def link(action: str, state: str, title: str | None, about: Review | None) -> Json:
    """Write what a link in a letter would do."""
    return {"action": action, "state": state, "title": title, "review": about and _words(about)}


def followed(
    action: str, result: str, held: Json | None = None, receipt: Erasure | None = None
) -> Json:
    """Write what a link in a letter did."""
    return {
        "action": action,
        "result": result,
        "held": held,
        "receipt": receipt and erasure(receipt),
    }


def page(items: list[Json], next_cursor: str | None) -> Json:
    """Write a slice of a list."""
    return {"items": items, "next_cursor": next_cursor}


def _consent(one: Consent, texts: Mapping[str, str]) -> Json:
    return {
        "revision": one.revision,
        "text": texts.get(one.revision),
        "given_at": rfc3339(one.given_at),
    }


def _words(one: Review) -> Json:
    return {"name": one.name, "message": one.message, "rating": one.rating}


def _state(one: State) -> Json:
    return one._asdict() | {"frozen_at": one.frozen_at and rfc3339(one.frozen_at)}


def _teaser(one: Teaser) -> Json:
    return {
        "slug": one.slug,
        "title": one.title,
        "description": one.description,
        "image": _image(one.image),
        "author": one.author,
        "tags": list(one.tags),
        "published_at": one.published_at and rfc3339(one.published_at),
    }


def _head(one: Summary) -> Json:
    return {
        **_teaser(one.teaser),
        "updated_at": rfc3339(one.updated_at),
        "revision": one.revision,
    }


def _image(one: Image | None) -> Json | None:
    return None if one is None else {"url": one.url, "alt": one.alt, "credit": one.credit}


def _retraction(one: Article) -> Json | None:
    if one.retraction is None:
        return None
    at = rfc3339(one.retraction.retracted_at)
    return {"reason": one.retraction.reason or None, "retracted_at": at}


def _reply(one: Reply | None) -> Json | None:
    if one is None:
        return None
    return {"message": one.message, "replied_at": rfc3339(one.replied_at)}
