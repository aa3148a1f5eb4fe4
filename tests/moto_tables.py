"""
The tables on moto, emptied instead of made anew.

To make them takes longer than most tests. `empty` reaches into moto's models,
whose release is pinned; DynamoDB itself has no way to clear a table or a stream.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from typing import Any

from botocore.validate import ParamValidator
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import StreamShard

from chalicelib.store import client, consents
from localdev import shortcuts, tables
from localdev.aws import REGION
from tests import seeding


@contextmanager
def opened() -> Iterator[None]:
    """
    Give tables with nothing but an editor's key.

    May stand inside of itself; the clients that were made belong to the whole
    run and not to one mock.
    """
    shortcuts.take()
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        _check_requests()
        empty()
        yield


def empty() -> None:
    """Leave two tables with nothing but an editor's key, and a stream without a record."""
    known = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables
    wanted = {tables.name(resource, "local") for resource in ("ContentTable", "DerivedTable")}
    if set(known) != wanted:
        for name in list(known):
            del known[name]
        tables.create("local")
    for table in known.values():
        table.items.clear()
    consents.forget()
    seeding.editor_key()
    for table in known.values():
        if table.stream_shard is not None:
            table.stream_shard = StreamShard(DEFAULT_ACCOUNT_ID, table)


@cache
def _check_requests() -> None:
    """Hold each request of the app against DynamoDB's model; moto takes more than DynamoDB."""
    client.dynamodb().meta.events.register("before-parameter-build.dynamodb", _check)


def _check(params: dict[str, Any], model: Any, **_: Any) -> None:
    report = ParamValidator().validate(params, model.input_shape)
    assert not report.has_errors(), report.generate_report()


def lose(name: str) -> None:
    """Empty one table, as if somebody had deleted it and made it again."""
    dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[name].items.clear()


def kept(name: str) -> Any:
    """Give what one table holds, to be put back as often as a test likes."""
    return deepcopy(dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[name].items)


def put_back(name: str, rows: Any) -> None:
    """Let one table hold what `kept` gave."""
    dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[name].items = deepcopy(rows)


def forget(name: str, pk: str) -> None:
    """Take a partition out of one table without a trace in its stream, as a restore does."""
    partitions = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[name].items
    del partitions[next(key for key in partitions if key.value == pk)]


def copy(resource: str, name: str, *, with_rows: bool) -> None:
    """Make a table of the same schema under another name, as a restore does."""
    known = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables
    tables.create_one(resource, name)
    if with_rows:
        known[name].items = deepcopy(known[tables.name(resource, "local")].items)
