"""A stage as one stack: packaged, uploaded and created as `make package` says, with boto3."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from chalicelib.model import now
from chalicelib.store import editor_keys
from tests.client import EDITOR_KEY
from tests.packaging.built import ROOT, Built
from tests.packaging.local_server import wait_until
from tests.rehearsal import operator
from tests.rehearsal.emulator import Emulator
from tools import keys

RELEASE: Final = "rehearsal"
_BUILD: Final = ROOT / ".build" / "rehearsal"
_BUCKET: Final = "packages"
_LIMITS: Final = "network=10000/1h reader=100/1h article=10000/1h site=10000/1h site=20000/1d"
_OFTEN: Final = {"Delay": 1, "MaxAttempts": 60}


@dataclass(eq=False)
class Stack:
    """
    A deployed stage.

    Attributes:
        template: What Chalice and `infra/` say, before the transform.
        outputs: By name.
    """

    emulator: Emulator
    stage: str
    template: dict[str, Any]
    outputs: dict[str, str]

    @property
    def name(self) -> str:
        return f"plaudit-{self.stage}"

    @property
    def path(self) -> str:
        """Path of the API: what stands for the host name that AWS would give it."""
        return f"/_aws/execute-api/{self.outputs['RestAPIId']}/v1"

    @property
    def url(self) -> str:
        """Where the API answers."""
        return self.emulator.url + self.path

    @cached_property
    def resources(self) -> dict[str, str]:
        """Physical names of everything in the stack, by logical id."""
        answer = self.emulator.client("cloudformation").describe_stack_resources(
            StackName=self.name
        )
        return {
            one["LogicalResourceId"]: one["PhysicalResourceId"] for one in answer["StackResources"]
        }


def package(emulator: Emulator, stage: str) -> Path:
    """Make a stage's package for this machine; gives the directory of zip and template."""
    architecture = Built.architecture_here()
    command = ["-m", "tools.package", stage, "--arch", architecture]
    command += ["--fallback", "--build", str(_BUILD)]
    operator.succeed(emulator, *command, RELEASE=RELEASE)
    return _BUILD / f"{stage}-{architecture}" / "package"


def deploy(emulator: Emulator, stage: str) -> Stack:
    """Package a stage, upload it and create its stack."""
    _put_secrets(emulator, stage)
    directory = package(emulator, stage)
    template = _uploaded(emulator, stage, directory)
    name = f"plaudit-{stage}"
    _create(emulator, name, template)
    _put_keys(emulator, stage)
    (described,) = emulator.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}
    return Stack(emulator, stage, template, outputs)


def changes(stack: Stack) -> list[str]:
    """Say what the same template once more would change; gives logical ids."""
    change_set = _change_set(stack.emulator, stack.name, stack.template, "UPDATE")
    return [one["ResourceChange"]["LogicalResourceId"] for one in change_set["Changes"]]


def _create(emulator: Emulator, name: str, template: dict[str, Any]) -> None:
    """Carry out a change set, as `aws cloudformation deploy` does."""
    cloudformation = emulator.client("cloudformation")
    change_set = _change_set(emulator, name, template, "CREATE")
    assert change_set["Status"] == "CREATE_COMPLETE", change_set
    cloudformation.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=_OFTEN)


def _change_set(emulator: Emulator, name: str, template: dict[str, Any], kind: str) -> Any:
    key = f"{name}.json"
    emulator.client("s3").put_object(Bucket=_BUCKET, Key=key, Body=json.dumps(template))
    cloudformation = emulator.client("cloudformation")
    made = cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=kind.lower(),
        ChangeSetType=kind,
        # Larger than the 51 200 bytes that a template may have without a bucket.
        TemplateURL=f"{emulator.url}/{_BUCKET}/{key}",
        Capabilities=["CAPABILITY_IAM"],
    )

    def described() -> Any:
        return cloudformation.describe_change_set(ChangeSetName=made["Id"])

    wait_until(lambda: described()["Status"] in {"CREATE_COMPLETE", "FAILED"})
    return described()


def delete(stack: Stack) -> None:
    """Delete a stack and wait until it is gone."""
    cloudformation = stack.emulator.client("cloudformation")
    cloudformation.delete_stack(StackName=stack.name)
    waiter = cloudformation.get_waiter("stack_delete_complete")
    waiter.wait(StackName=stack.name, WaiterConfig=_OFTEN)


def _put_secrets(emulator: Emulator, stage: str) -> None:
    operator.succeed(emulator, "-m", "tools.secrets", stage, CAPTCHA_SECRET="c" * 32)


def _put_keys(emulator: Emulator, stage: str) -> None:
    """Make a key as an operator does, and one that the tests know."""
    operator.succeed(emulator, "-m", "tools.keys", "create", stage, "operator")
    known = editor_keys.row(keys.described("ada", EDITOR_KEY, now()))
    emulator.client("dynamodb").put_item(TableName=f"plaudit-{stage}-content", Item=known)


def _uploaded(emulator: Emulator, stage: str, directory: Path) -> dict[str, Any]:
    """Do what `aws cloudformation package` does: upload the zip and name it in the template."""
    key = f"{stage}/deployment.zip"
    emulator.client("s3").create_bucket(Bucket=_BUCKET)
    emulator.client("s3").upload_file(str(directory / "deployment.zip"), _BUCKET, key)
    template: dict[str, Any] = json.loads((directory / "sam.json").read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            assert resource["Properties"]["CodeUri"] == "./deployment.zip"
            resource["Properties"]["CodeUri"] = f"s3://{_BUCKET}/{key}"
    # The whole crowd is one network and writes more in a minute than a network may.
    variables = template["Resources"]["APIHandler"]["Properties"]["Environment"]["Variables"]
    variables["LIMITS"] = _LIMITS
    return template
