"""
Calls that a Lambda might make, each as harmless as it can be.

A write has a condition that no row meets, so that it changes nothing where it
is allowed: what is allowed fails by its condition, and what is not by IAM.
"""

from functools import cache
from typing import Any, Final, NamedTuple

from botocore.exceptions import ClientError

from tests.rehearsal.stacks import Stack

_REFUSED: Final = frozenset({"AccessDenied", "AccessDeniedException"})
_ALLOWED: Final = frozenset({"ConditionalCheckFailedException", "TransactionCanceledException"})
_NEVER: Final = "attribute_exists(no_row_has_this)"
_KEYS: Final = {
    "by_article": "listed_in",
    "by_rating": "listed_in",
    "by_helpful": "listed_in",
    "by_id": "id",
    "queue": "queue",
    "by_reader": "reader",
    "by_rank": "ranked_in",
}
"""Partition keys of the indexes."""


class Probe(NamedTuple):
    """
    A call of DynamoDB.

    Attributes:
        operation: Method of the client.
        where: A table, or `table/index`.
        pk: Partition key that it names.
    """

    operation: str
    where: str
    pk: str = "A#lamp"

    def __str__(self) -> str:
        return " ".join(self)


def is_refused(stack: Stack, function: str, probe: Probe) -> bool:
    """
    Make a call in the role of a deployed function; tells whether IAM refused it.

    Args:
        function: Its logical id.
    """
    client = stack.emulator.client("dynamodb", _role_of(stack, function))
    try:
        getattr(client, probe.operation)(**_parameters(probe))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in _REFUSED | _ALLOWED:
            raise
        return code in _REFUSED
    return False


@cache
def _role_of(stack: Stack, function: str) -> Any:
    """Assume a function's role: ministack lets the administrator, AWS only Lambda."""
    deployed = stack.emulator.client("lambda").get_function_configuration(
        FunctionName=stack.resources[function]
    )
    sts = stack.emulator.client("sts")
    return sts.assume_role(RoleArn=deployed["Role"], RoleSessionName="probe")["Credentials"]


def _parameters(probe: Probe) -> dict[str, Any]:
    table, _, index = probe.where.partition("/")
    key = {"pk": {"S": probe.pk}, "sk": {"S": "probe"}}
    values = {"ExpressionAttributeValues": {":pk": {"S": probe.pk}}}
    named = {"TableName": table, **({"IndexName": index} if index else {})}
    never = {"TableName": table, "ConditionExpression": _NEVER}
    update = {**never, **values, "Key": key, "UpdateExpression": "SET probe = :pk"}
    condition = f"{_KEYS.get(index, 'pk')} = :pk"
    select = f"SELECT * FROM \"{table}\" WHERE pk = '{probe.pk}'"  # noqa: S608 - our own names
    parameters: dict[str, dict[str, Any]] = {
        "get_item": {**named, "Key": key},
        "batch_get_item": {"RequestItems": {table: {"Keys": [key]}}},
        "put_item": {**never, "Item": key},
        "update_item": update,
        "delete_item": {**never, "Key": key},
        "query": {**named, **values, "KeyConditionExpression": condition},
        "scan": named,
        "transact_write_items": {"TransactItems": [{"Update": update}]},
        # It takes no condition; there is no such row.
        "batch_write_item": {"RequestItems": {table: [{"DeleteRequest": {"Key": key}}]}},
        "execute_statement": {"Statement": select},
    }
    return parameters[probe.operation]
