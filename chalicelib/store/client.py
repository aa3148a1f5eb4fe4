"""
The one place that talks to DynamoDB.

Reads come back as they are; writes go through `write`, one action as a plain
conditional call and several as one transaction. A condition that fails raises
`ConditionFailedError` with the rows that were there, so that nobody reads
again to learn why. Everything that says "not now" becomes `UnavailableError`.

The SDK retries throttling and lost connections itself, but no transaction
conflict, which is retried here.
docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

import random
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from chalicelib.errors import UnavailableError
from chalicelib.store import sdk
from chalicelib.store.attributes import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Action: TypeAlias = dict[str, dict[str, Any]]

_ATTEMPTS: Final = 6
_MOST_ROWS: Final = 100
"""Of BatchGetItem."""
_CONFLICTS: Final = frozenset(
    {"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"}
)
_NOT_NOW: Final = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ResourceNotFoundException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "ThrottlingError",
        "ThrottlingException",
    }
)


class ConditionFailedError(Exception):
    """
    A write did not take place because a condition did not hold.

    Attributes:
        found: For each action whose condition failed, by its index, the row
            that was there, or None when there was none.
    """

    def __init__(self, found: Mapping[int, Item | None]) -> None:
        super().__init__(f"conditions failed at {sorted(found)}")
        self.found = found


class _ConflictError(Exception):
    """Another transaction holds one of the rows."""


@cache
def dynamodb() -> "DynamoDBClient":
    """Give the process's client."""
    made: DynamoDBClient = sdk.make("dynamodb")
    return made


def prepare(environ: Mapping[str, str]) -> None:
    """
    Make the client if this process is a Lambda, for when its entrypoint is imported.

    Lambda initialises with a whole core, however little of one the function
    has afterwards; elsewhere nobody waits for what may not be needed.

    Args:
        environ: The process's.
    """
    if "AWS_LAMBDA_FUNCTION_NAME" in environ:
        dynamodb()


def call(operation: str, **parameters: Any) -> Any:
    """
    Make one request, again while another transaction holds one of its rows.

    Args:
        operation: Method of the client, `get_item`.
        parameters: Its arguments.

    Raises:
        UnavailableError: DynamoDB is throttled, slow or unreachable, so that a
            write may have taken place; or still in conflict after six attempts.
        ConditionFailedError: A condition did not hold; nothing was written.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return _attempt(operation, parameters)
        except _ConflictError:
            _pause(attempt)
    raise UnavailableError


def write(*actions: Action) -> None:
    """
    Carry out all actions or none.

    Args:
        actions: In the form of TransactWriteItems, up to 100:
            `{"Put": {"TableName": …, "Item": …, "ConditionExpression": …}}`.

    Raises:
        UnavailableError: As `call`.
        ConditionFailedError: A condition did not hold; nothing was written.
    """
    operation, parameters = _request(actions)
    call(operation, **parameters)


def get(table: str, key: Item, *, consistent: bool = False) -> Item | None:
    """
    Read one row.

    Raises:
        UnavailableError: As `call`.
    """
    answer = call("get_item", TableName=table, Key=key, ConsistentRead=consistent)
    item: Item | None = answer.get("Item")
    return item


def batch_get(
    keys: Mapping[str, Sequence[Item]], *, consistent: bool = False
) -> dict[str, list[Item]]:
    """
    Read rows of several tables, 100 in a round trip.

    Args:
        keys: Different keys, by table.
        consistent: Whether to see every write that was answered.

    Returns:
        Rows by table, in no order; absent ones are left out.

    Raises:
        UnavailableError: As `call`, or rows are still held back after six attempts.
    """
    rows: dict[str, list[Item]] = {table: [] for table in keys}
    wanted = [(table, key) for table, several in keys.items() for key in several]
    for start in range(0, len(wanted), _MOST_ROWS):
        request: dict[str, Any] = {}
        for table, key in wanted[start : start + _MOST_ROWS]:
            request.setdefault(table, {"Keys": [], "ConsistentRead": consistent})
            request[table]["Keys"].append(key)
        for table, found in _get_all(request):
            rows[table].extend(found)
    return rows


def _get_all(request: Any) -> Iterator[tuple[str, list[Item]]]:
    for attempt in range(_ATTEMPTS):
        if attempt:
            _pause(attempt)
        answer = call("batch_get_item", RequestItems=request)
        yield from answer["Responses"].items()
        request = answer.get("UnprocessedKeys")
        if not request:
            return
    raise UnavailableError


def _pause(attempt: int) -> None:
    """Wait a random time, up to 0.3 s at the sixth attempt."""
    time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - jitter


def read_all(operation: str, **parameters: Any) -> Iterator[Item]:
    """
    Read all that a `query` or `scan` finds, page by page.

    Raises:
        UnavailableError: As `call`; some rows may have been given already.
    """
    while True:
        answer = call(operation, **parameters)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _attempt(operation: str, parameters: dict[str, Any]) -> Any:
    try:
        return getattr(dynamodb(), operation)(**parameters)
    except ClientError as error:
        meaning = _meaning(error)
        if meaning is None:
            raise
        raise meaning from error
    except (HTTPClientError, BotoConnectionError) as error:
        raise UnavailableError from error


def _request(actions: Sequence[Action]) -> tuple[str, dict[str, Any]]:
    complete = [
        {kind: {"ReturnValuesOnConditionCheckFailure": "ALL_OLD", **parameters}}
        for action in actions
        for kind, parameters in action.items()
    ]
    if len(complete) == 1:
        ((kind, parameters),) = complete[0].items()
        return f"{kind.lower()}_item", parameters
    # The token makes a repetition by the SDK harmless: a transaction that was
    # committed and whose answer was lost is answered again.
    return "transact_write_items", {
        "TransactItems": complete,
        "ClientRequestToken": str(uuid.uuid4()),
    }


def _meaning(error: ClientError) -> Exception | None:
    response: Any = error.response
    code = response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        return ConditionFailedError({0: response.get("Item")})
    if code in _CONFLICTS:
        return _ConflictError()
    if code in _NOT_NOW:
        return UnavailableError()
    if code == "TransactionCanceledException":
        return _cancellation(response["CancellationReasons"])
    return None


def _cancellation(reasons: Sequence[Item]) -> Exception | None:
    codes = {reason.get("Code") for reason in reasons}
    if codes & _CONFLICTS:
        return _ConflictError()
    if codes & _NOT_NOW:
        return UnavailableError()
    failed = {
        index: reason.get("Item")
        for index, reason in enumerate(reasons)
        if reason.get("Code") == "ConditionalCheckFailed"
    }
    return ConditionFailedError(failed) if failed else None
