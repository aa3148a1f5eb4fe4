"""
The article that a change leads to.

An article is a value: what an editor sends makes a new one of the one that was there.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from chalicelib.errors import InvalidFieldsError, PayloadTooLargeError
from chalicelib.model import Article, ArticleStatus, Editor, Image, Retraction, Summary, now
from chalicelib.rules import publishing

if TYPE_CHECKING:
    from pydantic import BaseModel

MOST_ITEM_BYTES: Final = 380_000
"""DynamoDB takes rows of 400 KB; the rest is for the names of attributes."""

_OF_TEXT: Final = "body_markdown"
_OF_RETRACTION: Final = "retraction_reason"


def fields(body: "BaseModel", *, everything: bool) -> dict[str, Any]:
    """Give the fields to set, in the model's own types."""
    names = type(body).model_fields if everything else body.model_fields_set
    told = {name: getattr(body, name) for name in names}
    for name in ("status", "published_at"):
        if name in told and told[name] is None:
            del told[name]
    if "status" in told:
        told["status"] = ArticleStatus(told["status"])
    if told.get("image") is not None:
        told["image"] = Image(**told["image"].model_dump())
    if "tags" in told:
        told["tags"] = tuple(dict.fromkeys(told["tags"]))
    return told


def empty(slug: str) -> Article:
    """Give the article that a first one is made of, at revision 0."""
    summary = Summary(
        slug=slug,
        title="",
        description="",
        image=None,
        author=None,
        tags=(),
        published_at=None,
        updated_at=now(),
        revision=0,
        status=ArticleStatus.DRAFT,
    )
    return Article(summary, body_markdown="", body_html="")


def made(old: Article, told: Mapping[str, Any], editor: Editor, at: datetime) -> Article:
    """
    Make the article that a change leads to.

    Args:
        told: Some of the fields, as `fields` gives them.

    Raises:
        InvalidFieldsError: The time does not fit the status, or a reason has no retraction.
        PayloadTooLargeError: It cannot be stored.
    """
    head = {name: one for name, one in told.items() if name not in {_OF_TEXT, _OF_RETRACTION}}
    summary = replace(old.summary, **head, revision=old.revision + 1, updated_at=at)
    if summary.slug != old.slug:
        moved_from = old.home if summary.slug != old.home else ""
        summary = replace(summary, moved_from=moved_from)
    if publishing.is_due(summary, at) and "status" not in told:
        # Its time came before the change did, and the schedule comes after it.
        summary = replace(summary, status=ArticleStatus.PUBLISHED)
    summary = replace(summary, published_at=_published_at(summary, told, at))
    markdown, html = told.get(_OF_TEXT, old.body_markdown), old.body_html
    if _OF_TEXT in told:
        from chalicelib.api.markdown import render  # noqa: PLC0415 - reads need no renderer

        html = render(markdown)
    if len(markdown.encode()) + len(html.encode()) > MOST_ITEM_BYTES:
        raise PayloadTooLargeError("The text and its HTML are too large to be stored.")
    retraction = _retraction(old, summary, told, at)
    return Article(summary, markdown, html, editor.name, old.frozen_at, retraction)


def is_same(old: Article, new: Article) -> bool:
    """Tell whether a change would change nothing but the revision, its maker and the time."""
    summary = replace(new.summary, revision=old.summary.revision, updated_at=old.summary.updated_at)
    return replace(new, summary=summary, changed_by=old.changed_by) == old


def _published_at(summary: Summary, told: Mapping[str, Any], at: datetime) -> datetime | None:
    """Say when an article is or was published; a time that is ahead is for a scheduled one."""
    time, is_told = summary.published_at, "published_at" in told
    is_ahead = time is not None and time > at
    if summary.status is ArticleStatus.SCHEDULED:
        if not is_ahead:
            raise _invalid("published_at", "published_at_past")
        return time
    if is_ahead and is_told:
        raise _invalid("published_at", "published_at_invalid")
    if summary.status is ArticleStatus.PUBLISHED and (time is None or is_ahead):
        return at
    return time


def _retraction(
    old: Article, summary: Summary, told: Mapping[str, Any], at: datetime
) -> Retraction | None:
    """Keep why an article was taken back that readers knew; of others nobody need hear."""
    if summary.status is not ArticleStatus.RETRACTED:
        if told.get(_OF_RETRACTION):
            raise _invalid(_OF_RETRACTION, "retraction_reason_invalid")
        return None
    before = old.retraction or (Retraction("", at) if old.is_public else None)
    if before is None:
        return None
    return before._replace(reason=told.get(_OF_RETRACTION, before.reason))


def _invalid(field: str, code: str) -> InvalidFieldsError:
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    return InvalidFieldsError(problems=(schemas.field_problem(field, code),))
