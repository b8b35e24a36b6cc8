"""Everything the house needs to know of the world outside, read once and passed on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from warehouse.errors import Problem

ROOT = Path(__file__).resolve().parent.parent

_ADDRESS = re.compile(r"[^\s@,<>\"]+@[^\s@,<>\"]+")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class BadSettingsError(Problem):
    """One or more GUANXI_ settings are missing, unknown or not usable."""


def _postgres_url(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql://")
    return _with_port(value)


def _database_url(value: SecretStr | None) -> SecretStr | None:
    begins = ("postgresql://", "postgres://", "mysql://", "mariadb://")
    if value is not None and not value.get_secret_value().startswith(begins):
        raise ValueError("must begin with postgresql:// or mysql://")
    return _with_port(value)


def _smtp_url(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not value.get_secret_value().startswith(("smtp://", "smtps://")):
        raise ValueError("must begin with smtp:// or smtps://")
    return _with_port(value)


def _imap_url(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not value.get_secret_value().startswith(("imap://", "imaps://")):
        raise ValueError("must begin with imap:// or imaps://")
    return value


def _with_port(value: SecretStr | None) -> SecretStr | None:
    if value is None:
        return None
    try:
        parts = urlsplit(value.get_secret_value())
        _ = parts.port
        # a password's own @, / or # ends the address too early; its rest would be told as host and database
        is_whole = "@" not in parts.path and not parts.fragment and parts.netloc.count("@") <= 1
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ValueError("cannot be read: quote special characters of the password, the port is a number")
    return value


def _webhook_url(value: SecretStr | None) -> SecretStr | None:
    if value is None:
        return None
    try:
        parts = urlsplit(value.get_secret_value())
        is_own_machine = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    except ValueError:
        raise ValueError("cannot be read") from None
    if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and is_own_machine)):
        raise ValueError("must begin with https://")
    return value


def _operators(value: str) -> str:
    addresses = [each.strip() for each in value.split(",") if each.strip()]
    if wrong := [each for each in addresses if not _ADDRESS.fullmatch(each)]:
        raise ValueError(f"{len(wrong)} of {len(addresses)} is no mail address; part them by commas")
    return ",".join(addresses)


def _clock(value: str) -> str:
    if not _CLOCK.fullmatch(value):
        raise ValueError(f"{value!r} is no time of day such as 07:00")
    return value


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"{value!r} is not a time zone name such as Europe/London")
    return value


TimeZone = Annotated[str, AfterValidator(_time_zone)]
PostgresUrl = Annotated[SecretStr | None, AfterValidator(_postgres_url)]
DatabaseUrl = Annotated[SecretStr | None, AfterValidator(_database_url)]
SmtpUrl = Annotated[SecretStr | None, AfterValidator(_smtp_url)]
ImapUrl = Annotated[SecretStr | None, AfterValidator(_imap_url)]
WebhookUrl = Annotated[SecretStr | None, AfterValidator(_webhook_url)]
Operators = Annotated[str, AfterValidator(_operators)]
Clock = Annotated[str, AfterValidator(_clock)]


class Settings(BaseSettings):
    """The GUANXI_ settings. A value may also come from a file: GUANXI_WAREHOUSE_URL_FILE names one.

    Relative paths are relative to where the command runs, except `company`, which is also looked for in the
    project.
    """

    model_config = SettingsConfigDict(env_prefix="GUANXI_", frozen=True, extra="ignore")

    home: Path = Field(Path(".guanxi"), description="folder that holds all state: server, mails, models, runs")
    company: str = Field("examples/simulated", description="folder with the company.yml to run")
    data: Path | None = Field(None, description="where a file source's data lie, instead of the mapping's path")
    erp_url: DatabaseUrl = Field(
        None, description="the ERP database that a mapping names as ${GUANXI_ERP_URL}: postgresql:// or mysql://"
    )
    allow_private_sources: bool = Field(
        False, description="whether live systems may have private addresses and plain http, as inside one's own network"
    )
    warehouse_url: PostgresUrl = Field(None, description="any PostgreSQL 15 to 18; the embedded server when not set")
    airflow_database_url: PostgresUrl = Field(
        None, description="Airflow's own metadata database; one beside the warehouse when not set"
    )
    role_secret: SecretStr | None = Field(
        None, description="the passwords of the warehouse's roles are derived from it; made when not set"
    )
    timezone: TimeZone | None = Field(None, description="business time zone, instead of the company's")
    smtp_url: SmtpUrl = Field(None, description="smtp://user:password@host:587?starttls=1")
    mail_from: str = Field("guanxi@localhost", description="sender of the lists")
    reviews_every: Literal["day", "week", "month"] = Field(
        "week",
        description="how often the relationships to review are mailed, and to one manager at most: day, week, month",
    )
    feedback_folder: Path | None = Field(
        None, description="folder or Maildir that account managers' answers are laid into, as filled sheets or mails"
    )
    feedback_imap_url: ImapUrl = Field(
        None, description="mailbox that their replies arrive in: imaps://user:password@host:993/INBOX"
    )
    operators: Operators = Field(
        "", description="who is told when a night fails, is late or waits: addresses, by commas"
    )
    alert_webhook: WebhookUrl = Field(None, description="https address that the same is posted to; it is a secret")
    alert_webhook_kind: Literal["generic", "slack", "feishu", "dingtalk", "wecom"] = Field(
        "generic", description="whose body the webhook takes: generic, slack, feishu, dingtalk, wecom"
    )
    night_deadline: Clock = Field("07:00", description="when the night is late, in the business time zone: HH:MM")
    keep_generations: int = Field(7, ge=2, le=400, description="published nights kept for rollback")
    measure_all: bool = Field(
        False,
        description="whether each night measures all of the past anew instead of taking it over from the live one",
    )
    threads: int = Field(2, ge=1, le=32, description="parallel models in dbt")
    accounts: int | None = Field(None, ge=10, description="size of the simulated company")
    postgres_port: int | None = Field(None, ge=1, le=65535, description="port of the embedded server")
    postgres_user: str | None = Field(None, description="system user of the embedded server when run as root")
    api_port: int = Field(8080, ge=1, le=65535, description="port of Airflow's pages")
    mailbox_port: int = Field(8025, ge=1, le=65535, description="port of the local mail server")


_FILE_SUFFIX = "_FILE"


def _from_files(ours: dict[str, str], known: set[str]) -> tuple[dict[str, str], list[str]]:
    """Give GUANXI_X the content of the file that GUANXI_X_FILE names, as docker secrets do; and what is wrong."""
    values: dict[str, str] = {}
    wrong: list[str] = []
    for name in sorted(known):
        file = ours.get(name + _FILE_SUFFIX, "")
        if file and ours.get(name):
            wrong.append(f"{name} and {name}{_FILE_SUFFIX} are both set")
        elif file:
            try:
                values[name] = Path(file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:  # the path is not told: it may be the secret, misplaced
                reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
                wrong.append(f"{name}{_FILE_SUFFIX} names a file that cannot be read ({reason})")
    return values, wrong


def load_settings(environment: dict[str, str] | None = None) -> Settings:
    """Return the settings, or raise BadSettingsError that names everything wrong at once."""
    import os

    environment = dict(os.environ) if environment is None else environment
    known = {f"GUANXI_{name.upper()}" for name in Settings.model_fields}
    ours = {name: value for name, value in environment.items() if name.startswith("GUANXI_")}
    wrong = [
        f"{name} is not a setting"
        for name in sorted(ours)
        if name not in known
        and name.removesuffix(_FILE_SUFFIX) not in known
        and name not in _INTERNAL
        and not name.startswith(_CREDENTIALS)
    ]
    from_files, unreadable = _from_files(ours, known)
    wrong += unreadable
    given = {
        name.removeprefix("GUANXI_").lower(): value
        for name, value in (ours | from_files).items()
        if name in known and value != ""
    }
    try:
        settings = Settings(_env_file=None, _env_prefix="GUANXI_UNREAD_", **given)  # type: ignore[arg-type]
    except ValidationError as error:
        wrong += [
            f"GUANXI_{str(each['loc'][0]).upper()}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors(include_input=False, include_url=False)
        ]
    if wrong:
        raise BadSettingsError(
            "settings",
            seen="; ".join(wrong),
            expected="the settings that .env.example lists",
            next_step="correct or unset these variables, then run the command again",
        )
    return settings


# One variable for each source; sources/credentials.py reads them.
_CREDENTIALS = "GUANXI_SOURCE_"

# Set by a parent process for its children; not for people.
_INTERNAL = {"GUANXI_PROGRESS_FILE", "GUANXI_COMMAND"}
