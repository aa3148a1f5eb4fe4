"""Makes the tables that `infra/tables.yaml` describes, the one source of their schema."""

from functools import cache
from pathlib import Path
from typing import Any, Final

from chalicelib.store import client
from tools.deployment import templates

_TEMPLATE: Final = Path(__file__).parent.parent / "infra" / "tables.yaml"
_CREATED_WITH: Final = (
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "BillingMode",
)


@cache
def _resources() -> dict[str, Any]:
    resources: dict[str, Any] = templates.load(_TEMPLATE)["Resources"]
    return resources


def schema(resource: str) -> dict[str, Any]:
    """Give the properties of a table, `ContentTable` or `DerivedTable`."""
    properties: dict[str, Any] = _resources()[resource]["Properties"]
    return properties


def name(resource: str, stage: str) -> str:
    """Give the name of a table in a stage."""
    named: str = templates.filled(schema(resource)["TableName"], {"Stage": stage})["Fn::Sub"]
    return named


def create(stage: str) -> None:
    """Make both tables of a stage."""
    for resource in ("ContentTable", "DerivedTable"):
        create_one(resource, name(resource, stage))


def create_one(resource: str, table: str) -> None:
    """Make a table with the schema of a resource, by the app's own client."""
    properties = schema(resource)
    request = {key: properties[key] for key in _CREATED_WITH}
    if "StreamSpecification" in properties:
        request["StreamSpecification"] = {
            "StreamEnabled": True,
            **properties["StreamSpecification"],
        }
    client.dynamodb().create_table(TableName=table, **request)
