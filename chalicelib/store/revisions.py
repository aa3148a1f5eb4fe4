"""
What an article was at each of its revisions but the last, which is the article.

    keep                 part of an article's transaction              2 write units a KB
    list_earlier         Query the article's revisions                 1 round trip
    find                 GetItem                                       1

Nothing changes or removes a revision. Its HTML is not kept: it follows from the Markdown.
"""

from chalicelib import settings
from chalicelib.model import Article, Page
from chalicelib.store import client, items, keys, paging
from chalicelib.store.client import Action
from chalicelib.store.paging import Partition


def keep(article: Article) -> Action:
    """Make the write that keeps an article as it was before a change."""
    item = items.revision_item(article)
    return {"Put": {"TableName": settings.current().content_table, "Item": item}}


def list_earlier(slug: str, position: str | None, limit: int) -> Page[Article]:
    """
    Read a page of what an article was, newest first, without HTML.

    Raises:
        UnavailableError: The table could not be read.
    """
    partition = Partition(settings.current().content_table, ("pk", keys.revision_pk(slug)), "sk")
    rows, following = paging.page(partition, position, limit)
    return Page(tuple(items.article_from(row) for row in rows), following)


def find(slug: str, number: int) -> Article | None:
    """
    Read what an article was, without its HTML.

    Raises:
        UnavailableError: The table could not be read.
    """
    row = client.get(settings.current().content_table, keys.revision(slug, number))
    return items.article_from(row) if row else None
