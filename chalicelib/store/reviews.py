"""
Reviews and proposed changes of them.

    add                      TransactWriteItems: gate check, Put,     1 round trip
                             and what is written beside it
    edit, withdraw           UpdateItem                               1
    find                     GetItem                                  1
    find_key                 Query by_id                              1
    find_reader              Query by_id, GetItem                     2
    erase                    UpdateItem                               1
    decide, set_reply        GetItem, TransactWriteItems              2
    accept_proposal          2 × GetItem, TransactWriteItems          3

A reader's write carries its condition and takes the row that was there from the
refusal; nothing is read first. What an editor decides is read first, for the
ledger says from what to what, and written if nobody wrote meanwhile: two that
decide at once come one after the other. Every write raises `revision`, the clock
of the tally.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from chalicelib import settings
from chalicelib.errors import (
    ReviewNotFoundError,
    StaleRevisionError,
    UnavailableError,
)
from chalicelib.model import (
    CLOSED,
    REFUSED,
    Outcome,
    Reply,
    Reports,
    Review,
    ReviewKey,
    ReviewStatus,
    rfc3339,
)
from chalicelib.store import attributes, client, gates, items, keys
from chalicelib.store.attributes import Item
from chalicelib.store.client import Action, ConditionFailedError


class Move(NamedTuple):
    """A review or a proposal as a decision finds it and as it leaves it."""

    before: Review
    after: Review


Beside: TypeAlias = Callable[[Sequence[Move]], Sequence[Action]]
"""Makes of what is about to change the writes that take place with it; they have no condition."""


def add(
    review: Review, replaces: int | None = None, beside: Sequence[Action] = ()
) -> Review | None:
    """
    Store a new review or proposal of a public article.

    Args:
        review: With `revision` above `replaces`.
        replaces: Revision of a closed review of the same key that gives way.
        beside: Writes that take place with it or not at all.

    Returns:
        None when it was stored; else the row that holds the key.

    Raises:
        ArticleNotFoundError: The article is missing or not public.
        ArticleRetractedError: It has been taken back.
        ReviewsFrozenError: It takes no more reviews.
        ConditionFailedError: The key is free, and something beside it failed; by its
            place in `beside`.
        UnavailableError: The write may have taken place.
    """
    table = settings.current().content_table
    put: dict[str, Any] = {
        "TableName": table,
        "Item": items.review_item(review),
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    if replaces is not None:
        put |= {
            "ConditionExpression": "revision = :replaces",
            "ExpressionAttributeValues": attributes.pack({":replaces": replaces}),
        }
    try:
        client.write(*beside, gates.check(review.slug, review.submitted_at), {"Put": put})
    except ConditionFailedError as failed:
        if len(beside) in failed.found:
            gates.refuse(failed.found[len(beside)])
        if len(beside) + 1 not in failed.found:
            raise
        if (holder := _holder(failed.found[len(beside) + 1])) is None:
            # What was to give way is gone; the same submission again finds it so.
            raise UnavailableError from None
        return holder
    return None


def edit(  # noqa: PLR0913, PLR0917 - the parts of one conditional write
    slug: str,
    key: ReviewKey,
    review_id: str,
    fields: Mapping[str, str | int],
    moves: Mapping[ReviewStatus, ReviewStatus],
    at: datetime,
    reasons: tuple[str, ...] = (),
) -> Review:
    """
    Change what a reader wrote; the same change again changes nothing.

    Args:
        fields: Some of `name`, `message`, `rating`, and their new values.
        moves: Statuses that an edit changes, from what to what.
        reasons: What speaks against the new words; without any the old ones stand.

    Raises:
        ReviewNotFoundError: There is no such review, or it is closed.
        UnavailableError: The change may have taken place.
    """
    status = ReviewStatus.PENDING if key.kind == "P" else ReviewStatus.PUBLISHED
    differs = " OR ".join(f"#{name} <> :{name}" for name in fields)
    changes: attributes.Plain = {**fields, "edited_at": rfc3339(at)}
    if reasons:
        changes["reasons"] = items.pack_reasons(reasons)
    if "rating" in fields:
        changes["rating_order"] = items.rating_order(int(fields["rating"]), review_id)
    while True:
        after = moves.get(status, status)
        # What stays where it is may be reported: an edit takes no report away.
        placed = {} if after is status else items.placement(slug, key, after) | {"outcome": None}
        try:
            return _update(
                slug,
                key,
                changes | placed | {"status": str(after)},
                at,
                f"id = :id AND #status = :seen AND ({differs})",
                {":id": review_id, ":seen": str(status)},
            )
        except ConditionFailedError as failed:
            found = _open(failed, review_id)
            if found.status is status:
                return found
            status = found.status


def withdraw(
    slug: str, key: ReviewKey, review_id: str, at: datetime, beside: Sequence[Action] = ()
) -> None:
    """
    End a review at its reader's wish and forget its words.

    The row stays: its revision goes on when the reader writes again. What an editor had refused
    stays `removed`.

    Args:
        beside: Writes without a condition that take place with it or not at all.

    Raises:
        ReviewNotFoundError: There is no such review, or it was erased.
        UnavailableError: It may have been withdrawn; a repetition is harmless.
    """
    status = ReviewStatus.WITHDRAWN
    blank = {"name": "", "message": "", "reply": None, "status": str(status)}
    ended = _expression(
        slug,
        key,
        blank | _settled(slug, key, status, Outcome.WITHDRAWN),
        at,
        "id = :id AND NOT #status IN (:withdrawn, :erased)",
        {":id": review_id} | _CLOSED_VALUES,
    )
    try:
        client.write({"Update": ended}, *beside)
    except ConditionFailedError as failed:
        found = _found(failed)
        if found is None or found.id != review_id or found.status is not status:
            raise ReviewNotFoundError from None


def erase(  # noqa: PLR0913, PLR0917 - the parts of one conditional write
    slug: str,
    key: ReviewKey,
    review_id: str,
    revision: int,
    outcome: Outcome,
    at: datetime,
    beside: Sequence[Action] = (),
    reports: Reports | None = None,
) -> bool:
    """
    Leave an anonymous tombstone of a review or a proposal, whatever its status.

    Its key, id, stars, votes and time of submission stay, and its revision goes on, so
    that the tally takes it back once. It leaves every index but `by_id`. It says who ended the
    review: whoever did so first.

    Args:
        revision: Of what is to be erased.
        outcome: Unless it has one: `withdrawn` at its reader's wish, `removed` without it.
        beside: Writes without a condition that take place with it or not at all.
        reports: As they were seen, for no report changes the revision; None for any.

    Returns:
        Whether anything changed; False for what was erased before.

    Raises:
        ReviewNotFoundError: There is no such review.
        StaleRevisionError: It was changed or reported since; nothing was erased.
        UnavailableError: It may have been erased; a repetition is harmless.
    """
    status = ReviewStatus.ERASED
    condition = "id = :id AND revision = :revision AND #status <> :status"
    values: dict[str, Any] = {":id": review_id, ":revision": revision}
    if reports is not None and any(reports):
        condition += " AND #reports = :reports"
        values[":reports"] = items.pack_reports(reports)
    elif reports is not None:
        condition += " AND attribute_not_exists(#reports)"
    erased = _expression(
        slug,
        key,
        {"status": str(status)} | _FORGOTTEN | _settled(slug, key, status, outcome),
        at,
        condition,
        values,
    )
    try:
        client.write({"Update": erased}, *beside)
    except ConditionFailedError as failed:
        found = _found(failed)
        if found is None or found.id != review_id:
            raise ReviewNotFoundError from None
        if found.status is not status:
            raise StaleRevisionError from None
        return False
    return True


def decide(  # noqa: PLR0913, PLR0917 - the parts of one conditional write
    slug: str,
    key: ReviewKey,
    review_id: str,
    status: ReviewStatus,
    note: str,
    at: datetime,
    revision: int | None,
    beside: Beside,
) -> bool:
    """
    Give a review the status that an editor chose, and put its reports away.

    To call spam what a filter took for it is a decision too: it is `removed` from then on.

    Args:
        revision: Of the review that the editor saw; None for any.
        beside: Makes of the change the writes that take place with it, or not at all.

    Returns:
        Whether anything changed.

    Raises:
        ReviewNotFoundError: There is no such review, or its reader ended it.
        StaleRevisionError: It was changed since the editor saw it, and has another status.
        UnavailableError: It may have been decided; a repetition is harmless.
    """
    outcome = Outcome.REMOVED if status in REFUSED else None
    changes = {"status": str(status), "note": note or None} | _settled(slug, key, status, outcome)
    found = find(slug, key)
    while True:
        seen = _still_open(found, review_id)
        is_stale = revision not in {None, seen.revision}
        is_decided = seen.status is status and not seen.is_unjudged
        if is_decided and (is_stale or not seen.is_reported):
            return False
        if is_stale:
            raise StaleRevisionError
        move = _moved(seen, status=status, outcome=outcome, changed_at=at, reports=Reports())
        update = _expression(slug, key, changes, at, *_unchanged(seen))
        try:
            client.write({"Update": update}, *beside([move]))
        except ConditionFailedError as failed:
            found = _found(failed)
        else:
            return True


def accept_proposal(  # noqa: PLR0913, PLR0917 - the parts of one conditional write
    slug: str,
    key: ReviewKey,
    review_id: str,
    note: str,
    at: datetime,
    revision: int | None,
    beside: Beside,
) -> bool:
    """
    Put a proposal's rating and words into the review that it is for.

    Both rows change together or not at all. Takes arguments as `decide`; `beside` is given
    the change of the proposal and that of its review.

    Returns:
        Whether anything changed.

    Raises:
        ReviewNotFoundError: The proposal or its review is gone or closed.
        StaleRevisionError: It was changed since the editor saw it.
        UnavailableError: It may have been accepted; a repetition is harmless.
    """
    found, target = find(slug, key), None
    while True:
        proposal = _still_open(found, review_id)
        handle = proposal.proposed_for
        if proposal.status is ReviewStatus.PUBLISHED or handle is None:
            return False
        if revision not in {None, proposal.revision}:
            raise StaleRevisionError
        target = _still_open(target or find(slug, handle.key), handle.id)
        try:
            client.write(
                *_acceptance(proposal, target, note, at), *beside(_accepted(proposal, target))
            )
        except ConditionFailedError as failed:
            found = _holder(failed.found[0]) if 0 in failed.found else proposal
            target = _holder(failed.found[1]) if 1 in failed.found else target
        else:
            return True


def set_reply(  # noqa: PLR0913, PLR0917 - the parts of one conditional write
    slug: str, key: ReviewKey, review_id: str, reply: Reply, at: datetime, beside: Beside
) -> Review:
    """
    Put an editor's answer under a review; the same words again change nothing.

    Args:
        beside: As `decide` takes it.

    Raises:
        ReviewNotFoundError: There is no such review, or its reader ended it.
        UnavailableError: The reply may have been stored; a repetition is harmless.
    """
    changes = {"reply": items.pack_reply(reply)}
    found = find(slug, key)
    while True:
        seen = _still_open(found, review_id)
        if seen.reply is not None and seen.reply.message == reply.message:
            return seen
        move = _moved(seen, reply=reply, changed_at=at)
        update = _expression(slug, key, changes, at, *_unchanged(seen))
        try:
            client.write({"Update": update}, *beside([move]))
        except ConditionFailedError as failed:
            found = _found(failed)
        else:
            return move.after


def find(slug: str, key: ReviewKey) -> Review | None:
    """
    Read a review or a proposal as it is now.

    Raises:
        UnavailableError: The table could not be read.
    """
    return _holder(
        client.get(settings.current().content_table, keys.review(slug, key), consistent=True)
    )


def find_reader(review_id: str) -> str | None:
    """
    Look up whose review it is.

    Returns:
        The reader's hash; None when no review or proposal has this id, or it was erased.

    Raises:
        UnavailableError: The table could not be read.
    """
    for row in _rows_of(review_id):
        plain = attributes.unpack(row)
        if keys.parse_review_sk(plain["sk"]) is not None:
            found = client.get(settings.current().content_table, keys.key(plain["pk"], plain["sk"]))
            return attributes.unpack(found).get("reader") if found else None
    return None


def find_key(slug: str, review_id: str) -> ReviewKey | None:
    """
    Look up where an article's review is.

    Raises:
        UnavailableError: The index could not be read.
    """
    for row in _rows_of(review_id):
        plain = attributes.unpack(row)
        if plain["pk"] == keys.article_pk(slug):
            return keys.parse_review_sk(plain["sk"])
    return None


def _rows_of(review_id: str) -> list[Item]:
    answer = client.call(
        "query",
        TableName=settings.current().content_table,
        IndexName="by_id",
        KeyConditionExpression="id = :id",
        ExpressionAttributeValues=attributes.pack({":id": review_id}),
    )
    rows: list[Item] = answer["Items"]
    return rows


_FORGOTTEN: Final[dict[str, str | None]] = {
    "name": "",
    "message": "",
    "edited_at": None,
    "reply": None,
    "note": None,
    "reasons": None,
    "reader": None,
    "fingerprint": "",
    "idempotency": "",
    "proposed_for": None,
    "consent": None,
}
"""What an erased review becomes; no index takes an empty `reader`."""

_CLOSED_VALUES: Final = {f":{status}": str(status) for status in CLOSED}


def _acceptance(proposal: Review, target: Review, note: str, at: datetime) -> tuple[Action, Action]:
    status = ReviewStatus.PUBLISHED
    slug = proposal.slug
    accepted = _expression(
        slug,
        proposal.key,
        {"status": str(status), "note": note or None}
        | _settled(slug, proposal.key, status, Outcome.PUBLISHED),
        at,
        *_unchanged(proposal),
    )
    changed = _expression(
        slug,
        target.key,
        {
            "name": proposal.name,
            "message": proposal.message,
            "rating": proposal.rating,
            "rating_order": items.rating_order(proposal.rating, target.id),
            "edited_at": rfc3339(at),
            "status": str(status),
        }
        # Whoever proposed the words agreed anew; where nothing was asked, the old consent stands.
        | ({"consent": items.pack_consent(proposal.consent)} if proposal.consent else {})
        | _settled(slug, target.key, status, None),
        at,
        *_unchanged(target),
    )
    return {"Update": accepted}, {"Update": changed}


def _accepted(proposal: Review, target: Review) -> list[Move]:
    status = ReviewStatus.PUBLISHED
    public = {"status": status, "reports": Reports()}
    return [
        _moved(proposal, **public, outcome=Outcome.PUBLISHED),
        _moved(target, **public, rating=proposal.rating, outcome=None),
    ]


def _moved(seen: Review, **changes: Any) -> Move:
    return Move(seen, replace(seen, revision=seen.revision + 1, **changes))


def _unchanged(seen: Review) -> tuple[str, dict[str, str | int]]:
    """Give the condition that nobody wrote to a row since it was seen, and its values."""
    return "id = :id AND revision = :seen", {":id": seen.id, ":seen": seen.revision}


def _settled(
    slug: str, key: ReviewKey, status: ReviewStatus, outcome: Outcome | None
) -> attributes.Plain:
    """Give the place of a review on which somebody decided who saw what was reported."""
    placed = items.placement(slug, key, status)
    return placed | {"reports": None, "outcome": outcome and str(outcome)}


def _update(  # noqa: PLR0913, PLR0917
    slug: str,
    key: ReviewKey,
    changes: attributes.Plain,
    at: datetime,
    condition: str,
    values: Mapping[str, str | int],
) -> Review:
    expression = _expression(slug, key, changes, at, condition, values)
    answer = client.call(
        "update_item",
        **expression,
        ReturnValues="ALL_NEW",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    return items.review_from(answer["Attributes"])


def _expression(  # noqa: PLR0913, PLR0917
    slug: str,
    key: ReviewKey,
    changes: attributes.Plain,
    at: datetime,
    condition: str,
    values: Mapping[str, Any],
) -> dict[str, Any]:
    """
    Write an update that sets what has a value, removes what has none and raises the revision.

    Who ends a review leaves the outcome that it has.

    A row forgets itself only while nobody wrote to it a second time: from then on its
    revision is in use elsewhere, and may not begin anew.
    """
    changes = changes | {"changed_at": rfc3339(at), "expires_at": None}
    kept = [name for name, value in changes.items() if value is not None]
    dropped = [name for name, value in changes.items() if value is None]
    is_end = changes.get("status") in CLOSED
    update = "SET " + ", ".join(f"#{name} = {_value(name, is_end=is_end)}" for name in kept)
    update += " REMOVE " + ", ".join(f"#{name}" for name in dropped)
    named = {*changes, "status"} if "#status" in condition else {*changes}
    return {
        "TableName": settings.current().content_table,
        "Key": keys.review(slug, key),
        "UpdateExpression": update + " ADD revision :one",
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {f"#{name}": name for name in named},
        "ExpressionAttributeValues": attributes.pack(
            {f":{name}": changes[name] for name in kept} | {":one": 1} | dict(values)
        ),
    }


def _value(name: str, *, is_end: bool) -> str:
    return f"if_not_exists(#{name}, :{name})" if is_end and name == "outcome" else f":{name}"


def _found(failed: ConditionFailedError) -> Review | None:
    (row,) = failed.found.values()
    return _holder(row)


def _holder(row: Item | None) -> Review | None:
    return items.review_from(row) if row else None


def _open(failed: ConditionFailedError, review_id: str) -> Review:
    return _still_open(_found(failed), review_id)


def _still_open(found: Review | None, review_id: str) -> Review:
    if found is None or found.id != review_id or found.status in CLOSED:
        raise ReviewNotFoundError
    return found
