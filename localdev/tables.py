"""Makes the tables that `infra/tables.yaml` describes, the one source of their schema."""

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from chalicelib.store import client

_TEMPLATE: Final = Path(__file__).parent.parent / "infra" / "tables.yaml"
_CREATED_WITH: Final = (
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "BillingMode",
)


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short functions as the text behind them."""


def _function(loader: yaml.SafeLoader, _: str, node: yaml.ScalarNode) -> Any:
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _function)


@cache
def _resources() -> dict[str, Any]:
    template = yaml.load(_TEMPLATE.read_text(), Loader=_Loader)  # noqa: S506 - a SafeLoader
    resources: dict[str, Any] = template["Resources"]
    return resources


def schema(resource: str) -> dict[str, Any]:
    """Give the properties of a table, `ContentTable` or `DerivedTable`."""
    properties: dict[str, Any] = _resources()[resource]["Properties"]
    return properties


def name(resource: str, stage: str) -> str:
    """Give the name of a table in a stage."""
    named: str = schema(resource)["TableName"]
    return named.replace("${Stage}", stage)


def create(stage: str) -> None:
    """Make both tables with the app's own client."""
    for resource in ("ContentTable", "DerivedTable"):
        properties = schema(resource)
        request = {key: properties[key] for key in _CREATED_WITH}
        if "StreamSpecification" in properties:
            request["StreamSpecification"] = {
                "StreamEnabled": True,
                **properties["StreamSpecification"],
            }
        client.dynamodb().create_table(TableName=name(resource, stage), **request)
