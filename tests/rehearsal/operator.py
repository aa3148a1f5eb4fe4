"""The operator's commands as processes of their own, with the emulator for AWS."""

import subprocess
from subprocess import CompletedProcess

from tests.packaging import built
from tests.rehearsal.emulator import REGION, Emulator


def run(emulator: Emulator, *arguments: str, **environ: str) -> CompletedProcess[str]:
    """
    Run Python with arguments, as the account's administrator.

    Args:
        environ: Besides the environment of the one who runs the tests.
    """
    return subprocess.run(  # noqa: S603 - our own commands
        [str(built.PYTHON), *arguments],
        cwd=built.ROOT,
        env={
            **built.environment(),
            "AWS_ENDPOINT_URL": emulator.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            **environ,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def succeed(emulator: Emulator, *arguments: str, **environ: str) -> str:
    """Run a command that must succeed; gives what it printed."""
    done = run(emulator, *arguments, **environ)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
