"""What a stage tells its Lambdas in `.chalice/config.json`, checked before they are told."""

from typing import Final

from chalicelib.settings import Settings, SettingsError
from tools.deployment import staging
from tools.deployment.staging import StageError

_ALWAYS: Final = (
    "moderation",
    "captcha",
    "limits",
    "cors_origins",
    "cors_editor_origins",
    "site_url",
)
_WITH_CAPTCHA: Final = ("captcha_hostnames", "captcha_score", "captcha_down")


def check(stage: str) -> None:
    """
    Refuse what the Lambdas would refuse to serve with.

    Raises:
        StageError: There is no such stage, or a setting of it is missing or malformed.
    """
    told = staging.settings(stage)["stages"][stage]["environment_variables"]
    known = Settings(told)
    try:
        for name in _ALWAYS + (() if known.captcha == "off" else _WITH_CAPTCHA):
            getattr(known, name)
    except SettingsError as error:
        msg = f"stage {stage} in .chalice/config.json: {error}"
        raise StageError(msg) from None
