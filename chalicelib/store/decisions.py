"""
The ledger of decisions: what was decided, by whom, when and why, from what to what.

    of_review, of_article
                         part of the transaction of what was decided  2 write units a KB,
                                                                      2 in indexes of a review's
    list_of_article      Query the article's decisions                1 round trip
    list_of_review       Query queue                                  1
    without_notes        Query queue                                  1 per 100

A decision is written with the change that it stands for, or neither is. Nothing changes or deletes
it, but that an erasure takes the notes away. What changes nothing is no decision.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from chalicelib import settings
from chalicelib.model import (
    Article,
    Decision,
    DecisionAction,
    Page,
    Review,
    State,
    from_rfc3339,
    rfc3339,
)
from chalicelib.store import attributes, keys, paging
from chalicelib.store.attributes import Item, Plain
from chalicelib.store.client import Action
from chalicelib.store.paging import Partition

_MOST: Final = 100
"""Decisions in one call."""


def _record(decision: Decision) -> Action:
    listed = (
        {"queue": keys.decisions_pk(decision.review_id), "id": decision.id}
        if decision.review_id
        else {}
    )
    row: Plain = listed | {
        "review_id": decision.review_id,
        "action": str(decision.action),
        "by": decision.by,
        "at": rfc3339(decision.at),
        "note": decision.note or None,
        "before": _packed(decision.before),
        "after": _packed(decision.after),
    }
    item = keys.decision(decision.slug, decision.id) | attributes.pack(row)
    return {"Put": {"TableName": settings.current().content_table, "Item": item}}


def of_review(  # noqa: PLR0913, PLR0917 - a decision's parts
    action: DecisionAction, before: Review, after: Review, by: str, at: datetime, note: str = ""
) -> Action:
    """
    Make the write that records what was decided about a review or a proposal.

    It has no condition, so that nothing fails because of it.

    Args:
        by: As `Decision.by`.
    """
    return _record(
        Decision(
            keys.new_id(),
            before.slug,
            before.id,
            action,
            by,
            at,
            note,
            _of_review(before),
            _of_review(after),
        )
    )


def of_article(
    action: DecisionAction | None, old: Article | None, new: Article, note: str = ""
) -> list[Action]:
    """
    Make the write that records what was decided about an article by who changed it.

    Args:
        action: None where nothing was decided.
    """
    if action is None:
        return []
    at = new.summary.updated_at
    before = _of_article(old) if old else None
    after = _of_article(new)
    decision = Decision(
        keys.new_id(), new.home, None, action, new.changed_by, at, note, before, after
    )
    return [_record(decision)]


def list_of_article(slug: str, position: str | None, limit: int) -> Page[Decision]:
    """
    Read a page of what was decided about an article and its reviews, newest first.

    Args:
        position: Sort key to go on from.

    Raises:
        UnavailableError: The table could not be read.
    """
    table = settings.current().content_table
    partition = Partition(table, ("pk", keys.decisions_pk(slug)), "sk")
    return _page(partition, position, limit)


def list_of_review(review_id: str, position: str | None, limit: int) -> Page[Decision]:
    """Read a page of what was decided about a review or a proposal, as `list_of_article`."""
    table = settings.current().content_table
    partition = Partition(table, ("queue", keys.decisions_pk(review_id)), "id", "queue")
    return _page(partition, position, limit)


def without_notes(review_id: str) -> list[Action]:
    """
    Make the writes that leave of each decision on a review all but its note; without a condition.

    Raises:
        UnavailableError: The table could not be read.
    """
    actions: list[Action] = []
    position: str | None = ""
    while position is not None:
        page = list_of_review(review_id, position or None, _MOST)
        actions += [_record(replace(one, note="")) for one in page.items if one.note]
        position = page.position
    return actions


def _page(partition: Partition, position: str | None, limit: int) -> Page[Decision]:
    rows, following = paging.page(partition, position, limit)
    return Page(tuple(_read(row) for row in rows), following)


def _of_review(review: Review) -> State:
    return State(str(review.status), review.revision, review.rating, sum(review.reports))


def _of_article(article: Article) -> State:
    summary = article.summary
    return State(str(summary.status), summary.revision, frozen_at=article.frozen_at)


def _packed(state: State | None) -> Plain | None:
    if state is None:
        return None
    return state._asdict() | {"frozen_at": state.frozen_at and rfc3339(state.frozen_at)}


def _read(row: Item) -> Decision:
    plain = attributes.unpack(row)
    before = plain.get("before")
    return Decision(
        id=plain["sk"],
        slug=plain["pk"].partition("#")[2],
        review_id=plain.get("review_id"),
        action=DecisionAction(plain["action"]),
        by=plain["by"],
        at=from_rfc3339(plain["at"]),
        note=plain.get("note", ""),
        before=before and _state(before),
        after=_state(plain["after"]),
    )


def _state(plain: Plain) -> State:
    frozen_at = plain.get("frozen_at")
    return State(**plain | {"frozen_at": frozen_at and from_rfc3339(frozen_at)})
