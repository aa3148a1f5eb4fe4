"""
The path of `chalice deploy`, from an empty account to an empty account.

Every command runs as it would for a person, against moto's server; the zip
that Chalice uploaded answers the smoke test.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tests.rehearsal import chalice_world
from tests.rehearsal.chalice_world import ARCHITECTURE, STAGE, World
from tools import destroy, secrets, tables
from tools.deployment import account, event_source, gateway, planned, stacks, staging, state
from tools.deployment.command import RefusedError
from tools.deployment.planned import There

pytestmark = [pytest.mark.rehearsal, pytest.mark.slow]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An empty account."""
    with chalice_world.opened(tmp_path_factory.mktemp("world")) as opened:
        yield opened


@pytest.fixture
def deployed(world: World) -> World:
    """An account with the stage in it."""
    world.furnish()
    return world


def test_a_deployment_asks_for_tables_then_for_secrets(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAPTCHA_SECRET", "of-the-provider")

    with pytest.raises(RefusedError, match="make tables STAGE=prod"):
        world.deploy(stage="prod")
    tables.make("prod")
    with pytest.raises(RefusedError, match=r"captcha-secret.*make secrets STAGE=prod"):
        world.deploy(stage="prod")


def test_a_second_run_changes_nothing_and_says_the_address_of_what_answers(
    deployed: World, capsys: pytest.CaptureFixture[str]
) -> None:
    before = chalice_world.snapshot()

    deployed.deploy()

    assert chalice_world.snapshot() == before
    assert deployed.changes == []
    said = capsys.readouterr().out.splitlines()
    assert said[-6:-1] == [
        "GET  /health  200",
        "GET  /articles  200",
        "GET  /articles/smoke-test-of-an-article-that-is-not  404",
        "GET  /smoke-test-of-an-article-that-is-not  404",
        "POST /articles/smoke-test-of-an-article-that-is-not/reviews  400",
    ]
    assert said[-1] == state.url(STAGE, deployed.memory)


def test_tables_and_secrets_made_again_change_nothing(deployed: World) -> None:
    before = chalice_world.snapshot()

    tables.make(STAGE)
    secrets.make(STAGE)

    assert chalice_world.snapshot() == before


def test_the_event_source_has_the_settings_of_the_one_stack(deployed: World) -> None:
    mappings = boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    queue = boto3.client("sqs").get_queue_attributes(
        QueueUrl=boto3.client("sqs").get_queue_url(QueueName=f"plaudit-{STAGE}-tally-failures")[
            "QueueUrl"
        ],
        AttributeNames=["QueueArn"],
    )["Attributes"]["QueueArn"]

    by = {one["FunctionArn"].rpartition(f"plaudit-{STAGE}-")[2]: one for one in mappings}
    assert by.keys() == set(state.STREAM_READERS)
    for name, found in by.items():
        assert event_source.differing(event_source.wanted(name, queue), found) == {}
        assert found["StartingPosition"] == "TRIM_HORIZON"
    assert by["tally_ratings"]["MaximumRetryAttempts"] == 10


def test_the_gateway_answers_with_problems(deployed: World) -> None:
    api = state.api_id(STAGE, deployed.memory)
    answers = boto3.client("apigateway").get_gateway_responses(restApiId=api)["items"]

    assert {answer["responseType"] for answer in answers} == set(gateway.wanted("dev"))
    for answer in answers:
        problem = json.loads(answer["responseTemplates"]["application/json"])
        assert problem["status"] == int(answer["statusCode"])


def test_answers_that_an_import_took_away_are_put_back_and_deployed(deployed: World) -> None:
    api, client = state.api_id(STAGE, deployed.memory), boto3.client("apigateway")
    before = chalice_world.snapshot()["answers"]
    client.delete_gateway_response(restApiId=api, responseType="THROTTLED")
    deployed.calls.clear()

    deployed.deploy()

    assert sorted(deployed.changes) == ["CreateDeployment", "PutGatewayResponse"]
    ordered = [sorted(answers, key=str) for answers in chalice_world.snapshot()["answers"]]
    assert ordered == [sorted(answers, key=str) for answers in before]


def test_every_role_may_do_what_its_policy_says_and_on_this_stage_alone(deployed: World) -> None:
    found = chalice_world.roles()

    assert set(found) == {
        f"plaudit-{STAGE}-{name}" for name in staging.settings(STAGE)["lambda_functions"]
    }
    for name, statements in found.items():
        for statement in statements:
            resources = json.dumps(statement["Resource"])
            assert "${" not in resources, name
            assert (
                statement["Sid"] == "ListStreams"
                or f"plaudit-{STAGE}" in resources
                or (f"parameter/plaudit/{STAGE}/" in resources)
                or statement["Sid"] == "SendMail"
            ), (name, statement)


def test_the_api_may_write_to_its_own_group_of_logs_which_is_kept_30_days(deployed: World) -> None:
    groups = boto3.client("logs").describe_log_groups()["logGroups"]
    kept = {group["logGroupName"]: group.get("retentionInDays") for group in groups}

    for suffix in (
        "",
        "-tally_ratings",
        "-reconcile_tallies",
        "-deliver_notifications",
        "-every_minute",
    ):
        assert kept[f"/aws/lambda/plaudit-{STAGE}{suffix}"] == 30


def test_the_plan_of_what_is_deployed_is_to_change_nothing(deployed: World) -> None:
    outputs = stacks.outputs(stacks.tables_of(STAGE))
    assert outputs is not None

    found = planned.resources(
        STAGE, ARCHITECTURE, There(account.current(), outputs), deployed.memory
    )

    # The package of a test is made for the Python that runs it.
    changed = [one for one in found if one.fate != planned.KEEP]
    assert all(one.kind == "Lambda" and "python3.13" in one.changes for one in changed), changed
    assert deployed.changes == []


def test_a_lost_memory_is_refused_and_made_anew(deployed: World) -> None:
    path = deployed.memory / f"{STAGE}.json"
    before, remembered = chalice_world.snapshot(), path.read_text()
    path.unlink()

    with pytest.raises(RefusedError, match=f"make deploy STAGE={STAGE} ADOPT=1"):
        deployed.deploy()
    with pytest.raises(RefusedError, match="ADOPT=1"):
        destroy.destroy(STAGE, deployed.memory)
    deployed.deploy(adopt=True)

    assert json.loads(path.read_text()) == json.loads(remembered)
    assert chalice_world.snapshot() == before


def test_a_memory_of_another_account_is_refused(deployed: World, tmp_path: Path) -> None:
    number = account.current().number
    text = (deployed.memory / f"{STAGE}.json").read_text()
    (tmp_path / f"{STAGE}.json").write_text(text.replace(number, "210987654321"))

    with pytest.raises(RefusedError, match="of account 210987654321"):
        deployed.deploy(memory=tmp_path)


def test_destroy_refuses_protected_tables_and_another_name(deployed: World) -> None:
    with pytest.raises(RefusedError, match="--no-deletion-protection-enabled"):
        deployed.destroy()
    _unprotect()
    before = chalice_world.snapshot()

    with pytest.raises(RefusedError, match="another name"):
        destroy.destroy(STAGE, deployed.memory, lambda: STAGE)

    assert chalice_world.snapshot() == before


def test_destroy_leaves_rows_and_secrets_and_says_so(
    deployed: World, capsys: pytest.CaptureFixture[str]
) -> None:
    _unprotect()

    deployed.destroy()

    left = chalice_world.snapshot()
    gone = ("functions", "mappings", "roles", "apis", "rules", "logs")
    assert {name: left[name] for name in gone} == {name: type(left[name])() for name in gone}
    assert state.recorded(STAGE, deployed.memory) == []
    said = capsys.readouterr().out
    assert f"kept: table plaudit-{STAGE}-content" in said
    assert f"kept: secret /plaudit/{STAGE}/reader-secret" in said
    for table in tables.table_names(STAGE):
        boto3.client("dynamodb").delete_table(TableName=table)


def _unprotect() -> None:
    for table in tables.table_names(STAGE):
        boto3.client("dynamodb").update_table(TableName=table, DeletionProtectionEnabled=False)
