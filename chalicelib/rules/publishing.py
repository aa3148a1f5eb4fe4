"""When a scheduled article goes live, and when an article takes no more reviews."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from chalicelib.model import Article, ArticleStatus, Summary

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
