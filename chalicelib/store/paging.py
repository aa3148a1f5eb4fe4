"""
One page of a list: rows of one partition of a table or an index, in the order of their sort keys.

    page                 Query                                         1 round trip
    query                the same, for whoever looks at the rows       1

A page goes on from the sort key of its last row, which is unique in its list; no client's text
ever becomes a start key. Whether there is more is learnt from one row more than the page has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chalicelib.store import attributes, client
from chalicelib.store.attributes import Item, Plain


@dataclass(frozen=True, slots=True)
class Partition:
    """
    What is paged through.

    Attributes:
        table: Its name.
        key: Attribute that is the partition key, and its value.
        sort_key: Attribute that the rows are sorted by.
        index: None for the table itself.
        is_ascending: Whether the lowest sort key comes first.
    """

    table: str
    key: tuple[str, str]
    sort_key: str
    index: str | None = None
    is_ascending: bool = False


class Narrowing(NamedTuple):
    """
    What a page leaves out.

    DynamoDB filters after it has counted: a page may be short, or empty, though others follow.

    Attributes:
        tests: Conditions, all of which hold.
        names: Of attributes in them, by placeholder.
        values: In them, by placeholder.
        looked_at: Most rows that are read; None for 1 MB of them.
    """

    tests: Sequence[str]
    names: Mapping[str, str]
    values: Plain
    looked_at: int | None = None


def page(
    partition: Partition, position: str | None, limit: int, narrowing: Narrowing | None = None
) -> tuple[list[Item], str | None]:
    """
    Read a page.

    Args:
        position: That of the page before; None for the first.
        limit: Most rows.
        narrowing: None, or one without tests, for all rows.

    Returns:
        Its rows, and the position of the page after it; None at the end.

    Raises:
        UnavailableError: It could not be read.
    """
    rows, stopped_at = query(partition, position, limit + 1, narrowing)
    return rows[:limit], following(rows, limit, stopped_at, partition.sort_key)


def query(
    partition: Partition, position: str | None, most: int, narrowing: Narrowing | None = None
) -> tuple[list[Item], Item | None]:
    """
    Read rows from a position on.

    Args:
        most: Rows; more may come with a narrowing.

    Returns:
        Rows, and DynamoDB's `LastEvaluatedKey`.

    Raises:
        UnavailableError: They could not be read.
    """
    name, value = partition.key
    condition, names = "#partition = :partition", {"#partition": name}
    values: Plain = {":partition": value}
    if position is not None:
        condition += f" AND #sort {'>' if partition.is_ascending else '<'} :position"
        names["#sort"] = partition.sort_key
        values[":position"] = position
    request: dict[str, Any] = {
        "TableName": partition.table,
        "KeyConditionExpression": condition,
        "ScanIndexForward": partition.is_ascending,
    }
    if partition.index is not None:
        request["IndexName"] = partition.index
    limit: int | None = most
    if narrowing is not None and narrowing.tests:
        request["FilterExpression"] = " AND ".join(narrowing.tests)
        names |= narrowing.names
        values |= narrowing.values
        limit = narrowing.looked_at
    if limit is not None:
        request["Limit"] = limit
    answer = client.call(
        "query",
        **request,
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=attributes.pack(values),
    )
    return answer["Items"], answer.get("LastEvaluatedKey")


def following(
    rows: Sequence[Item], limit: int, stopped_at: Item | None, sort_key: str
) -> str | None:
    """
    Say where the page after this one starts.

    Args:
        rows: What was read, at least one row more than `limit` if there are more.
        stopped_at: `LastEvaluatedKey`: DynamoDB may stop at 1 MB before the limit.
        sort_key: Attribute that the list is sorted by.

    Returns:
        That attribute of the last row of this page; None at the end.
    """
    last = rows[limit - 1] if len(rows) > limit else stopped_at
    return last[sort_key]["S"] if last else None
