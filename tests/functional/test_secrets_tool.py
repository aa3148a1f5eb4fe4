"""`make secrets` in an account on moto: what it makes, and what it never shows."""

import io

import boto3
import pytest

from chalicelib.settings import Secrets
from tests.functional.conftest import Run
from tools import secrets
from tools.deployment import command


def value(name: str) -> str:
    found = boto3.client("ssm").get_parameter(Name=name, WithDecryption=True)
    return found["Parameter"]["Value"]


def test_missing_secrets_are_made_and_the_service_takes_them(run: Run) -> None:
    status, said, _ = run(secrets, "dev")

    assert status == command.DONE
    found = Secrets(
        {
            "READER_SECRET": value("/plaudit/dev/reader-secret"),
            "SIGNING_SECRETS": value("/plaudit/dev/signing-secrets"),
        }
    )
    assert len(found.signing_secrets) == 1
    assert found.reader_secret.decode() not in said
    assert value("/plaudit/dev/signing-secrets") not in said
    for one in boto3.client("ssm").describe_parameters()["Parameters"]:
        assert one["Type"] == "SecureString"


def test_secrets_that_exist_are_neither_changed_nor_shown(run: Run) -> None:
    run(secrets, "dev")
    names = [f"/plaudit/dev/{name}" for name in ("reader-secret", "signing-secrets")]
    before = [value(name) for name in names]

    _, said, _ = run(secrets, "dev")

    assert [value(name) for name in names] == before
    assert said.splitlines() == [f"{name}  exists" for name in names]


def test_a_stage_that_needs_no_more_lacks_nothing(run: Run) -> None:
    run(secrets, "dev")

    assert secrets.present(boto3.client("ssm"), "/plaudit/dev") == {
        "reader-secret",
        "signing-secrets",
    }
    assert secrets.missing("dev") == []


def test_a_rotated_signing_secret_stands_before_the_old_one(run: Run) -> None:
    run(secrets, "dev")
    old = value("/plaudit/dev/signing-secrets")

    status, said, _ = run(secrets, "dev", "--rotate", "signing")

    new, kept = value("/plaudit/dev/signing-secrets").split(",")
    assert (status, kept) == (command.DONE, old)
    assert new != old
    assert new not in said


def test_there_must_be_a_secret_to_rotate(run: Run) -> None:
    status, _, complaint = run(secrets, "dev", "--rotate", "signing")

    assert status == command.FAILED
    assert "make secrets STAGE=dev" in complaint


def test_the_captcha_secret_comes_from_the_environment_or_standard_input(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAPTCHA_SECRET", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    refused, _, complaint = run(secrets, "prod")
    monkeypatch.setattr("sys.stdin", io.StringIO("of-the-provider\n"))
    made, said, _ = run(secrets, "prod")

    assert (refused, made) == (command.FAILED, command.DONE)
    assert "CAPTCHA_SECRET" in complaint
    assert value("/plaudit/prod/captcha-secret") == "of-the-provider"
    assert "of-the-provider" not in said


def test_a_key_of_akismet_is_stored_where_there_is_one(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKISMET_KEY", "of-akismet")

    _, said, _ = run(secrets, "dev")

    assert value("/plaudit/dev/akismet-key") == "of-akismet"
    assert "of-akismet" not in said
