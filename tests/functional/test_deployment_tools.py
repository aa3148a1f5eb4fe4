"""`make tables`, `make secrets` and `make plan` in an account on moto."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import moto.backends
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws

from chalicelib.settings import Secrets
from tools import deploy, destroy, plan, secrets, tables
from tools.deployment import command, event_source, planned, stack, stacks, state

# moto makes no alarms and no subscription in a stack, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS")

_SERVICES = ("cloudformation", "cloudwatch", "dynamodb", "lambda", "sns", "sqs", "ssm")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def account() -> Iterator[None]:
    """An empty account, and no dynamodb tables left of it for other tests."""
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        _reset()
        yield
        _reset()


def _reset() -> None:
    for service in _SERVICES:
        moto.backends.get_backend(service).reset()  # type: ignore[call-overload]


@pytest.fixture
def run(account: None, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; gives its status, what it printed and its complaint."""

    def run_with(command: Any, *arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = command.main(arguments)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run_with


def value(name: str) -> str:
    found = boto3.client("ssm").get_parameter(Name=name, WithDecryption=True)
    return found["Parameter"]["Value"]


@pytest.mark.parametrize("tool", [tables, secrets, plan, deploy, destroy])
@pytest.mark.parametrize("stage", ["local", "nowhere"])
def test_a_stage_that_is_not_to_be_deployed_is_refused(run: Run, tool: Any, stage: str) -> None:
    status, _, complaint = run(tool, stage)

    assert status == command.MISUSED
    assert f"no stage '{stage}'" in complaint
    assert "dev, prod" in complaint


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
    assert "aws dynamodb delete-table --table-name plaudit-dev-content" in complaint


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


def test_missing_secrets_are_made_and_the_service_takes_them(run: Run) -> None:
    status, said, _ = run(secrets, "dev")

    assert status == command.DONE
    found = Secrets(
        {
            "READER_SECRET": value("/plaudit/dev/reader-secret"),
            "SIGNING_SECRETS": value("/plaudit/dev/signing-secrets"),
            "EDITOR_KEYS": value("/plaudit/dev/editor-keys"),
        }
    )
    assert len(found.signing_secrets) == 1
    assert [name for name, _ in found.editor_keys] == ["editor"]
    assert found.reader_secret.decode() not in said
    assert value("/plaudit/dev/signing-secrets") not in said
    for one in boto3.client("ssm").describe_parameters()["Parameters"]:
        assert one["Type"] == "SecureString"


def test_secrets_that_exist_are_neither_changed_nor_shown(run: Run) -> None:
    run(secrets, "dev")
    names = [f"/plaudit/dev/{name}" for name in ("reader-secret", "signing-secrets", "editor-keys")]
    before = [value(name) for name in names]

    _, said, _ = run(secrets, "dev")

    assert [value(name) for name in names] == before
    assert said.splitlines() == [f"{name}  exists" for name in names]


def test_a_stage_may_have_no_editors(run: Run) -> None:
    run(secrets, "dev", "--no-editor")

    assert secrets.present(boto3.client("ssm"), "/plaudit/dev") == {
        "reader-secret",
        "signing-secrets",
    }
    assert secrets.missing("dev") == []


def test_a_rotated_signing_secret_stands_before_the_old_one(run: Run) -> None:
    run(secrets, "dev")
    old = value("/plaudit/dev/signing-secrets")

    status, said, _ = run(secrets, "dev", "--rotate", "signing")

    new, kept = value("/plaudit/dev/signing-secrets").split(",")
    assert (status, kept) == (command.DONE, old)
    assert new != old
    assert new not in said


def test_there_must_be_a_secret_to_rotate(run: Run) -> None:
    status, _, complaint = run(secrets, "dev", "--rotate", "signing")

    assert status == command.FAILED
    assert "make secrets STAGE=dev" in complaint


def test_the_captcha_secret_comes_from_the_environment_or_standard_input(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAPTCHA_SECRET", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    refused, _, complaint = run(secrets, "prod")
    monkeypatch.setattr("sys.stdin", io.StringIO("of-the-provider\n"))
    made, said, _ = run(secrets, "prod")

    assert (refused, made) == (command.FAILED, command.DONE)
    assert "CAPTCHA_SECRET" in complaint
    assert value("/plaudit/prod/captcha-secret") == "of-the-provider"
    assert "of-the-provider" not in said


def test_the_plan_without_credentials_makes_everything(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.session.Session.get_credentials", lambda *_: None)
    status, said, _ = run(plan, "dev", "--articles", "10", "--reads", "1000", "--reviews", "5")

    assert status == command.DONE
    assert "Not compared with an account" in said
    assert "as it is" not in said
    assert "A month with 10 articles, 1,000 reads and 5 reviews" in said


def test_the_plan_compares_with_the_account(run: Run) -> None:
    run(tables, "dev")

    status, said, _ = run(plan, "dev")

    assert status == command.DONE
    rows = [line.split("│") for line in said.splitlines() if line.startswith("│")]
    fates = {row[2].strip(): row[3].strip() for row in rows if len(row) > 4}
    assert fates["plaudit-dev-content"] == planned.KEEP
    assert fates["plaudit-dev"] == planned.CREATE
    assert "Missing secrets: /plaudit/dev/reader-secret" in said


def test_the_plan_leaves_the_changes_of_one_stack_to_cloudformation(run: Run) -> None:
    stacks.put("plaudit-dev", {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}, {})

    status, said, _ = run(plan, "dev")

    assert status == command.DONE
    assert "--no-execute-changeset" in said
    assert "What would happen" not in said
    assert "What plaudit-dev may do" in said


def test_the_plan_says_what_changes_in_a_table() -> None:
    deployed = json.loads(json.dumps(stack.tables()))
    deployed["Resources"]["TallyFailures"]["Properties"]["MessageRetentionPeriod"] = 60
    del deployed["Resources"]["DerivedTable"]
    deployed["Resources"]["Old"] = {"Type": "AWS::SNS::Topic"}

    found = {one.name: (one.fate, one.changes) for one in planned.of_tables("dev", deployed)}

    assert found["plaudit-dev-tally-failures"] == (planned.CHANGE, "MessageRetentionPeriod")
    assert found["plaudit-dev-derived"] == (planned.CREATE, "")
    assert found["plaudit-dev-content"] == (planned.KEEP, "")
    assert found["Old"] == (planned.DELETE, "")


def test_every_statement_of_every_policy_is_in_the_plan(run: Run) -> None:
    _, said, _ = run(plan, "prod")

    for function in planned.functions("prod", None):
        for statement in function.policy:
            assert statement["Sid"] in said
    assert "${" not in said


def test_settings_of_the_event_source_differ_by_name() -> None:
    wanted = event_source.wanted("arn:queue")
    found = {**wanted, "MaximumRetryAttempts": -1, "DestinationConfig": {"OnSuccess": {}}}

    assert sorted(event_source.differing(wanted, found)) == [
        "DestinationConfig",
        "MaximumRetryAttempts",
    ]
    assert wanted["MaximumRetryAttempts"] == 10
    assert wanted["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert wanted["BisectBatchOnFunctionError"] is True
    assert not {"Stream", "StartingPosition"} & wanted.keys()


def test_an_event_source_of_a_former_stream_is_left(account: None, tmp_path: Path) -> None:
    remembered = [
        {"name": "rest_api", "resource_type": "rest_api"},
        {"name": "old", "stream_arn": "arn:old", "event_uuid": str(uuid4())},
    ]
    path = tmp_path / "dev.json"
    path.write_text(json.dumps({"resources": remembered}))

    state.leave_other_streams("dev", "arn:new", tmp_path)

    assert json.loads(path.read_text())["resources"] == remembered[:1]


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
