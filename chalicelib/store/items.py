"""
The one conversion between DynamoDB's rows and Plaudit's values.

Tables and stream images have the same form, so both are read here. A row that
cannot be read raises `MalformedItemError`, which says what is wrong without
repeating what the row holds.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from chalicelib.model import (
    STARS,
    Article,
    ArticleStatus,
    Consent,
    Gate,
    Held,
    Image,
    Outcome,
    Outcomes,
    PerStar,
    PublicReview,
    Reply,
    Report,
    Reports,
    Retraction,
    Review,
    ReviewHandle,
    ReviewKey,
    ReviewStatus,
    Summary,
    Tally,
    Teaser,
    from_rfc3339,
    rfc3339,
)
from chalicelib.store import keys
from chalicelib.store.attributes import Item, Plain, pack, unpack

_MOST_VOTES: Final = 9_999_999
"""That the order tells apart."""

P = ParamSpec("P")
R = TypeVar("R")


class MalformedItemError(Exception):
    """A row does not have the form that its key promises."""


def _reader(read: Callable[P, R]) -> Callable[P, R]:
    @wraps(read)
    def reader(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return read(*args, **kwargs)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            # Only the exception's type: its text may hold what a reader wrote.
            msg = f"{read.__name__}: {type(error).__name__}"
            raise MalformedItemError(msg) from None

    return reader


def pack_summary(summary: Summary) -> Plain:
    """Give the attributes of a summary, as articles and listings hold them."""
    return pack_teaser(summary.teaser) | {
        "moved_from": summary.moved_from or None,
        "updated_at": _pack_time(summary.updated_at),
        "revision": summary.revision,
        "status": str(summary.status),
    }


def pack_teaser(teaser: Teaser) -> Plain:
    """Give the attributes of what is shown of an article beside a related one."""
    image = teaser.image
    return {
        "slug": teaser.slug,
        "title": teaser.title,
        "description": teaser.description,
        "image": image and {"url": image.url, "alt": image.alt, "credit": image.credit},
        "author": teaser.author,
        "tags": list(teaser.tags),
        "published_at": _pack_time(teaser.published_at),
    }


@_reader
def related_from(item: Item | None) -> tuple[Teaser, ...]:
    """
    Read which articles are related to one, best first; an absent row names none.

    Raises:
        MalformedItemError: The row has another form.
    """
    shown = unpack(item or {}).get("articles", [])
    return tuple(Teaser(**_teaser_fields(plain)) for plain in shown)


@_reader
def summary_from(item: Item) -> Summary:
    """
    Read a listing row, or the head of an article.

    Raises:
        MalformedItemError: The row has another form.
    """
    return _summary(unpack(item))


def article_item(article: Article) -> Item:
    """Write an article as its row in content."""
    listed = (
        {
            "listed_in": keys.article_pk(article.home),
            "id": keys.ABOVE,
            "rating_order": keys.ABOVE,
            "helpful_order": keys.ABOVE,
        }
        if article.is_public
        else {}
    )
    return keys.article(article.home) | pack(_pack_article(article) | listed)


def revision_item(article: Article) -> Item:
    """Write what an article was as its row in content, without its HTML and in no index."""
    kept = pack(_pack_article(replace(article, body_html="")))
    return keys.revision(article.home, article.revision) | kept


@_reader
def article_from(item: Item) -> Article:
    """
    Read an article's row or stream image.

    Raises:
        MalformedItemError: The row has another form.
    """
    plain = unpack(item)
    return Article(
        _summary(plain),
        plain["body_markdown"],
        plain["body_html"],
        plain.get("changed_by", ""),
        _time(plain.get("frozen_at")),
        _retraction(plain.get("retraction")),
    )


def gate_item(slug: str, gate: Gate) -> Item:
    """Write the row that says what readers have to know of an article."""
    listed = {
        "listed_in": keys.article_pk(slug),
        "id": keys.BELOW,
        "rating_order": keys.BELOW,
        "helpful_order": keys.BELOW,
    }
    return keys.gate(slug) | pack(
        (listed if gate.is_public else {})
        | {"frozen_at": _pack_time(gate.frozen_at), "retraction": _pack_retraction(gate.retraction)}
    )


@_reader
def gate_from(item: Item | None) -> Gate:
    """
    Read a gate; an absent row is that of no article.

    Raises:
        MalformedItemError: The row has another form.
    """
    plain = unpack(item or {})
    is_public = bool(plain) and "retraction" not in plain
    return Gate(is_public, _time(plain.get("frozen_at")), _retraction(plain.get("retraction")))


def review_item(review: Review) -> Item:
    """Write a review or a proposal as its row in content."""
    return keys.review(review.slug, review.key) | pack(
        {
            "id": review.id,
            "revision": review.revision,
            "status": str(review.status),
            "answered_status": str(review.answered_status),
            "name": review.name,
            "message": review.message,
            "rating": review.rating,
            "submitted_at": _pack_time(review.submitted_at),
            "edited_at": _pack_time(review.edited_at),
            "changed_at": _pack_time(review.changed_at),
            "reply": pack_reply(review.reply),
            "reader": review.reader or None,
            "fingerprint": review.fingerprint,
            "idempotency": review.idempotency,
            "proposed_for": _pack_handle(review.proposed_for),
            "reasons": pack_reasons(review.reasons),
            "expires_at": review.expires_at,
            "helpful": review.helpful,
            "reports": pack_reports(review.reports),
            "outcome": review.outcome and str(review.outcome),
            "consent": pack_consent(review.consent),
            "earlier": pack_outcomes(review.earlier),
        }
        | review_indexes(review)
    )


def review_indexes(review: Review) -> Plain:
    """Give the attributes that put a review into the indexes where it belongs now."""
    reported = {"queue": keys.REPORTED} if review.is_reported else {}
    return {
        **placement(review.slug, review.key, review.status),
        **reported,
        "rating_order": rating_order(review.rating, review.id),
        "helpful_order": helpful_order(review.helpful, review.id),
    }


def placement(slug: str, key: ReviewKey, status: ReviewStatus) -> Plain:
    """
    Say which indexes hold a review of this status.

    A public index needs `listed_in` besides its order, so an update that does not
    know the rating or the votes can still list a review or take it off. What is
    reported leaves that queue: it is for whoever decides.
    """
    is_public = status is ReviewStatus.PUBLISHED and key.kind == "R"
    return {
        "listed_in": keys.article_pk(slug) if is_public else None,
        "queue": str(status) if status in keys.QUEUES else None,
    }


def rating_order(rating: int, review_id: str) -> str:
    """Give the sort key of a review among its article's ratings."""
    return f"{rating}#{review_id}"


