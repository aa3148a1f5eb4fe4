"""
What the environment says, read when it is first needed.

The only module that reads `os.environ` for settings. Each Lambda needs only
some of them, so each is checked when it is read and not before; a missing or
malformed one refuses to serve and never falls back to a guess.
"""

import base64
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Final, NamedTuple

MODERATIONS: Final = ("publish_first", "approve_first")
CAPTCHAS: Final = ("off", "turnstile", "hcaptcha", "recaptcha", "recaptcha_v3")
ON_OUTAGE: Final = ("refuse", "moderate")
ON_OFF: Final = ("off", "on")
SCOPES: Final = ("network", "reader", "article", "site")
_SHORTEST_SECRET = 32
_SHORTEST_KEY: Final = 24
"""Bytes; the least that the specification of webhooks allows."""
# Generous to a school behind one address, and far below what would cost an owner a coffee:
# docs/operations.md, "Limits".
_LIMITS: Final = "network=60/10m reader=10/1h article=500/1h site=2000/1h site=20000/1d"
# At home everybody is one network, and a developer is one reader.
_LOCAL_LIMITS: Final = "network=1000/10m reader=1000/1h article=1000/1h site=5000/1h site=20000/1d"
_LIMIT: Final = re.compile(r"([a-z]+)=([1-9][0-9]{0,6})/([1-9][0-9]?)([mhd])", re.ASCII)
_LIFETIME: Final = re.compile(r"(spam|rejected)=(?:off|([1-9][0-9]{0,3})d)", re.ASCII)
_MOST_DAYS: Final = 3650
_SCORE: Final = re.compile(r"0(\.[0-9]+)?|1(\.0+)?", re.ASCII)
# As browsers write them, who leave out a port that goes without saying: one that is listed would
# never be met. www.rfc-editor.org/rfc/rfc6454#section-6.2
_ORIGIN: Final = re.compile(
    r"(?!http:.*:80\Z|https:.*:443\Z)https?://[a-z0-9.-]+(:[1-9][0-9]{0,4})?", re.ASCII
)
# Akismet wants it whole. akismet.com/developers/detailed-docs/comment-check
_SITE: Final = re.compile(r"https?://[a-z0-9.-]+(:[1-9][0-9]{0,4})?(/[!-~]*)?", re.ASCII)
# An address alone, or with a name: Plaudit <reviews@example.org>
_MAILBOX: Final = re.compile(
    r"(?:[^<>\"@,;:\x00-\x1f]{1,60} <)?[a-z0-9._%+-]{1,64}@[a-z0-9.-]{1,190}(>?)",
    re.ASCII | re.IGNORECASE,
)
_CONSENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", re.ASCII)
_LONGEST_CONSENT: Final = 2000
"""Bytes; all settings of a Lambda may have 4 KB together."""
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86400}


class SettingsError(Exception):
    """A setting is missing or malformed. The message never holds its value."""


class Limit(NamedTuple):
    """
    How much is taken in.

    Attributes:
        scope: Of whom: one of `SCOPES`.
        most: Submissions in any span of the window; of a network, attempts.
        window: Seconds.
    """

    scope: str
    most: int
    window: int


class Retention(NamedTuple):
    """
    How long after its last change a review is kept that only editors see; None for without end.

    Attributes:
        spam: What is taken for spam.
        rejected: What an editor rejected.
    """

    spam: timedelta | None = timedelta(days=30)
    rejected: timedelta | None = None


class Consent(NamedTuple):
    """
    What readers are asked to agree to when they review.

    Attributes:
        revision: Name of the text, `[A-Za-z0-9._-]{1,40}`; another text has another one.
        text: In plain words, one line or several.
    """

    revision: str
    text: str


class Webhook(NamedTuple):
    """
    Who is told of what takes place.

    Attributes:
        url: Where; it may itself be a secret.
        secrets: What is said is signed with each, 24 bytes or more.
    """

    url: str
    secrets: tuple[bytes, ...]


class SignIn(NamedTuple):
    """
    Where editors sign in who have no key.

    Attributes:
        issuer: Of an OpenID Connect provider, exactly as its tokens say it.
        audience: Whom its tokens must be for: the client's id.
    """

    issuer: str
    audience: str


