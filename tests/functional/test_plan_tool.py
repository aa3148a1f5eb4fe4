"""`make plan` with and without an account: fates, statements, environment."""

import json

import pytest

from tests.functional.conftest import Run
from tools import plan, tables
from tools.deployment import command, planned, stack, stacks

# moto makes no alarms and no subscription in a stack, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS")


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