def helpful_order(votes: int, review_id: str) -> str:
    """Give the sort key of a review among its article's most helpful."""
    return f"{min(votes, _MOST_VOTES):07d}#{review_id}"


def pack_reply(reply: Reply | None) -> Plain | None:
    """Give a reply's attributes."""
    if reply is None:
        return None
    return {"message": reply.message, "replied_at": rfc3339(reply.replied_at)}


def pack_consent(consent: Consent | None) -> Plain | None:
    """Give the attributes of a reader's consent."""
    if consent is None:
        return None
    return {"revision": consent.revision, "given_at": rfc3339(consent.given_at)}


def pack_reasons(reasons: tuple[str, ...]) -> list[str] | None:
    """Give the attribute of a review's reasons; None without any."""
    return list(reasons) or None


def pack_reports(reports: Reports) -> Plain | None:
    """Give the attribute of a review's reports; None without any."""
    return {reason: n for reason, n in reports._asdict().items() if n} or None


def pack_outcomes(outcomes: Outcomes) -> Plain | None:
    """Give the attribute of outcomes; None without any."""
    return dict(outcomes) or None


def outcomes_from(plain: Plain | None) -> Outcomes:
    """Read the attribute of outcomes, unpacked; None is that of none."""
    return tuple(sorted((name, _count(n)) for name, n in (plain or {}).items()))


def report_item(key: keys.Key, report: Report, expires_at: int) -> Item:
    """
    Write a report as its row in content.

    Args:
        expires_at: Epoch seconds after which it is forgotten.
    """
    return key | pack(
        {
            "reason": report.reason,
            "message": report.message or None,
            "reported_at": _pack_time(report.reported_at),
            "expires_at": expires_at,
        }
    )


@_reader
def report_from(item: Item) -> Report:
    """
    Read a report's row.

    Raises:
        MalformedItemError: The row has another form.
    """
    plain = unpack(item)
    reported_at = from_rfc3339(plain["reported_at"])
    return Report(_text(plain["reason"]), _text(plain.get("message", "")), reported_at)


@_reader
def review_from(item: Item) -> Review:
    """
    Read a review's or proposal's row or stream image.

    Raises:
        MalformedItemError: The row has another form, its revision is below 1
            or its rating is none of 1 to 5.
    """
    plain = unpack(item)
    return Review(
        slug=keys.parse_article_pk(plain["pk"]),
        key=_review_key(plain["sk"]),
        id=_text(plain["id"]),
        revision=_at_least_one(plain["revision"]),
        status=ReviewStatus(plain["status"]),
        answered_status=ReviewStatus(plain["answered_status"]),
        name=_text(plain["name"]),
        message=_text(plain["message"]),
        rating=_stars(plain["rating"]),
        submitted_at=from_rfc3339(plain["submitted_at"]),
        edited_at=_time(plain.get("edited_at")),
        changed_at=from_rfc3339(plain["changed_at"]),
        reply=_reply(plain.get("reply")),
        reader=_text(plain.get("reader", "")),
        fingerprint=_text(plain["fingerprint"]),
        idempotency=_text(plain["idempotency"]),
        proposed_for=_handle(plain.get("proposed_for")),
        reasons=_texts(plain.get("reasons", [])),
        expires_at=plain.get("expires_at"),
        helpful=_count(plain.get("helpful", 0)),
        reports=_reports(plain.get("reports", {})),
        outcome=_outcome(plain.get("outcome")),
        consent=_consent(plain.get("consent")),
        earlier=outcomes_from(plain.get("earlier")),
    )


