"""
One contender's process for warm measurements; a file that runs without the rest of `bench`.

    python -S -P bench/loop.py MODULE.HANDLER

The first line of its input is JSON: `event`, and `answers`, the bodies of
DynamoDB's by operation. Each further line is a number of invocations; the
processor time that they took is printed, in microseconds. DynamoDB answers
below botocore's HTTP, so that everything above is as in Lambda.
"""

import importlib
import io
import json
import os
import sys
import time
from typing import Any

from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.httpsession import URLLib3Session


class Context:
    """What Lambda tells a handler of its invocation."""

    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_name = "bench"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:bench"
    memory_limit_in_mb = 512
    log_group_name = log_stream_name = "bench"
    identity = client_context = None

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Give Lambda's time limit, untouched."""
        return 30_000


def answer_with(answers: dict[str, str]) -> None:
    """Let every client of this process get these bodies for its requests."""
    bodies = {operation: text.encode() for operation, text in answers.items()}

    def send(_: URLLib3Session, request: Any) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
        headers: Any = HeadersDict({"Content-Type": "application/x-amz-json-1.0"})
        response = AWSResponse(request.url, 200, headers, io.BytesIO())
        vars(response)["_content"] = bodies[operation]  # where a body that was read is kept
        return response

    setattr(URLLib3Session, "send", send)  # noqa: B010 - a method of a class that has types


def main() -> None:
    """Serve the parent until it closes the pipe."""
    said = os.fdopen(os.dup(1), "w", buffering=1)
    # What handlers log is written too, but not to the parent.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    asked = json.loads(sys.stdin.readline())
    answer_with(asked["answers"])
    module, _, name = sys.argv[1].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    event, context = asked["event"], Context()
    said.write(json.dumps(handler(event, context)) + "\n")
    for line in sys.stdin:
        invocations = int(line)
        started = time.process_time_ns()
        for _ in range(invocations):
            handler(event, context)
        said.write(f"{(time.process_time_ns() - started) / 1000 / invocations}\n")


if __name__ == "__main__":
    main()
