"""The one stack: what `aws cloudformation deploy` is given."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint
from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

from chalicelib.store import keys
from tests.packaging.built import ROOT, Built, ask_python

pytestmark = pytest.mark.slow

Template = dict[str, Any]

FUNCTIONS = {
    "APIHandler": ("app.app", "plaudit-${Stage}"),
    "TallyRatings": ("chalicelib.workers.tally.tally_ratings", "plaudit-${Stage}-tally_ratings"),
    "DeliverNotifications": (
        "chalicelib.workers.notify.deliver_notifications",
        "plaudit-${Stage}-deliver_notifications",
    ),
    "ReconcileTallies": (
        "chalicelib.workers.reconcile.reconcile_tallies",
        "plaudit-${Stage}-reconcile_tallies",
    ),
    "EveryMinute": (
        "chalicelib.workers.schedule.every_minute",
        "plaudit-${Stage}-every_minute",
    ),
}


class NoPolicies(ManagedPolicyLoader):  # type: ignore[misc]
    """Our roles have no managed policies, so IAM need not be asked for theirs."""

    def __init__(self) -> None: ...

    def load(self) -> dict[str, str]:
        return {}


@pytest.fixture(scope="module")
def stack(build: Path) -> Template:
    """The template as CloudFormation sees it after the SAM transform."""
    template = copy.deepcopy(Built.of(build, "arm64").template)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # `aws cloudformation package` uploads the zip and says where it is.
            resource["Properties"]["CodeUri"] = "s3://bucket/deployment.zip"
    transformed: Template = transform(template, {}, NoPolicies())
    return transformed


def of_type(stack: Template, name: str) -> dict[str, Template]:
    return {
        logical: resource["Properties"]
        for logical, resource in stack["Resources"].items()
        if resource["Type"] == name
    }


def texts(node: Any, function: str = "") -> Iterator[tuple[str, str]]:
    """Every text, with the CloudFormation function whose argument it is."""
    if isinstance(node, str):
        yield function, node
    for key, value in node.items() if isinstance(node, dict) else ():
        yield from texts(value, key)
    for value in node if isinstance(node, list) else ():
        yield from texts(value, function)


@pytest.fixture(scope="module")
def config() -> Template:
    config: Template = json.loads((ROOT / ".chalice" / "config.json").read_text())
    return config


def faults(template: Template) -> list[str]:
    """What cfn-lint calls an error or a warning."""
    version = ask_python("import sys; print(sys.version_info >= (3, 13))")
    # An older Python stands in for the Lambdas' on a machine without theirs;
    # these two say that AWS takes it no longer.
    ignored = [] if version == "True" else ["E2531", "E2533"]
    return [
        str(one) for one in lint(json.dumps(template), config=ManualArgs(ignore_checks=ignored))
    ]


def test_template_has_no_fault_that_cfn_lint_knows(built: Built) -> None:
    assert faults(built.template) == []


def test_cfn_lint_would_find_a_fault(built: Built) -> None:
    template = built.template
    template["Resources"]["TallyFailures"]["Properties"]["MessageRetentionPeriod"] = "soon"

    assert len(faults(template)) == 1


def test_runtime_is_the_python_that_made_the_bytecode(stack: Template) -> None:
    version = ask_python("import sys; print('python%d.%d' % sys.version_info[:2])")

    runtimes = {one["Runtime"] for one in of_type(stack, "AWS::Lambda::Function").values()}

    assert runtimes == {version}


def test_functions_are_of_the_architecture(built: Built) -> None:
    functions = of_type(built.template, "AWS::Serverless::Function")

    assert [one["Architectures"] for one in functions.values()] == [[built.architecture]] * len(
        FUNCTIONS
    )


def test_functions_have_the_names_that_chalice_deploy_gives(stack: Template) -> None:
    found = {
        logical: (one["Handler"], one["FunctionName"]["Fn::Sub"])
        for logical, one in of_type(stack, "AWS::Lambda::Function").items()
    }

    assert found == FUNCTIONS


def test_functions_know_their_tables_stage_and_release(stack: Template, config: Template) -> None:
    for properties in of_type(stack, "AWS::Lambda::Function").values():
        environment = dict(properties["Environment"]["Variables"])

        assert environment.pop("RELEASE")
        assert environment == config["stages"]["dev"]["environment_variables"] | {
            "CONTENT_TABLE": {"Ref": "ContentTable"},
            "DERIVED_TABLE": {"Ref": "DerivedTable"},
        }


def test_every_function_has_its_own_role_and_memory(stack: Template, config: Template) -> None:
    functions = of_type(stack, "AWS::Lambda::Function")

    roles = {one["Role"]["Fn::GetAtt"][0] for one in functions.values()}
    memory = {one["MemorySize"] for one in functions.values()}

    workers = {f"{logical}Role" for logical in FUNCTIONS if logical != "APIHandler"}
    assert roles == {"ApiHandlerRole", *workers}
    assert memory == {config["lambda_memory_size"]}


def read_by(stack: Template, function: str) -> Template:
    (settings,) = (
        one
        for one in of_type(stack, "AWS::Lambda::EventSourceMapping").values()
        if one["FunctionName"] == {"Ref": function}
    )
    return settings


def test_who_tells_is_called_for_new_events_alone(stack: Template) -> None:
    settings = read_by(stack, "DeliverNotifications")

    (only,) = settings["FilterCriteria"]["Filters"]
    assert json.loads(only["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"pk": {"S": [{"prefix": keys.event("")["pk"]["S"]}]}}},
    }
    assert settings["EventSourceArn"] == {"Fn::GetAtt": ["ContentTable", "StreamArn"]}
    assert settings["MaximumRetryAttempts"] == 1


def test_event_source_repeats_bisects_and_reports_what_it_gives_up(stack: Template) -> None:
    assert read_by(stack, "TallyRatings") == {
        "EventSourceArn": {"Fn::GetAtt": ["ContentTable", "StreamArn"]},
        "FunctionName": {"Ref": "TallyRatings"},
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 99,
        "MaximumBatchingWindowInSeconds": 1,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 10,
        "MaximumRecordAgeInSeconds": 82_800,
        "DestinationConfig": {
            "OnFailure": {"Destination": {"Fn::GetAtt": ["TallyFailures", "Arn"]}}
        },
    }


def test_tables_outlive_the_stack_and_refuse_to_be_deleted(stack: Template) -> None:
    tables = {
        logical: resource
        for logical, resource in stack["Resources"].items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }

    assert {
        logical: (
            one["Properties"]["TableName"]["Fn::Sub"],
            one["DeletionPolicy"],
            one["UpdateReplacePolicy"],
            one["Properties"]["DeletionProtectionEnabled"],
        )
        for logical, one in tables.items()
    } == {
        "ContentTable": ("plaudit-${Stage}-content", "Retain", "Retain", True),
        "DerivedTable": ("plaudit-${Stage}-derived", "Retain", "Retain", True),
    }


def test_every_function_has_a_log_group_that_forgets(stack: Template, config: Template) -> None:
    groups = of_type(stack, "AWS::Logs::LogGroup").values()

    assert {(one["LogGroupName"]["Fn::Sub"], one["RetentionInDays"]) for one in groups} == {
        (f"/aws/lambda/{name}", config["log_retention_in_days"]) for _, name in FUNCTIONS.values()
    }


def test_references_lead_to_something(stack: Template) -> None:
    known = stack["Resources"].keys() | stack["Parameters"].keys()
    named = {
        match
        for function, text in texts(stack["Resources"])
        if function == "Fn::Sub"
        for match in re.findall(r"\$\{([A-Za-z0-9]+)[.}]", text)
    }

    # Given beside its text: the API's id in what may call the function.
    assert named - known <= {"RestAPIId", "__ApiId__", "__Stage__"}


def test_policies_name_resources_through_cloudformation(stack: Template) -> None:
    roles = of_type(stack, "AWS::IAM::Role")
    placed = [
        (function, text)
        for role in roles.values()
        for function, text in texts(role["Policies"])
        if "${" in text
    ]

    assert placed
    assert {function for function, _ in placed} == {"Fn::Sub"}
    assert not [one for role in roles.values() for one in role.get("ManagedPolicyArns", [])]


def test_a_clock_calls_who_reconciles_and_who_does_what_is_due(stack: Template) -> None:
    rules = of_type(stack, "AWS::Events::Rule").values()

    called = {one["Targets"][0]["Arn"]["Fn::GetAtt"][0]: one["ScheduleExpression"] for one in rules}
    assert called.keys() == {"ReconcileTallies", "EveryMinute"}
    assert called["EveryMinute"] == "cron(* * * * ? *)"


def test_stack_takes_no_other_stage_than_its_codes(stack: Template) -> None:
    assert stack["Parameters"]["Stage"] == {
        "Type": "String",
        "Default": "dev",
        "AllowedValues": ["dev"],
    }


def test_api_has_one_stage_and_no_other_that_sam_would_make(stack: Template) -> None:
    stages = of_type(stack, "AWS::ApiGateway::Stage").values()
    deployments = of_type(stack, "AWS::ApiGateway::Deployment").values()

    assert [one["StageName"] for one in stages] == ["v1"]
    assert [one.get("StageName") for one in deployments] == [None]


def test_api_is_regional_and_its_gateway_answers_in_our_shape(stack: Template) -> None:
    (api,) = of_type(stack, "AWS::ApiGateway::RestApi").values()

    answers = api["Body"]["x-amazon-apigateway-gateway-responses"]

    assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert answers["THROTTLED"]["responseParameters"]["gatewayresponse.header.Retry-After"] == (
        "'10'"
    )
    assert (
        '"code":"too_many_requests"'
        in (answers["THROTTLED"]["responseTemplates"]["application/json"])
    )
