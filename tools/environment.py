"""What a stage tells its Lambdas in `.chalice/config.json`, checked before they are told."""

from chalicelib.settings import Settings, SettingsError
from tools.deployment import staging
from tools.deployment.staging import StageError


def check(stage: str) -> None:
    """
    Refuse what the Lambdas would refuse to serve with.

    Raises:
        StageError: There is no such stage, or a setting of it is missing or malformed.
    """
    told = staging.settings(stage)["stages"][stage]["environment_variables"]
    try:
        Settings(told).check()
    except SettingsError as error:
        msg = f"stage {stage} in .chalice/config.json: {error}"
        raise StageError(msg) from None
