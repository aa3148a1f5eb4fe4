"""An index follows its table by milliseconds; nobody is told that an article is not there."""

import pytest

from chalicelib import settings
from chalicelib.errors import ArticleNotFoundError
from chalicelib.store import articles, client, keys
from tests import builders
from tests.client import Api


def take_out_of_the_indexes(*markers: keys.Key) -> None:
    for key in markers:
        client.call(
            "update_item",
            TableName=settings.current().content_table,
            Key=key,
            UpdateExpression="REMOVE listed_in",
        )


@pytest.mark.parametrize("sort", ["newest", "oldest", "highest", "lowest", "helpful"])
def test_reviews_of_an_article_that_the_index_lacks_yet_are_an_empty_page(
    api: Api, published: str, sort: str
) -> None:
    take_out_of_the_indexes(keys.article(published), keys.gate(published))

    answer = api.get(f"/articles/{published}/reviews?sort={sort}")

    assert answer.status == 200
    assert answer.body == {"items": [], "next_cursor": None}


def test_an_article_that_vanished_between_read_and_write_is_not_found(
    api: Api, published: str
) -> None:
    old = articles.get(published)
    client.write(
        {
            "Delete": {
                "TableName": settings.current().content_table,
                "Key": keys.article(builders.SLUG),
            }
        }
    )

    with pytest.raises(ArticleNotFoundError):
        articles.replace(old, old)
