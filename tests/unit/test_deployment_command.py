"""How a deployment's command ends."""

import argparse

import pytest
from botocore.exceptions import NoCredentialsError, NoRegionError

from tools.deployment import command
from tools.deployment.chalice_cli import ChaliceError


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (command.RefusedError("there is no stack; run: make tables"), 1, "run: make tables"),
        (NoRegionError(), 3, "AWS_DEFAULT_REGION"),
        (NoCredentialsError(), 3, "AWS_PROFILE"),
    ],
)
def test_a_failure_is_one_line_with_the_way_out(
    capsys: pytest.CaptureFixture[str], error: Exception, status: int, said: str
) -> None:
    def work() -> None:
        raise error

    assert command.run("tools.x", work) == status
    complaint = capsys.readouterr().err
    assert complaint.startswith("tools.x: ")
    assert said in complaint
    assert complaint.count("\n") == 1


def test_chalices_traceback_is_left_out_and_its_reason_is_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = (
        "Creating Rest API\n"
        "Traceback (most recent call last):\n"
        '  File "x.py", line 1, in y\n'
        "botocore.exceptions.ClientError: one\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        "Traceback (most recent call last):\n"
        '  File "x.py", line 2, in z\n'
        "chalice.deploy.deployer.ChaliceDeploymentError: ERROR - no such role\n"
    )

    def work() -> None:
        raise ChaliceError(said)

    assert command.run("tools.x", work) == 1
    complaint = capsys.readouterr().err
    assert "Traceback" not in complaint
    assert "File" not in complaint
    assert "ERROR - no such role" in complaint
    assert "Creating Rest API" in complaint


@pytest.mark.parametrize("text", ["-1", "1.5", "", "\N{ARABIC-INDIC DIGIT ONE}", "1e3", "9" * 16])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        command.whole_number(text)
