"""Settings: from the environment (`INNKEEP_…`) or `.env`, checked once, frozen after.

Whatever is wrong with them is said in one line that names the variable; see `SettingsError`.
"""

import difflib
import ipaddress
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.terms import Terms
from infra.proxies import LOOPBACK, Proxies

PREFIX = "INNKEEP_"
TESTS_PREFIX = "INNKEEP_TEST_"
"""Variables of the test suite, which the product passes over."""

SANDBOX_EMAIL = "admin@innkeep.example"
SANDBOX_PASSWORD = "innkeep-admin"  # noqa: S105 - public on purpose, and then on loopback only
SANDBOX_WEBHOOK_SECRET = "whsec_innkeep"  # noqa: S105 - as above

Mode = Literal["production", "sandbox"]
Provider = Literal["stripe", "simulator"]
Count = Annotated[int, Field(ge=1)]


class SettingsError(Exception):
    """The settings do not make sense; the message is one line for the person who starts Innkeep."""


class Settings(BaseSettings):
    """Everything that can be set. A nested one is written with its group: `INNKEEP_TERMS_HOLD_MINUTES`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        extra="ignore",  # load_settings refuses what is unknown; a .env may serve other programs too
        frozen=True,
        hide_input_in_errors=True,
    )

    mode: Mode = "production"
    terms: Terms = Terms()

    # Engines: absent means the default that needs nothing installed.
    database_url: SecretStr | None = None
    kafka_bootstrap_servers: str | None = None
    kafka_read_models: str = Field("", pattern=r"^[A-Za-z0-9_, ]*$")
    kafka_prefix: str = Field("innkeep", pattern=r"^[A-Za-z0-9._-]{1,100}$")
    """Of all topics, and of the relay's names: one for each marketplace."""
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_ssl_ca_location: str | None = None
    kafka_ssl_certificate_location: str | None = None
    kafka_ssl_key_location: str | None = None
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    opensearch_url: SecretStr | None = None
    opensearch_api_key: SecretStr | None = None
    opensearch_ca_file: str | None = None
    opensearch_prefix: str = Field("innkeep", pattern=r"^[a-z][a-z0-9_]{0,40}$")
    """Of all indexes: one for each marketplace, where schemas of the same name share a cluster."""
    opensearch_shards: Count = 1
    opensearch_replicas: int = Field(1, ge=0)
    opensearch_refresh_seconds: float = Field(1.0, gt=0)
    """How soon what is written is found by who does not ask for it."""

    # What the database may do to others.
    database_idle_seconds: float = Field(10.0, ge=1)
    """How long a transaction of Innkeep's own may idle before the server ends it."""
    writer_warn_seconds: float = Field(5.0, gt=0)
    """How long a transaction, anyone's in the cluster, may hold the readers of the log back before a warning."""

    commands_waiting: Count = 5_000
    """How many commands of one process may wait for the database at once; more are answered 503."""

    # Read models.
    projection_tries: Count = 5
    """How often an event is tried that a read model cannot take in, before its stream is set aside."""

    # Payments.
    payments: Provider | None = None
    stripe_api_key: SecretStr | None = None
    stripe_api_base: str | None = None
    stripe_webhook_secret: SecretStr | None = None

    # The first start makes this user; in sandbox mode there is a default, see `superadmin`.
    superadmin_email: str | None = None
    superadmin_password: SecretStr | None = None

    # Callers.
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins, comma-separated, that may send cookies with a change; the server's own always may."""
    trusted_proxies: Proxies = LOOPBACK
    """Whose word on whom they forward is taken: addresses and networks, comma-separated; `*`: anybody's."""
    token_hours: Count = 24
    login_failures_per_account: Count = 5
    login_failures_per_address: Count = 50
    login_window_minutes: Count = 15
    password_min_length: Count = 8
    password_max_length: Count = 128
    password_hash_rounds: Count = 2
    """What a password's hash costs, and so a guess at it: argon2id, one lane."""
    password_hash_memory_kib: int = Field(19_456, ge=8)
    require_verified_email: bool = False
    body_limit_bytes: Count = 1_000_000

    # Retries and reads.
    idempotency_hours: Count = 24
    idempotency_wait_seconds: float = Field(5.0, ge=0)
    read_wait_seconds: float = Field(5.0, ge=0)
    page_rows: Count = 25
    page_rows_max: Count = 1000
    operators_page_rows: Count = 100
    feed_entries: Count = 1000
    feed_entries_max: Count = 10_000
    feed_wait_max_seconds: float = Field(30.0, ge=0)

    # What Innkeep says of itself.
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(None, ge=1, le=65535)
    """Where every role, those without an API too, tells whoever reaches it of metrics and health; absent: nowhere."""
    tracing_endpoint: SecretStr | None = None
    """Of a collector that takes OTLP over HTTP; absent: no traces. There may be a password in it."""
    tracing_headers: SecretStr | None = None
    """Sent to it: `name=value`, comma-separated."""
    tracing_sample: float = Field(1.0, ge=0, le=1)
    """The share of the traces begun here that is told."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(origin.strip().rstrip("/") for origin in value.split(",") if origin.strip())
        return value

    @property
    def sandbox(self) -> bool:
        """Sandbox mode: the clock can be moved, and there are default credentials."""
        return self.mode == "sandbox"

    @property
    def payment_provider(self) -> Provider:
        """Who moves the money: what was said, else Stripe where there is a key, else the simulator."""
        return self.payments or ("stripe" if self.stripe_api_key else "simulator")

    @property
    def webhook_secret(self) -> SecretStr | None:
        """The key of payment callbacks; without one, no callback is believed."""
        if self.stripe_webhook_secret is None and self.sandbox:
            return SecretStr(SANDBOX_WEBHOOK_SECRET)
        return self.stripe_webhook_secret

    @property
    def superadmin(self) -> tuple[str, SecretStr] | None:
        """E-mail and password of the user that the first start makes."""
        if self.superadmin_email and self.superadmin_password:
            return self.superadmin_email, self.superadmin_password
        return (SANDBOX_EMAIL, SecretStr(SANDBOX_PASSWORD)) if self.sandbox else None

    @property
    def default_credentials(self) -> bool:
        """Whether the superAdmin is the one that everybody knows."""
        return self.sandbox and not (self.superadmin_email and self.superadmin_password)

    def problems(self, *, host: str, database_is_empty: bool) -> Iterable[str]:
        """Why Innkeep must not start with these settings, one line each; none when it may.

        `host` is the address it would listen on.
        """
        if (self.superadmin_email is None) != (self.superadmin_password is None):
            yield "INNKEEP_SUPERADMIN_EMAIL and INNKEEP_SUPERADMIN_PASSWORD go together; one of them is missing"
        elif self.superadmin is None and database_is_empty:
            yield (
                "the database is empty: set INNKEEP_SUPERADMIN_EMAIL and INNKEEP_SUPERADMIN_PASSWORD "
                "for the first user, or INNKEEP_MODE=sandbox to try Innkeep out"
            )
        if self.superadmin_password is not None:
            length = len(self.superadmin_password.get_secret_value())
            if not self.password_min_length <= length <= self.password_max_length:
                yield (
                    f"INNKEEP_SUPERADMIN_PASSWORD must have {self.password_min_length} "
                    f"to {self.password_max_length} characters"
                )
        if self.stripe_api_key is None and (self.payments == "stripe" or (self.payments is None and not self.sandbox)):
            yield "set INNKEEP_STRIPE_API_KEY, or INNKEEP_PAYMENTS=simulator to do without Stripe"
        if self.default_credentials and not is_loopback(host):
            yield (
                f"sandbox mode with the default credentials listens on loopback only, not on {host}; "
                "set INNKEEP_SUPERADMIN_EMAIL and INNKEEP_SUPERADMIN_PASSWORD"
            )

        yield from self.opensearch_problems()

    def opensearch_problems(self) -> Iterable[str]:
        """Why these settings lead to no OpenSearch, one line each."""
        key, url = self.opensearch_api_key, self.opensearch_url
        if key is not None and re.fullmatch("[!-~]+", key.get_secret_value()) is None:
            yield "INNKEEP_OPENSEARCH_API_KEY must be of ASCII characters that can be seen, without spaces"
        if key is not None and url is None:
            yield "INNKEEP_OPENSEARCH_API_KEY is set without INNKEEP_OPENSEARCH_URL, which it is for"
        if key is not None and url is not None and "@" in url.get_secret_value():
            yield "INNKEEP_OPENSEARCH_API_KEY is set, and INNKEEP_OPENSEARCH_URL has a user: take one of the two away"

    def check(self, *, host: str, database_is_empty: bool) -> Self:
        """These settings, if Innkeep may start with them.

        Raises:
            SettingsError: the first of `problems`.
        """
        for problem in self.problems(host=host, database_is_empty=database_is_empty):
            raise SettingsError(problem)
        return self


def load_settings(*, default_mode: Mode = "production", env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings; `default_mode` is the mode where none is said.

    Raises:
        SettingsError: a variable is unknown, or its value is not understood.
    """
    _refuse_unknown(env_file)
    try:
        settings = Settings(_env_file=env_file)
    except ValidationError as error:
        raise SettingsError(_lines(error)[0]) from None
    return settings if "mode" in settings.model_fields_set else settings.model_copy(update={"mode": default_mode})


