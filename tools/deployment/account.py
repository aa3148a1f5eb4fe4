"""Whose account and which region the commands work in."""

from typing import NamedTuple

import boto3

from tools.deployment.command import PATIENT


class Account(NamedTuple):
    """Where a stage is deployed; `partition` is `aws`, `aws-cn` or `aws-us-gov`."""

    number: str
    region: str
    partition: str

    def function(self, name: str) -> str:
        """Give the ARN of a function."""
        return f"arn:{self.partition}:lambda:{self.region}:{self.number}:function:{name}"

    def placeholders(self, stage: str) -> dict[str, str]:
        """Give what CloudFormation would put in place of its own names."""
        return {
            "AWS::AccountId": self.number,
            "AWS::Region": self.region,
            "AWS::Partition": self.partition,
            "Stage": stage,
        }


def current() -> Account:
    """
    Ask who we are.

    Raises:
        NoRegionError: No region is set.
        NoCredentialsError: There are no credentials.
        ClientError: They are refused, or have expired.
    """
    # A global STS would answer without a region, and the first call that needs one would fail.
    region = boto3.client("ssm", config=PATIENT).meta.region_name
    identity = boto3.client("sts", config=PATIENT).get_caller_identity()
    return Account(identity["Account"], region, identity["Arn"].split(":")[1])
