"""The client of a peer that knows what boto3 costs; packaged as `client.py`."""

from typing import Any

from botocore.session import get_session

dynamodb: Any = get_session().create_client("dynamodb")