@_reader
def held_from(item: Item) -> Held:
    """
    Read a review's or proposal's row with the note on it.

    Raises:
        MalformedItemError: The row has another form.
    """
    return Held(review_from(item), _text(unpack(item).get("note", "")))


@_reader
def public_review_from(item: Item) -> PublicReview:
    """
    Read a row of a public index.

    Raises:
        MalformedItemError: The row has another form.
    """
    plain = unpack(item)
    return PublicReview(
        id=plain["id"],
        name=plain["name"],
        message=plain["message"],
        rating=plain["rating"],
        submitted_at=from_rfc3339(plain["submitted_at"]),
        edited_at=_time(plain.get("edited_at")),
        reply=_reply(plain.get("reply")),
        helpful=_count(plain.get("helpful", 0)),
    )


@_reader
def tally_from(item: Item | None) -> Tally:
    """
    Read a tally; an absent row is the tally of no reviews.

    Raises:
        MalformedItemError: The row has another form.
    """
    plain = unpack(item or {})
    return Tally(
        count=plain.get("count", 0),
        total=plain.get("total", 0),
        stars=_per_star(plain, "stars"),
        revision=plain.get("revision", 0),
        as_of=_time(plain.get("as_of")),
        held=_per_star(plain, Outcome.HELD),
        removed=_per_star(plain, Outcome.REMOVED),
        withdrawn=_per_star(plain, Outcome.WITHDRAWN),
        counts_revision=plain.get("counts_revision", 0),
        counts_as_of=_time(plain.get("counts_as_of")),
        moves=plain.get("moves", 0),
    )


def _per_star(plain: Plain, name: str) -> PerStar:
    one, two, three, four, five = (plain.get(f"{name}_{number}", 0) for number in STARS)
    return one, two, three, four, five


def _teaser_fields(plain: Plain) -> Plain:
    image, author = plain.get("image"), plain.get("author")
    return {
        "slug": _text(plain["slug"]),
        "title": _text(plain["title"]),
        "description": _text(plain["description"]),
        "image": image and Image(image["url"], image["alt"], image["credit"]),
        "author": None if author is None else _text(author),
        "tags": _texts(plain["tags"]),
        "published_at": _time(plain.get("published_at")),
    }


def _summary(plain: Plain) -> Summary:
    return Summary(
        **_teaser_fields(plain),
        updated_at=from_rfc3339(plain["updated_at"]),
        revision=_at_least_one(plain["revision"]),
        status=ArticleStatus(plain["status"]),
        moved_from=_text(plain.get("moved_from", "")),
    )


def _pack_article(article: Article) -> Plain:
    return pack_summary(article.summary) | {
        "body_markdown": article.body_markdown,
        "body_html": article.body_html,
        "changed_by": article.changed_by or None,
        "frozen_at": _pack_time(article.frozen_at),
        "retraction": _pack_retraction(article.retraction),
    }


def _pack_time(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)


def _time(text: str | None) -> datetime | None:
    return None if text is None else from_rfc3339(text)


def _pack_retraction(retraction: Retraction | None) -> Plain | None:
    if retraction is None:
        return None
    return {"reason": retraction.reason, "retracted_at": rfc3339(retraction.retracted_at)}


def _retraction(plain: Plain | None) -> Retraction | None:
    return Retraction(plain["reason"], from_rfc3339(plain["retracted_at"])) if plain else None


def _reply(plain: Plain | None) -> Reply | None:
    return Reply(plain["message"], from_rfc3339(plain["replied_at"])) if plain else None


def _pack_handle(handle: ReviewHandle | None) -> Plain | None:
    return None if handle is None else {"sk": keys.review_sk(handle.key), "id": handle.id}


def _handle(plain: Plain | None) -> ReviewHandle | None:
    return ReviewHandle(_review_key(plain["sk"]), plain["id"]) if plain else None


def _consent(plain: Plain | None) -> Consent | None:
    if plain is None:
        return None
    return Consent(_text(plain["revision"]), from_rfc3339(plain["given_at"]))


def _outcome(text: str | None) -> Outcome | None:
    return None if text is None else Outcome(text)


def _review_key(sk: str) -> ReviewKey:
    found = keys.parse_review_sk(sk)
    if found is None:
        msg = "not a review's key"
        raise ValueError(msg)
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        msg = "not text"
        raise TypeError(msg)
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        msg = "not a list"
        raise TypeError(msg)
    return tuple(_text(element) for element in value)


def _at_least_one(value: object) -> int:
    if not isinstance(value, int) or value < 1:
        msg = "not a revision"
        raise ValueError(msg)
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        msg = "not a count"
        raise ValueError(msg)
    return value


def _reports(plain: Plain) -> Reports:
    # A reason of a later release is left out, so that this one still reads the row.
    return Reports(*(_count(plain.get(reason, 0)) for reason in Reports._fields))


def _stars(value: object) -> int:
    if value not in STARS or not isinstance(value, int):
        msg = "not a rating"
        raise ValueError(msg)
    return value