def what_holds(*, env_file: Path | None = Path(".env")) -> tuple[Settings, list[str]]:
    """The settings as far as they are understood, and one line for each variable that `load_settings` would refuse.

    What is not understood is as if it were not said.
    """
    unknown = list(_unknown(env_file))
    try:
        return Settings(_env_file=env_file), unknown
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors(include_url=False, include_context=False)}
        defaults = {name: Settings.model_fields[name].default for name in wrong & set(Settings.model_fields)}
        return Settings(_env_file=env_file, **defaults), unknown + _lines(error)


def setting_names() -> frozenset[str]:
    """The name of every variable that Innkeep knows."""
    flat = {name for name in Settings.model_fields if name != "terms"}
    nested = {f"terms_{name}" for name in Terms.__dataclass_fields__}
    return frozenset(PREFIX + name.upper() for name in flat | nested)


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _refuse_unknown(env_file: Path | None) -> None:
    for line in _unknown(env_file):
        raise SettingsError(line)


def _unknown(env_file: Path | None) -> Iterator[str]:
    try:
        said = set(os.environ) | set(dotenv_values(env_file) if env_file is not None and env_file.is_file() else ())
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{env_file} cannot be read: {error}") from None
    known = setting_names()
    for name in sorted(said):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper.startswith(TESTS_PREFIX) or upper in known:
            continue
        near = difflib.get_close_matches(upper, known, n=1)
        yield f"unknown setting {name}" + (f"; did you mean {near[0]}?" if near else "")


def _lines(error: ValidationError) -> list[str]:
    problems = error.errors(include_url=False, include_context=False)
    names = [PREFIX + "_".join(str(part) for part in problem["loc"]).upper() for problem in problems]
    said = [problem["msg"] for problem in problems]
    return [f"{name}: {msg[0].lower()}{msg[1:]}" for name, msg in zip(names, said, strict=True)]