class _Texts:
    """Named texts of which each is checked when it is read."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)

    def _required(self, name: str) -> str:
        value = self._texts.get(name, "")
        if not value:
            msg = f"{name} is not set"
            raise SettingsError(msg)
        return value


class Secrets(_Texts):
    """What must not be seen, by the names of the environment."""

    @cached_property
    def reader_secret(self) -> bytes:
        """
        Key of the reader hashes; at least 32 characters.

        It must never change: a new one makes every reader a stranger, so that
        one person could review an article twice.
        """
        return self._secret("READER_SECRET", self._required("READER_SECRET"))

    @cached_property
    def signing_secrets(self) -> tuple[bytes, ...]:
        """
        Keys of cursors and manage tokens, comma-separated, newest first.

        The first signs; all verify, so that a key is rotated by putting a new
        one in front and dropping the old one later.
        """
        names = self._required("SIGNING_SECRETS").split(",")
        return tuple(self._secret("SIGNING_SECRETS", name.strip()) for name in names)

    @cached_property
    def captcha_secret(self) -> str:
        """The provider's secret."""
        return self._required("CAPTCHA_SECRET")

    @cached_property
    def akismet_key(self) -> str | None:
        """The site's key of Akismet; None without one."""
        return self._texts.get("AKISMET_KEY") or None

    @cached_property
    def webhook_urls(self) -> tuple[Webhook, ...]:
        """
        Who is told of what takes place, a line each: `URL whsec_…`.

        Two secrets on a line sign both, for the time in which a receiver changes from one to the
        other.
        """
        lines = self._texts.get("WEBHOOK_URLS", "").splitlines()
        found = tuple(self._webhook(*line.split()) for line in lines if line.strip())
        if len({webhook.url for webhook in found}) < len(found):
            msg = "WEBHOOK_URLS must not name an address twice"
            raise SettingsError(msg)
        return found

    @staticmethod
    def _webhook(url: str, *texts: str) -> Webhook:
        try:
            secrets = tuple(
                base64.b64decode(text.removeprefix("whsec_"), validate=True)
                for text in texts
                if text.startswith("whsec_")
            )
        except ValueError:
            secrets = ()
        is_signed = 0 < len(secrets) == len(texts)
        is_strong = all(len(one) >= _SHORTEST_KEY for one in secrets)
        if _SITE.fullmatch(url) is None or "#" in url or not (is_signed and is_strong):
            msg = "WEBHOOK_URLS must be lines like https://hooks.example.org whsec_<base64>"
            raise SettingsError(msg)
        return Webhook(url, secrets)

    @staticmethod
    def _secret(name: str, value: str) -> bytes:
        if len(value) < _SHORTEST_SECRET:
            msg = f"{name} must have at least {_SHORTEST_SECRET} characters"
            raise SettingsError(msg)
        return value.encode()


def _is_mailbox(text: str) -> bool:
    found = _MAILBOX.fullmatch(text)
    return found is not None and ("<" in text) == bool(found[1])


def _host(origin: str) -> str:
    return origin.partition("://")[2].partition(":")[0]


