"""
What the tables hold, read as the administrator and added up on its own.

Nothing of `chalicelib` is used: a fault there would be repeated here.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.rehearsal.stacks import Stack


class Count(NamedTuple):
    """
    What an article's reviews add up to.

    Attributes:
        stars: Reviews with one star, with two, … with five.
    """

    reviews: int
    total: int
    stars: tuple[int, ...]


def count(ratings: list[int]) -> Count:
    """Add ratings up."""
    numbers = Counter(ratings)
    stars = tuple(numbers[rating] for rating in range(1, 6))
    return Count(len(ratings), sum(ratings), stars)


def of_content(stack: Stack, slug: str) -> Count:
    """Count the published reviews in content, and not the proposals."""
    reviews = rows(stack, "ContentTable", f"A#{slug}", "R#")
    published = [row for row in reviews if row["status"]["S"] == "published"]
    return count([int(row["rating"]["N"]) for row in published])


def of_ledger(stack: Stack, slug: str) -> Count:
    """Count the ledger entries that contribute something."""
    entries = rows(stack, "DerivedTable", f"T#{slug}", "L#")
    contributions = [int(entry["contribution"]["N"]) for entry in entries]
    return count([one for one in contributions if one])


def of_tally(stack: Stack, slug: str) -> Count:
    """Read a tally as it is stored; all zero before the first review is counted."""
    (row,) = rows(stack, "DerivedTable", f"T#{slug}", "TALLY")
    numbers = {name: int(value["N"]) for name, value in row.items() if "N" in value}
    stars = tuple(numbers.get(f"stars_{rating}", 0) for rating in range(1, 6))
    return Count(numbers.get("count", 0), numbers.get("total", 0), stars)


def rows(stack: Stack, table: str, pk: str, sk: str) -> Iterator[dict[str, Any]]:
    """
    Read the rows of one partition.

    Args:
        table: Its logical id.
        sk: What their sort keys begin with.
    """
    pages = stack.emulator.client("dynamodb").get_paginator("query")
    for page in pages.paginate(
        TableName=stack.resources[table],
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": {"S": pk}, ":sk": {"S": sk}},
        ConsistentRead=True,
    ):
        yield from page["Items"]
