"""
What an article was at each of its revisions but the last, which is the article.

    keep                 part of an article's transaction              2 write units a KB
    list_earlier         Query the article's revisions                 1 round trip
    find                 GetItem                                       1

Nothing changes or removes a revision. Its HTML is not kept: it follows from the Markdown.
"""

from chalicelib import settings
from chalicelib.model import Article, Page
from chalicelib.store import attributes, client, items, keys
from chalicelib.store.client import Action


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
    condition, values = "pk = :pk", {":pk": keys.revision_pk(slug)}
    if position is not None:
        condition += " AND sk < :position"
        values[":position"] = position
    answer = client.call(
        "query",
        TableName=settings.current().content_table,
        KeyConditionExpression=condition,
        ExpressionAttributeValues=attributes.pack(values),
        ScanIndexForward=False,
        Limit=limit + 1,
    )
    rows = answer["Items"]
    following = client.next_position(rows, limit, answer.get("LastEvaluatedKey"), "sk")
    return Page(tuple(items.article_from(row) for row in rows[:limit]), following)


def find(slug: str, number: int) -> Article | None:
    """
    Read what an article was, without its HTML.

    Raises:
        UnavailableError: The table could not be read.
    """
    row = client.get(settings.current().content_table, keys.revision(slug, number))
    return items.article_from(row) if row else None
