"""When a scheduled article goes live, and when an article takes no more reviews."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from chalicelib.model import Article, ArticleStatus, DecisionAction, Summary

SCHEDULE: Final = "schedule"
"""Who publishes what is due, where editors' names stand."""


def is_due(summary: Summary, at: datetime) -> bool:
    """Tell whether an article is scheduled and its time has come."""
    return (
        summary.status is ArticleStatus.SCHEDULED
        and summary.published_at is not None
        and summary.published_at <= at
    )


def published(article: Article, at: datetime) -> Article:
    """
    Give an article that is due as it goes live.

    It was published at the time that it was scheduled for, however late the schedule is.
    """
    summary = replace(
        article.summary,
        status=ArticleStatus.PUBLISHED,
        revision=article.revision + 1,
        updated_at=at,
    )
    return replace(article, summary=summary, changed_by=SCHEDULE)


def decided(old: Article | None, new: Article) -> DecisionAction | None:
    """
    Say what was decided by a change of an article's status.

    Returns:
        None where it was only written, or freezing is what changed.
    """
    was_public = old is not None and old.is_public
    if new.retraction is not None and (old is None or old.retraction != new.retraction):
        return DecisionAction.RETRACT
    if new.is_public and not was_public:
        return DecisionAction.PUBLISH_ARTICLE
    if was_public and not new.is_public:
        return DecisionAction.UNPUBLISH_ARTICLE
    if new.summary.status is ArticleStatus.SCHEDULED and not _is_at(old, new.summary):
        return DecisionAction.SCHEDULE_ARTICLE
    return None


def _is_at(old: Article | None, summary: Summary) -> bool:
    return (
        old is not None
        and old.summary.status is summary.status
        and old.summary.published_at == summary.published_at
    )


def frozen(article: Article, frozen_at: datetime | None, editor: str, at: datetime) -> Article:
    """
    Give an article that takes no more reviews from a time on, or for None again.

    Returns:
        The same when it does so already.
    """
    is_frozen = article.frozen_at is not None and article.frozen_at <= at
    wanted = frozen_at is not None and frozen_at <= at
    if article.frozen_at == frozen_at or (is_frozen and wanted):
        return article
    summary = replace(article.summary, revision=article.revision + 1, updated_at=at)
    return replace(article, summary=summary, changed_by=editor, frozen_at=frozen_at)
