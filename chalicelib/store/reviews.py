"""
Reviews and proposed changes of them.

    add                      TransactWriteItems: gate check, Put,     1 round trip
                             and what is written beside it
    edit, withdraw           UpdateItem                               1
    find                     GetItem                                  1
    find_key                 Query by_id                              1
    find_reader              Query by_id, GetItem                     2
    decide, set_reply        UpdateItem                               1
    erase                    UpdateItem                               1
    accept_proposal          GetItem, TransactWriteItems              2

A write carries its condition and takes the row that was there from the
refusal; nothing is read first. Every write raises `revision`, the clock of the
tally.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from chalicelib import settings
from chalicelib.errors import (
    ReviewNotFoundError,
    StaleRevisionError,
    UnavailableError,
)
from chalicelib.model import (
    CLOSED,
    Reply,
    Review,
    ReviewHandle,
    ReviewKey,
    ReviewStatus,
    rfc3339,
)
from chalicelib.store import attributes, client, gates, items, keys
from chalicelib.store.attributes import Item
from chalicelib.store.client import Action, ConditionFailedError


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
        placed = {} if after is status else items.placement(slug, key, after)
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

    The row stays: its revision goes on when the reader writes again.

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
        blank | _settled(slug, key, status),
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
    at: datetime,
    beside: Sequence[Action] = (),
) -> bool:
    """
    Leave an anonymous tombstone of a review or a proposal, whatever its status.

    Its key, id, stars, votes and time of submission stay, and its revision goes on, so
    that the tally takes it back once. It leaves every index but `by_id`.

    Args:
        revision: Of what is to be erased.
        beside: Writes without a condition that take place with it or not at all.

    Returns:
        Whether anything changed; False for what was erased before.

    Raises:
        ReviewNotFoundError: There is no such review.
        StaleRevisionError: It was changed since; nothing was erased.
        UnavailableError: It may have been erased; a repetition is harmless.
    """
    status = ReviewStatus.ERASED
    erased = _expression(
        slug,
        key,
        {"status": str(status)} | _FORGOTTEN | _settled(slug, key, status),
        at,
        "id = :id AND revision = :revision AND #status <> :status",
        {":id": review_id, ":revision": revision},
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
    revision: int | None = None,
    beside: Sequence[Action] = (),
) -> bool:
    """
    Give a review the status that an editor chose, and put its reports away.

    Args:
        revision: Of the review that the editor saw; None for any.
        beside: Writes without a condition that take place with a change of the status, or
            not at all.

    Returns:
        Whether anything changed.

    Raises:
        ReviewNotFoundError: There is no such review, or its reader ended it.
        StaleRevisionError: It was changed since the editor saw it, and has another status.
        UnavailableError: It may have been decided; a repetition is harmless.
    """
    changes = {"status": str(status), "note": note or None} | _settled(slug, key, status)
    values: dict[str, str | int] = {":id": review_id, **_CLOSED_VALUES}
    condition = "id = :id AND NOT #status IN (:withdrawn, :erased)"
    if revision is not None:
        condition += " AND revision = :revision"
        values[":revision"] = revision
    moves, clears = "#status <> :status", "#queue = :reported"
    attempts = [f"({moves} OR {clears})"]
    if beside:
        # What is public already and only has its reports put away is no news.
        attempts = [moves, clears]
    for differs, also in zip(attempts, (beside, ()), strict=False):
        named = values | ({":reported": keys.REPORTED} if clears in differs else {})
        update = _expression(slug, key, changes, at, f"{condition} AND {differs}", named)
        try:
            client.write({"Update": update}, *also)
        except ConditionFailedError as failed:
            found = _open(failed, review_id)
            if revision is not None and found.revision != revision and found.status is not status:
                raise StaleRevisionError from None
            if not found.is_reported:
                break
        else:
            return True
    return False


def accept_proposal(  # noqa: PLR0913, PLR0917 - the parts of one conditional write
    slug: str,
    key: ReviewKey,
    review_id: str,
    note: str,
    at: datetime,
    revision: int | None = None,
    beside: Sequence[Action] = (),
) -> bool:
    """
    Put a proposal's rating and words into the review that it is for.

    Both rows change together or not at all. Takes arguments as `decide`.

    Returns:
        Whether anything changed.

    Raises:
        ReviewNotFoundError: The proposal or its review is gone or closed.
        StaleRevisionError: It was changed since the editor saw it.
        UnavailableError: It may have been accepted; a repetition is harmless.
    """
    table = settings.current().content_table
    row = client.get(table, keys.review(slug, key), consistent=True)
    while True:
        proposal = items.review_from(row) if row else None
        if proposal is None or proposal.id != review_id or proposal.status in CLOSED:
            raise ReviewNotFoundError
        if proposal.status is ReviewStatus.PUBLISHED or proposal.proposed_for is None:
            return False
        if revision not in {None, proposal.revision}:
            raise StaleRevisionError
        try:
            client.write(*_acceptance(proposal, proposal.proposed_for, note, at), *beside)
        except ConditionFailedError as failed:
            if 0 not in failed.found:
                raise ReviewNotFoundError from None
            row = failed.found[0]
        else:
            return True


def set_reply(  # noqa: PLR0913, PLR0917 - the parts of one conditional write
    slug: str,
    key: ReviewKey,
    review_id: str,
    reply: Reply,
    at: datetime,
    beside: Sequence[Action] = (),
) -> Review:
    """
    Put an editor's answer under a review.

    Args:
        beside: Writes without a condition that take place with it or not at all.

    Raises:
        ReviewNotFoundError: There is no such review, or its reader ended it.
        UnavailableError: The reply may have been stored; a repetition is harmless.
    """
    parts = (
        {"reply": items.pack_reply(reply)},
        at,
        "id = :id AND NOT #status IN (:withdrawn, :erased)",
        {":id": review_id} | _CLOSED_VALUES,
    )
    try:
        if not beside:
            return _update(slug, key, *parts)
        client.write({"Update": _expression(slug, key, *parts)}, *beside)
    except ConditionFailedError:
        raise ReviewNotFoundError from None
    # A transaction gives no row back.
    if (found := find(slug, key)) is None:
        raise ReviewNotFoundError
    return found


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
}
"""What an erased review becomes; no index takes an empty `reader`."""

_CLOSED_VALUES: Final = {f":{status}": str(status) for status in CLOSED}


def _acceptance(
    proposal: Review, target: ReviewHandle, note: str, at: datetime
) -> tuple[Action, Action]:
    status = ReviewStatus.PUBLISHED
    accepted = _expression(
        proposal.slug,
        proposal.key,
        {"status": str(status), "note": note or None}
        | items.placement(proposal.slug, proposal.key, status),
        at,
        "revision = :revision",
        {":revision": proposal.revision},
    )
    changed = _expression(
        proposal.slug,
        target.key,
        {
            "name": proposal.name,
            "message": proposal.message,
            "rating": proposal.rating,
            "rating_order": items.rating_order(proposal.rating, target.id),
            "edited_at": rfc3339(at),
            "status": str(status),
        }
        | _settled(proposal.slug, target.key, status),
        at,
        "id = :id AND NOT #status IN (:withdrawn, :erased)",
        {":id": target.id} | _CLOSED_VALUES,
    )
    return {"Update": accepted}, {"Update": changed}


def _settled(slug: str, key: ReviewKey, status: ReviewStatus) -> attributes.Plain:
    """Give the place of a review on which somebody decided who saw what was reported."""
    return items.placement(slug, key, status) | {"reports": None}


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
    values: Mapping[str, str | int],
) -> dict[str, Any]:
    """
    Write an update that sets what has a value, removes what has none and raises the revision.

    A row forgets itself only while nobody wrote to it a second time: from then on its
    revision is in use elsewhere, and may not begin anew.
    """
    changes = changes | {"changed_at": rfc3339(at), "expires_at": None}
    kept = [name for name, value in changes.items() if value is not None]
    dropped = [name for name, value in changes.items() if value is None]
    update = "SET " + ", ".join(f"#{name} = :{name}" for name in kept)
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


def _found(failed: ConditionFailedError) -> Review | None:
    (row,) = failed.found.values()
    return _holder(row)


def _holder(row: Item | None) -> Review | None:
    return items.review_from(row) if row else None


def _open(failed: ConditionFailedError, review_id: str) -> Review:
    found = _found(failed)
    if found is None or found.id != review_id or found.status in CLOSED:
        raise ReviewNotFoundError from None
    return found
