"""`make tables`, and how every command of a deployment refuses, in an account on moto."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.functional.conftest import Run
from tools import deploy, destroy, environment, package, plan, secrets, tables
from tools.deployment import command, event_source, stacks, staging, state

# moto makes no alarms and no subscription in a stack, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS")


@pytest.mark.parametrize("tool", [tables, secrets, plan, deploy, destroy])
@pytest.mark.parametrize("stage", ["local", "nowhere"])
def test_a_stage_that_is_not_to_be_deployed_is_refused(run: Run, tool: Any, stage: str) -> None:
    status, _, complaint = run(tool, stage)

    assert status == command.MISUSED
    assert f"no stage '{stage}'" in complaint
    assert "dev, prod" in complaint


@pytest.mark.parametrize("tool", [plan, deploy, package])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CORS_ORIGINS", "https://canary.example/"),
        ("CORS_EDITOR_ORIGINS", "*"),
        ("LIMITS", "canary"),
        ("CAPTCHA_HOSTNAMES", ""),
    ],
)
def test_a_setting_that_lambdas_would_not_serve_with_is_refused_before_anything_is_deployed(
    run: Run, monkeypatch: pytest.MonkeyPatch, tool: Any, name: str, value: str
) -> None:
    told = staging.settings("prod")
    of_prod = told["stages"]["prod"]["environment_variables"]
    of_prod |= {"CORS_ORIGINS": "*", name: value} if name == "CAPTCHA_HOSTNAMES" else {name: value}
    monkeypatch.setattr(staging, "settings", lambda _: told)
    fallback = [] if tool is plan else ["--fallback"]

    status, _, complaint = run(tool, "prod", *fallback)

    assert status == command.MISUSED
    assert f"stage prod in .chalice/config.json: {name} " in complaint
    assert "canary" not in complaint


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_stages_that_come_with_the_project_may_be_deployed(stage: str) -> None:
    environment.check(stage)


def test_tables_are_made_once_and_their_outputs_are_printed(run: Run) -> None:
    status, said, _ = run(tables, "dev")
    again, said_again, _ = run(tables, "dev")

    assert (status, again) == (command.DONE, command.DONE)
    assert said.startswith("plaudit-dev-tables: done")
    assert said_again.startswith("plaudit-dev-tables: nothing to change")
    assert "ContentStreamArn  arn:aws:dynamodb:us-east-1:" in said
    assert tables.table_names("dev") == ["plaudit-dev-content", "plaudit-dev-derived"]
    assert boto3.client("dynamodb").list_tables()["TableNames"] == tables.table_names("dev")


def test_the_address_of_alarms_is_kept_unless_another_is_given(run: Run) -> None:
    run(tables, "dev", "--alarm-email", "ops@example.com")
    run(tables, "dev")

    (found,) = boto3.client("cloudformation").describe_stacks()["Stacks"]
    given = {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
    assert given == {"Stage": "dev", "AlarmEmail": "ops@example.com"}


def test_tables_that_a_destroyed_stack_left_are_not_made_over(run: Run) -> None:
    run(tables, "dev")
    stacks.delete("plaudit-dev-tables")

    status, _, complaint = run(tables, "dev")

    assert status == command.FAILED
    for verb in ("delete-table", "update-table"):
        assert f"aws dynamodb {verb} --table-name plaudit-dev-content" in complaint


def test_a_stage_of_one_stack_keeps_its_own_tables(run: Run) -> None:
    stacks.put("plaudit-dev", {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}, {})

    for tool in (tables, deploy):
        arguments = ["--fallback"] if tool is deploy else []
        status, _, complaint = run(tool, "dev", *arguments)
        assert (status, "one stack plaudit-dev" in complaint) == (command.FAILED, True)


def test_a_stack_that_fails_names_the_resource_and_why(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {
        "DescribeStacks": {"Stacks": [{"StackName": "x", "StackStatus": "ROLLBACK_COMPLETE"}]},
        "DescribeStackEvents": {
            "StackEvents": [
                _event("DerivedTable", "CREATE_FAILED", "Resource creation cancelled"),
                _event("ContentTable", "CREATE_FAILED", "Table already exists"),
                _event("ContentTable", "CREATE_IN_PROGRESS", ""),
            ]
        },
    }
    call = BaseClient._make_api_call  # type: ignore[attr-defined]
    begun: list[str] = []

    def fail(self: BaseClient, name: str, parameters: dict[str, Any]) -> Any:
        begun.append(name)
        is_begun = "CreateStack" in begun
        return answers[name] if is_begun and name in answers else call(self, name, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", fail)
    status, _, complaint = run(tables, "dev")

    assert status == command.FAILED
    assert "could not create the stack plaudit-dev-tables" in complaint
    assert "ContentTable: Table already exists" in complaint
    assert "DerivedTable" not in complaint


def _event(resource: str, status: str, reason: str) -> dict[str, str]:
    return {
        "LogicalResourceId": resource,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def test_what_is_left_of_a_failed_stack_must_be_deleted_first(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"StackName": "plaudit-dev-tables", "StackStatus": "ROLLBACK_COMPLETE"}
    monkeypatch.setattr(stacks, "find", lambda name: found if name.endswith("tables") else None)

    status, _, complaint = run(tables, "dev")

    assert status == command.FAILED
    assert "aws cloudformation delete-stack --stack-name plaudit-dev-tables" in complaint


def test_settings_of_the_event_source_differ_by_name() -> None:
    wanted = event_source.wanted("tally_ratings", "arn:queue")
    found = {**wanted, "MaximumRetryAttempts": -1, "DestinationConfig": {"OnSuccess": {}}}

    assert sorted(event_source.differing(wanted, found)) == [
        "DestinationConfig",
        "MaximumRetryAttempts",
    ]
    assert wanted["MaximumRetryAttempts"] == 10
    assert wanted["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert wanted["BisectBatchOnFunctionError"] is True
    assert not {"Stream", "StartingPosition"} & wanted.keys()


def test_who_tells_has_no_dead_letters_of_its_own() -> None:
    wanted = event_source.wanted("deliver_notifications", "arn:queue")

    assert set(wanted) == {
        "BatchSize",
        "FilterCriteria",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
    }


def test_an_event_source_of_a_former_stream_is_left(account: None, tmp_path: Path) -> None:
    remembered = [
        {"name": "rest_api", "resource_type": "rest_api"},
        {"name": "old", "stream_arn": "arn:old", "event_uuid": str(uuid4())},
    ]
    path = tmp_path / "dev.json"
    path.write_text(json.dumps({"resources": remembered}))

    state.leave_other_streams("dev", "arn:new", tmp_path)

    assert json.loads(path.read_text())["resources"] == remembered[:1]


def test_destroying_one_stack_asks_for_its_name_and_keeps_the_secrets(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(secrets, "dev")
    stacks.put("plaudit-dev", {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}, {})

    with pytest.raises(command.RefusedError, match="another name"):
        destroy.destroy("dev", tmp_path, lambda: "plaudit-dev-tables\n")
    assert stacks.find("plaudit-dev") is not None
    destroy.destroy("dev", tmp_path, lambda: "plaudit-dev\n")

    assert stacks.find("plaudit-dev") is None
    assert "kept: secret /plaudit/dev/reader-secret" in capsys.readouterr().out


@pytest.mark.parametrize("code", ["ExpiredToken", "AccessDenied", "ThrottlingException"])
def test_aws_that_refuses_is_told_in_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetCallerIdentity")

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)

    for tool in (tables, secrets, plan, destroy):
        status, _, complaint = run(tool, "dev")
        assert status == command.UNREACHABLE
        assert code in complaint
        assert "Traceback" not in complaint
