"""What is left of a stage when its stack is deleted."""

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal import stacks
from tests.rehearsal.stacks import Stack


def test_a_deleted_stack_leaves_its_tables_and_nothing_that_runs(prod: Stack) -> None:
    aws = prod.emulator
    tables = [prod.resources[table] for table in ("ContentTable", "DerivedTable")]
    key = {"pk": {"S": "A#lamp"}, "sk": {"S": "ARTICLE"}}
    aws.client("dynamodb").put_item(TableName=tables[0], Item=key)

    stacks.delete(prod)

    functions = aws.client("lambda").list_functions()["Functions"]
    roles = aws.client("iam").list_roles()["Roles"]
    assert not [one for one in functions if one["FunctionName"].startswith(prod.name)]
    assert not [one for one in roles if one["RoleName"].startswith(prod.name)]
    with pytest.raises(ClientError, match="NotFound"):
        aws.client("apigateway").get_rest_api(restApiId=prod.outputs["RestAPIId"])
    assert set(tables) <= set(aws.client("dynamodb").list_tables()["TableNames"])
    assert aws.client("dynamodb").get_item(TableName=tables[0], Key=key)["Item"] == key
