"""
API Gateway and Lambda before what Chalice deployed; moto runs no function without Docker.

    python chalice_gateway.py PORT DEPLOYMENTS FUNCTION

Reads the function's settings and the gateway's own answers from the account,
and the zip from where Chalice left it, once its hash is the deployed one's.
"""

import hashlib
import importlib
import json
import os
import re
import sys
import tempfile
import zipfile
from base64 import b64encode
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3

PORT, DEPLOYMENTS, FUNCTION = sys.argv[1:]


@cache
def deployed() -> Any:
    """Import the app from the zip that is deployed, in the function's environment."""
    found = boto3.client("lambda").get_function_configuration(FunctionName=FUNCTION)
    os.environ.update(found["Environment"]["Variables"])
    (package,) = (
        path for path in Path(DEPLOYMENTS).glob("*.zip") if sha256(path) == found["CodeSha256"]
    )
    directory = tempfile.mkdtemp()
    with zipfile.ZipFile(package) as archive:
        archive.extractall(directory)
    sys.path.insert(0, directory)
    return importlib.import_module("app").app


def sha256(path: Path) -> str:
    """Give a file's hash as Lambda names it."""
    return b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()


def missing() -> Any:
    """Give what the gateway answers where there is no route."""
    client = boto3.client("apigateway")
    (api,) = client.get_rest_apis()["items"]
    return client.get_gateway_response(
        restApiId=api["id"], responseType="MISSING_AUTHENTICATION_TOKEN"
    )


class Handler(BaseHTTPRequestHandler):
    """Makes a proxy event of a request and a response of what the function gives."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        for route in deployed().routes:
            match = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route), path)
            if match:
                self._invoke(route, match.groupdict(), body)
                return
        answer = missing()
        headers = {
            name.rpartition(".")[2]: value.strip("'")
            for name, value in answer["responseParameters"].items()
        }
        text = answer["responseTemplates"]["application/json"]
        self._answer(int(answer["statusCode"]), headers, text)

    do_POST = do_GET  # noqa: N815 - the base's name

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing."""

    def _invoke(self, route: str, parameters: dict[str, str], body: str) -> None:
        address = urlsplit(self.path)
        event = {
            "headers": dict(self.headers.items()),
            "multiValueHeaders": {name: [value] for name, value in self.headers.items()},
            "multiValueQueryStringParameters": parse_qs(address.query) or None,
            "pathParameters": parameters or None,
            "stageVariables": None,
            "requestContext": {
                "resourcePath": route,
                "httpMethod": self.command,
                "path": unquote(address.path),
                "requestId": "a-request",
                "identity": {"sourceIp": "127.0.0.1"},
            },
            "body": body or None,
            "isBase64Encoded": False,
        }
        answer = json.loads(json.dumps(deployed()(event, None)))
        headers = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        self._answer(answer["statusCode"], {**headers, **answer["headers"]}, answer["body"])

    def _answer(self, status: int, headers: dict[str, str], text: str) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(PORT)), Handler).serve_forever()
