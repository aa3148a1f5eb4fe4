"""
moto's server in a process of its own; the port is the first argument.

Its one gap on the way of `chalice deploy` is bridged: moto imports OpenAPI 3
with a description and refuses Swagger 2, which is what Chalice writes; and it
wants an address in every integration, which that of a preflight request has
not. What moto reads, paths, methods and integrations, stands in the same
places of both. To be deleted when moto takes Swagger 2.

Source:
    moto 5.2.5, moto/apigateway/models.py: `put_rest_api`
"""

import sys
from typing import Any, Final, TypeAlias

from moto.apigateway.models import APIGatewayBackend, RestAPI
from moto.server import main

Document: TypeAlias = dict[str, Any]

_INTEGRATION: Final = "x-amazon-apigateway-integration"
_put = APIGatewayBackend.put_rest_api
_import = APIGatewayBackend.import_rest_api


def _put_swagger(
    self: APIGatewayBackend, function_id: str, api_doc: Document, *rest: Any, **named: Any
) -> RestAPI:
    return _put(self, function_id, _as_openapi(api_doc), *rest, **named)


def _import_swagger(
    self: APIGatewayBackend, api_doc: Document, *rest: Any, **named: Any
) -> RestAPI:
    return _import(self, _as_openapi(api_doc), *rest, **named)


def _as_openapi(document: Document) -> Document:
    paths = {
        path: {method: _whole(operation) for method, operation in operations.items()}
        for path, operations in document["paths"].items()
    }
    info = {"description": "", **document["info"]}
    others = {key: value for key, value in document.items() if key != "swagger"}
    return {**others, "openapi": "3.0.1", "info": info, "paths": paths}


def _whole(operation: Document) -> Document:
    integration = {"uri": "", "httpMethod": "", **operation[_INTEGRATION]}
    return {**operation, _INTEGRATION: integration}


APIGatewayBackend.put_rest_api = _put_swagger  # type: ignore[method-assign]
APIGatewayBackend.import_rest_api = _import_swagger  # type: ignore[method-assign]

if __name__ == "__main__":
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
