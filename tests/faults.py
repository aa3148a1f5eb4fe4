"""
Faults of DynamoDB, injected into a client through botocore's event system.

    throttle     refused with a throttling error              nothing committed
    internal     refused with InternalServerError             nothing committed
    conflict     refused because of another transaction       nothing committed
    timeout      ReadTimeoutError before the request is sent  nothing committed
    held_back    keys of a BatchGetItem are left unprocessed, all but the first;
                 a single one too
    lost_answer  ReadTimeoutError after the answer            committed
    repeated     the SDK sends the request a second time, as  committed
                 after a lost answer that it noticed itself

`conflict` happens to writes and `held_back` to BatchGetItem; any other call
that is told to fail so goes through. One call of the client is one call here,
however often the SDK sends it. What asks whose an editor's key is, as each of
their routes does before all else, is neither counted nor made to fail.

    with Faults(client.dynamodb()) as faults:
        faults.fail(2, "lost_answer")   # the second call from now
        api.post(...)
    assert faults.fired == ["UpdateItem"]

`meanwhile` puts a race where it hurts: it runs something right before a call.

Source:
    Events: botocore.amazonaws.com/v1/documentation/api/latest/topics/events.html
    moto answers in `before-send` and runs every handler of it, so a handler
    there could not keep a write from being committed.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError

from chalicelib.store import keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Kind: TypeAlias = Literal[
    "throttle", "internal", "conflict", "timeout", "held_back", "lost_answer", "repeated"
]

UNCOMMITTED: Final[tuple[Kind, ...]] = ("throttle", "internal", "conflict", "timeout")
COMMITTED: Final[tuple[Kind, ...]] = ("lost_answer", "repeated")

_WRITES: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})


class Faults:
    """
    Counts the calls of a client and lets chosen ones fail, until it is closed.

    Attributes:
        calls: Operations that were called, `["GetItem", "TransactWriteItems"]`,
            failed ones included.
        fired: Operations that a fault was injected into.
    """

    def __init__(self, client: "DynamoDBClient") -> None:
        self.calls: list[str] = []
        self.fired: list[str] = []
        self._planned: dict[int, Kind] = {}
        self._interludes: dict[int, Callable[[], object]] = {}
        self._asked: dict[str, Any] = {}
        self._is_aside = False
        self._events = client.meta.events
        # First, before the SDK's own handlers have decided about a repetition.
        for event, handler in self._handlers.items():
            self._events.register_first(event, handler)

    @property
    def _handlers(self) -> dict[str, Callable[..., Any]]:
        return {
            "before-parameter-build.dynamodb": self._meanwhile,
            "before-call.dynamodb": self._before,
            "needs-retry.dynamodb": self._needs_retry,
            "after-call.dynamodb": self._after,
        }

    def fail(self, k: int, kind: Kind, times: int = 1) -> None:
        """
        Plan a fault for the k-th call from now, and for those that follow it.

        Args:
            k: 1 for the next call.
            times: How many calls in a row.
        """
        for number in range(k, k + times):
            self._planned[len(self.calls) + number] = kind

    def meanwhile(self, k: int, action: Callable[[], object]) -> None:
        """
        Plan something that happens right before the k-th call from now.

        Args:
            action: May use the same client; its calls are counted.
        """
        self._interludes[len(self.calls) + k] = action

    def clear(self) -> None:
        """Forget what was planned and did not come to pass; go on counting."""
        self._planned.clear()
        self._interludes.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for event, handler in self._handlers.items():
            self._events.unregister(event, handler)

    def _is_next(self, *kinds: Kind) -> bool:
        return not self._is_aside and self._planned.get(len(self.calls)) in kinds

    def _meanwhile(self, params: dict[str, Any], **_: object) -> None:
        is_aside = params.get("Key", {}).get("pk") == {"S": keys.EDITORS}
        action = None if is_aside else self._interludes.pop(len(self.calls) + 1, None)
        if action is not None:
            action()
        self._is_aside = is_aside

    def _before(
        self, model: Any, params: dict[str, Any], **_: object
    ) -> tuple[AWSResponse, dict[str, Any]] | None:
        if self._is_aside:
            return None
        operation = model.name
        self.calls.append(operation)
        asked = self._asked = json.loads(params["body"])
        if self._is_next("timeout"):
            self.fired.append(operation)
            raise ReadTimeoutError(endpoint_url="before")
        parsed: dict[str, Any] | None = None
        if self._is_next("throttle"):
            parsed = _refusal(asked, "ThrottlingError", "ThrottlingException")
        elif self._is_next("internal"):
            parsed = {"Error": {"Code": "InternalServerError", "Message": "injected"}}
        elif self._is_next("conflict") and operation in _WRITES:
            parsed = _refusal(asked, "TransactionConflict", "TransactionConflictException")
        if parsed is None:
            return None
        self.fired.append(operation)
        return AWSResponse("injected", 400, HTTPHeaders(), None), parsed

    def _needs_retry(self, operation: Any, attempts: int, **_: object) -> float | None:
        if not self._is_next("repeated") or attempts > 1:
            return None
        self.fired.append(operation.name)
        return 0.0

    def _after(self, model: Any, parsed: dict[str, Any], **_: object) -> None:
        if self._is_next("lost_answer"):
            self.fired.append(model.name)
            raise ReadTimeoutError(endpoint_url="after")
        if self._is_next("held_back") and model.name == "BatchGetItem":
            self.fired.append(model.name)
            _hold_back(self._asked["RequestItems"], parsed)


def _hold_back(asked: dict[str, Any], answer: dict[str, Any]) -> None:
    wanted = [(table, key) for table, request in asked.items() for key in request["Keys"]]
    for table, key in wanted[1:] or wanted:
        held = answer["UnprocessedKeys"].setdefault(table, {**asked[table], "Keys": []})
        held["Keys"].append(key)
        rows = answer["Responses"].get(table, [])
        rows[:] = [row for row in rows if not key.items() <= row.items()]


def _refusal(asked: dict[str, Any], reason: str, code: str) -> dict[str, Any]:
    """Refuse a request in the form of its operation: a transaction gives a reason per action."""
    if "TransactItems" not in asked:
        return {"Error": {"Code": code, "Message": "injected"}}
    others = [{"Code": "None"} for _ in asked["TransactItems"][1:]]
    return {
        "Error": {"Code": "TransactionCanceledException", "Message": "injected"},
        "CancellationReasons": [*others, {"Code": reason, "Message": "injected"}],
    }