class Settings(_Texts):
    """The settings of one process. Lives as long as the Lambda container."""

    _OF_ALL: Final = (
        "moderation",
        "captcha",
        "limits",
        "cors_origins",
        "cors_editor_origins",
        "site_url",
        "webhooks",
        "mail_from",
        "mail_editors",
        "manage_url",
        "digest_hour",
        "retention",
        "consent",
        "sign_in",
    )
    _WITH_CAPTCHA: Final = ("captcha_hostnames", "captcha_score", "captcha_down")

    def check(self) -> None:
        """
        Read every setting that requests are served by, before one needs it.

        Raises:
            SettingsError: One is missing or malformed.
        """
        for name in self._OF_ALL:
            getattr(self, name)
        if self.captcha != "off":
            for name in self._WITH_CAPTCHA:
                getattr(self, name)
        if self.mail_from is not None:
            _ = self.public_url

    @cached_property
    def stage(self) -> str:
        """Name of the deployment: `local`, `dev`, `prod`."""
        return self._required("STAGE")

    @cached_property
    def release(self) -> str:
        """What is deployed, for `/health`: a tag or a commit."""
        return self._texts.get("RELEASE", "unreleased")

    @cached_property
    def content_table(self) -> str:
        """Table of articles and reviews."""
        return self._required("CONTENT_TABLE")

    @cached_property
    def derived_table(self) -> str:
        """Table of tallies, ledger and listings."""
        return self._required("DERIVED_TABLE")

    @cached_property
    def secrets_path(self) -> str | None:
        """Where the secrets are in Parameter Store: `/plaudit/prod`; None: in the environment."""
        return self._texts.get("SECRETS_PATH") or None

    @cached_property
    def secrets(self) -> Secrets:
        """The secrets of the environment, for a laptop and for tests."""
        return Secrets(self._texts)

    @cached_property
    def site_url(self) -> str | None:
        """Address of the site that the reviews are shown on, for Akismet; None without one."""
        url = self._texts.get("SITE_URL") or None
        if url is not None and _SITE.fullmatch(url) is None:
            msg = "SITE_URL must be an address like https://www.example.org/reviews"
            raise SettingsError(msg)
        return url

    @cached_property
    def moderation(self) -> str:
        """Whether a review is public at once (`publish_first`, unless told) or after a decision."""
        return self._one_of(
            "MODERATION", MODERATIONS, self._texts.get("MODERATION", "publish_first")
        )

    @cached_property
    def captcha(self) -> str:
        """
        Captcha provider, or `off`.

        Outside the stage `local` it must be said: a forgotten setting may not
        open the intake.
        """
        default = "off" if self.stage == "local" else None
        return self._one_of("CAPTCHA", CAPTCHAS, self._texts.get("CAPTCHA", default))

    @cached_property
    def captcha_down(self) -> str:
        """What becomes of a submission whose captcha nobody can check: `refuse` or `moderate`."""
        return self._one_of("CAPTCHA_DOWN", ON_OUTAGE, self._texts.get("CAPTCHA_DOWN", "refuse"))

    @cached_property
    def captcha_score(self) -> float:
        """The least score of reCAPTCHA v3, from 0 for a machine to 1 for a person."""
        text = self._texts.get("CAPTCHA_SCORE", "0.5")
        if _SCORE.fullmatch(text) is None:
            msg = "CAPTCHA_SCORE must be a number from 0 to 1"
            raise SettingsError(msg)
        return float(text)

    @cached_property
    def captcha_hostnames(self) -> frozenset[str] | None:
        """
        Hosts of the pages that a captcha may be solved on; those of `CORS_ORIGINS` unless told.

        Returns:
            None for any, in the stage `local` alone.
        """
        names = self._texts.get("CAPTCHA_HOSTNAMES", "")
        told = {name.strip().lower() for name in names.split(",") if name.strip()}
        of_origins = {_host(origin) for origin in self.cors_origins if origin != "*"}
        hosts = told or of_origins
        if not hosts and self.stage != "local":
            msg = "CAPTCHA_HOSTNAMES is not set, and CORS_ORIGINS names no host"
            raise SettingsError(msg)
        return frozenset(hosts) or None

    @cached_property
    def webhooks(self) -> bool:
        """Whether the addresses in the secret `webhooks` are told of what takes place."""
        return self._one_of("WEBHOOKS", ON_OFF, self._texts.get("WEBHOOKS") or "off") == "on"

    @cached_property
    def mail_from(self) -> str | None:
        """Mailbox that mail comes from, `Plaudit <reviews@example.org>`; None: there is none."""
        return next(iter(self._mailboxes("MAIL_FROM", most=1)), None)

    @cached_property
    def mail_editors(self) -> tuple[str, ...]:
        """Mailboxes of editors who are told of what waits for them, comma-separated."""
        return self._mailboxes("MAIL_EDITORS", most=20)

    @cached_property
    def public_url(self) -> str:
        """Address of this API as the world calls it, `https://api.example.org/v1`."""
        return self._address("PUBLIC_URL", self._required("PUBLIC_URL"))

    @cached_property
    def manage_url(self) -> str | None:
        """
        Page of the front end where readers edit and withdraw.

        Without it no reader is written to.
        """
        url = self._texts.get("MANAGE_URL") or None
        return url and self._address("MANAGE_URL", url)

    @cached_property
    def digest_hour(self) -> int | None:
        """Hour of the day, UTC, after which editors get the daily digest; None for never."""
        text = self._texts.get("DIGEST_HOUR") or "off"
        if text == "off":
            return None
        if re.fullmatch(r"1?[0-9]|2[0-3]", text, re.ASCII) is None:
            msg = "DIGEST_HOUR must be off or an hour from 0 to 23"
            raise SettingsError(msg)
        return int(text)

    @cached_property
    def retention(self) -> Retention:
        """
        How long spam and rejected reviews are kept, `spam=30d rejected=off`.

        What is not said is as it is there.
        """
        told = [self._lifetime(part) for part in self._texts.get("RETENTION", "").split()]
        if len(dict(told)) < len(told):
            msg = "RETENTION must not name a status twice"
            raise SettingsError(msg)
        return Retention(**dict(told))

    @cached_property
    def consent(self) -> Consent | None:
        """What readers are asked to agree to; None: they are not asked."""
        revision = self._texts.get("CONSENT_REVISION", "")
        text = self._texts.get("CONSENT_TEXT", "")
        if not revision and not text:
            return None
        if _CONSENT.fullmatch(revision) is None:
            msg = "CONSENT_REVISION must be 1 to 40 of A-Z, a-z, 0-9, . _ and -, with CONSENT_TEXT"
            raise SettingsError(msg)
        is_plain = all(one.isprintable() or one == "\n" for one in text)
        if not text.strip() or len(text.encode()) > _LONGEST_CONSENT or not is_plain:
            msg = f"CONSENT_TEXT must be 1 to {_LONGEST_CONSENT} bytes, with CONSENT_REVISION"
            raise SettingsError(msg)
        return Consent(revision, text)

    @staticmethod
    def _lifetime(text: str) -> tuple[str, timedelta | None]:
        found = _LIFETIME.fullmatch(text)
        days = int(found[2] or 0) if found else 0
        if found is None or days > _MOST_DAYS:
            msg = f"RETENTION must be like spam=30d rejected=off, of up to {_MOST_DAYS} days"
            raise SettingsError(msg)
        return found[1], timedelta(days) if days else None

    @cached_property
    def sign_in(self) -> SignIn | None:
        """The provider that editors may sign in with; None: they have keys and nothing else."""
        issuer, audience = (
            self._texts.get(name) or "" for name in ("OIDC_ISSUER", "OIDC_AUDIENCE")
        )
        if bool(issuer) != bool(audience):
            msg = "OIDC_ISSUER and OIDC_AUDIENCE must be set together"
            raise SettingsError(msg)
        if not issuer:
            return None
        # As it stands, with or without a slash at its end: tokens are compared with it.
        self._address("OIDC_ISSUER", issuer)
        return SignIn(issuer, audience)

    @cached_property
    def notices_folder(self) -> Path | None:
        """Folder for what is not sent but kept, in the stage `local` alone; None: it is sent."""
        text = self._texts.get("NOTICES_FOLDER") or None
        if text is not None and self.stage != "local":
            msg = "NOTICES_FOLDER must not be set outside of the stage local"
            raise SettingsError(msg)
        return Path(text) if text else None

    def _mailboxes(self, name: str, most: int) -> tuple[str, ...]:
        told = (part.strip() for part in self._texts.get(name, "").split(","))
        mailboxes = tuple(mailbox for mailbox in told if mailbox)
        if len(mailboxes) > most or not all(map(_is_mailbox, mailboxes)):
            msg = f"{name} must be up to {most} of the form Plaudit <reviews@example.org>"
            raise SettingsError(msg)
        return mailboxes

    def _address(self, name: str, url: str) -> str:
        is_safe = url.startswith("https://") or self.stage == "local"
        if _SITE.fullmatch(url) is None or "#" in url or not is_safe:
            msg = f"{name} must be an address like https://api.example.org/v1"
            raise SettingsError(msg)
        return url.rstrip("/")

    @cached_property
    def cors_origins(self) -> tuple[str, ...]:
        """
        Origins whose scripts may read what anyone may read; `*` alone for all.

        In the stage `local` all unless told, elsewhere none.
        """
        default = "*" if self.stage == "local" else ""
        return self._origins("CORS_ORIGINS", default)

    @cached_property
    def cors_editor_origins(self) -> tuple[str, ...]:
        """Origins whose scripts may use an editor's key; none unless told."""
        return self._origins("CORS_EDITOR_ORIGINS", "")

    def _origins(self, name: str, default: str) -> tuple[str, ...]:
        text = self._texts.get(name, default)
        origins = tuple(part.strip() for part in text.split(",") if part.strip())
        is_any = name == "CORS_ORIGINS" and origins == ("*",)
        if not is_any and not all(_ORIGIN.fullmatch(origin) for origin in origins):
            msg = f"{name} must be origins like https://www.example.org, comma-separated"
            raise SettingsError(msg)
        return origins

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """
        Give the limits of the intake, `scope=most/window` with spaces between; none for `off`.

        A window is so many minutes, hours or days: `10m`, `1h`, `1d`. Without the setting there are
        limits; to have none must be said.
        """
        default = _LOCAL_LIMITS if self.stage == "local" else _LIMITS
        text = self._texts.get("LIMITS") or default
        limits = () if text == "off" else tuple(self._limit(part) for part in text.split())
        if len({(limit.scope, limit.window) for limit in limits}) < len(limits):
            msg = "LIMITS must not limit a scope twice for the same window"
            raise SettingsError(msg)
        return limits

    @staticmethod
    def _limit(text: str) -> Limit:
        found = _LIMIT.fullmatch(text)
        if found is None or found[1] not in SCOPES:
            msg = f"LIMITS must be off, or like network=60/10m; scopes are {', '.join(SCOPES)}"
            raise SettingsError(msg)
        return Limit(found[1], int(found[2]), int(found[3]) * _SECONDS[found[4]])

    @staticmethod
    def _one_of(name: str, allowed: tuple[str, ...], value: str | None) -> str:
        if value not in allowed:
            msg = f"{name} must be one of {', '.join(allowed)}"
            raise SettingsError(msg)
        return value


@cache
def current() -> Settings:
    """Give the settings of this process, read once."""
    return Settings(os.environ)
