"""What is deployed, as AWS would tell of it, and as it tells of itself."""

import subprocess

from tests.client import Api
from tests.rehearsal import emulator, stacks
from tests.rehearsal.stacks import RELEASE, Stack


def test_the_deployed_api_is_well(visitor: Api) -> None:
    answer = visitor.get("/health")

    assert answer.status == 200
    assert (answer.body["stage"], answer.body["release"]) == ("dev", RELEASE)


def test_the_event_source_has_the_settings_that_chalice_cannot_express(dev: Stack) -> None:
    mappings = dev.emulator.client("lambda").list_event_source_mappings(
        FunctionName=dev.resources["TallyRatings"]
    )

    (mapping,) = mappings["EventSourceMappings"]
    assert mapping["EventSourceArn"] == dev.outputs["ContentStreamArn"]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] == 10
    assert mapping["MaximumRecordAgeInSeconds"] == 82_800
    assert (
        mapping["DestinationConfig"]["OnFailure"]["Destination"]
        == (dev.outputs["TallyFailuresArn"])
    )


def test_functions_run_on_the_python_that_they_are_packaged_for(dev: Stack) -> None:
    ask = "import sys; print('python%d.%d' % sys.version_info[:2])"
    command = [str(emulator.PYTHON), "-c", ask]
    told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours

    functions = dev.emulator.client("lambda").list_functions()["Functions"]

    assert {one["Runtime"] for one in functions} == {told.stdout.strip()}


def test_the_same_package_again_changes_nothing(dev: Stack) -> None:
    assert stacks.changes(dev) == []


def test_every_function_has_its_own_role(dev: Stack) -> None:
    functions = (
        "APIHandler",
        "TallyRatings",
        "ReconcileTallies",
        "DeliverNotifications",
        "EveryMinute",
    )
    deployed = [
        dev.emulator.client("lambda").get_function_configuration(FunctionName=dev.resources[one])
        for one in functions
    ]

    assert len({one["Role"] for one in deployed}) == len(functions)
    assert {one["FunctionName"] for one in deployed} == {
        "plaudit-dev",
        "plaudit-dev-tally_ratings",
        "plaudit-dev-reconcile_tallies",
        "plaudit-dev-every_minute",
        "plaudit-dev-deliver_notifications",
    }
