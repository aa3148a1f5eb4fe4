"""The client of the peers, as everybody makes one."""

import boto3

dynamodb = boto3.client("dynamodb")
