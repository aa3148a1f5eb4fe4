"""An account on moto's server, with API Gateway before it, and what is in it."""

import json
import os
import platform
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import boto3

from tests.packaging.local_server import ROOT, free_port, wait_until
from tools import deploy, destroy, secrets, tables
from tools.deploy import Options
from tools.deployment import command, state

STAGE: Final = "dev"
ARCHITECTURE: Final = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
_OF_THE_MOMENT: Final = frozenset(
    {
        *("ResponseMetadata", "LastModified", "RevisionId", "lastUpdatedDate", "deploymentId"),
        *("createdDate", "endpointConfiguration"),
    }
)
"""
What differs though nothing was changed, the number of the API's deployment, and
the kind of the endpoint, which moto does not take from an import.
"""


class World:
    """
    The account and what Chalice keeps of it.

    Args:
        directory: Scratch; wheels are kept from one run to the next elsewhere.
    """

    def __init__(self, directory: Path, url: str) -> None:
        self.memory = directory / "deployed"
        self.options = Options(
            STAGE, ARCHITECTURE, url=url, fallback=True, build=build(), memory=self.memory
        )
        self.calls: list[str] = []
        boto3.setup_default_session()
        assert boto3.DEFAULT_SESSION is not None
        boto3.DEFAULT_SESSION.events.register("before-call", self._note)

    @property
    def changes(self) -> list[str]:
        """Calls of this process, so none of Chalice's, that may have changed something."""
        return [call for call in self.calls if not call.startswith(("Get", "List", "Describe"))]

    @property
    def arguments(self) -> list[str]:
        """What somebody would type."""
        return [
            *(STAGE, "--arch", ARCHITECTURE, "--url", str(self.options.url), "--fallback"),
            *("--build", str(self.options.build), "--memory", str(self.memory)),
        ]

    def deploy(self, **changes: Any) -> None:
        """Deploy, as the command does."""
        deploy.deploy(self.options._replace(**changes))

    def furnish(self) -> None:
        """Make everything that is not there yet."""
        if not state.recorded(STAGE, self.memory):
            tables.make(STAGE)
            secrets.make(STAGE)
            assert deploy.main(self.arguments) == command.DONE
        self.calls.clear()

    def destroy(self) -> None:
        """Destroy, as somebody does who types the right name."""
        destroy.destroy(STAGE, self.memory, lambda: f"plaudit-{STAGE}-tables\n")

    def _note(self, model: Any, **_: Any) -> None:
        self.calls.append(model.name)


def build() -> Path:
    """Give where packages are made; wheels stay there for the next run."""
    return ROOT / ".build" / "rehearsal"


@contextmanager
def opened(directory: Path) -> Iterator[World]:
    """Start both servers; the environment names moto's."""
    port, front = free_port(), free_port()
    endpoint = f"http://127.0.0.1:{port}"
    deployments = build() / f"{STAGE}-{ARCHITECTURE}" / ".chalice" / "deployments"
    environment = {
        **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ENDPOINT_URL": endpoint,
    }
    function = state.api_function(STAGE)
    commands = [
        ["-m", "tests.rehearsal.moto_server", str(port)],
        # Isolated: what it imports comes from the zip, not from the sources.
        [
            "-P",
            str(Path(__file__).with_name("chalice_gateway.py")),
            str(front),
            str(deployments),
            function,
        ],
    ]
    with (directory / "log").open("w") as log:
        servers = [
            subprocess.Popen(  # noqa: S603 - our own arguments
                [sys.executable, *command], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
            for command in commands
        ]
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        try:
            wait_until(lambda: _answers(f"{endpoint}/moto-api/"))
            yield World(directory, f"http://127.0.0.1:{front}")
        finally:
            del os.environ["AWS_ENDPOINT_URL"]
            boto3.DEFAULT_SESSION = None
            for server in servers:
                server.terminate()
                server.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - ours
            return bool(answer.status == 200)
    except OSError:
        time.sleep(0.1)
        return False


def snapshot() -> dict[str, Any]:
    """Give everything in the account as it is set; code by its hash."""
    functions, gateway = boto3.client("lambda"), boto3.client("apigateway")
    iam, apis = boto3.client("iam"), gateway.get_rest_apis()["items"]
    content = {
        "functions": functions.list_functions()["Functions"],
        "mappings": functions.list_event_source_mappings()["EventSourceMappings"],
        "roles": roles(),
        "apis": apis,
        "routes": [_routes(api["id"]) for api in apis],
        "answers": [gateway.get_gateway_responses(restApiId=api["id"])["items"] for api in apis],
        "stages": [gateway.get_stages(restApiId=api["id"])["item"] for api in apis],
        "policies": iam.list_policies(Scope="Local")["Policies"],
        "rules": boto3.client("events").list_rules()["Rules"],
        "logs": boto3.client("logs").describe_log_groups()["logGroups"],
        "secrets": boto3.client("ssm").describe_parameters()["Parameters"],
        "stacks": boto3.client("cloudformation").list_stacks()["StackSummaries"],
        "queues": boto3.client("sqs").list_queues().get("QueueUrls", []),
        "tables": boto3.client("dynamodb").list_tables()["TableNames"],
    }
    found: dict[str, Any] = json.loads(json.dumps(_settled(content), default=str))
    return found


def roles() -> dict[str, list[Any]]:
    """Give the statements of every role, by the role's name."""
    iam = boto3.client("iam")
    return {
        role["RoleName"]: [
            statement
            for policy in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
            for statement in iam.get_role_policy(RoleName=role["RoleName"], PolicyName=policy)[
                "PolicyDocument"
            ]["Statement"]
        ]
        for role in iam.list_roles()["Roles"]
    }


def _routes(api: str) -> dict[str, Any]:
    """Give the methods of every path; a path's id is new with every import."""
    items = boto3.client("apigateway").get_resources(restApiId=api, limit=500)["items"]
    return {item["path"]: item.get("resourceMethods", {}) for item in items}


def _settled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _settled(one) for key, one in value.items() if key not in _OF_THE_MOMENT}
    return [_settled(one) for one in value] if isinstance(value, list) else value
