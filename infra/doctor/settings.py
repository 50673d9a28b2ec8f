"""What is wrong with the settings, or better otherwise. Says which variable, never what a secret is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from domain.catalogue import RESOURCES
from infra.doctor.findings import Finding
from infra.kafka import fed_by_kafka, options_of
from infra.proxies import ANYBODY
from infra.read_models.side import models_of
from infra.settings import (
    SANDBOX_EMAIL,
    SANDBOX_PASSWORD,
    SANDBOX_WEBHOOK_SECRET,
    Settings,
    SettingsError,
    is_loopback,
)
from infra.tracing import headers_of
from projections.catalogue import PROJECTIONS

HERE = "127.0.0.1"
LEAST_MEMORY_KIB = 19_456
"""Of a password's hash, with two rounds: the least that OWASP recommends for argon2id."""
SAFE_SSL = frozenset({"require", "verify-ca", "verify-full"})


def of_settings(
    settings: Settings, complaints: Iterable[str], *, database_is_empty: bool, env_file: Path
) -> list[Finding]:
    """All that can be said without a database. `complaints` are those of `infra.settings.what_holds`."""
    refused = [*complaints, *settings.problems(host=HERE, database_is_empty=database_is_empty), *_halves(settings)]
    found = [Finding("settings", "problem", line, "Innkeep does not start like this: mend it") for line in refused]
    found += _contradictions(settings)
    if not settings.sandbox:
        found += [*_open_doors(settings), *_half_payments(settings), *_weaker(settings), *_readable(env_file)]
    return [_mode(settings), *(found or [Finding("settings", "fine", "understood, and as they should be")])]


def _mode(settings: Settings) -> Finding:
    if "mode" in settings.model_fields_set:
        return Finding("mode", "fine", f"{settings.mode}, as INNKEEP_MODE says")
    return Finding("mode", "fine", f"{settings.mode}, the default; for a sandbox, set INNKEEP_MODE=sandbox")


def _halves(settings: Settings) -> Iterator[str]:
    """Why a start would refuse what is said of engines and collectors beside the database."""
    models = models_of(PROJECTIONS, RESOURCES)
    asked: list[Callable[[], object]] = [lambda: fed_by_kafka(settings, models)]
    if settings.kafka_bootstrap_servers is not None:
        asked.append(lambda: options_of(settings))
    if settings.tracing_endpoint is not None:
        asked.append(lambda: headers_of(settings))
    for ask in asked:
        try:
            ask()
        except SettingsError as error:
            yield str(error)


def _contradictions(settings: Settings) -> Iterator[Finding]:
    least_most = (
        ("INNKEEP_PASSWORD_MIN_LENGTH", settings.password_min_length, settings.password_max_length),
        ("INNKEEP_PAGE_ROWS", settings.page_rows, settings.page_rows_max),
        ("INNKEEP_FEED_ENTRIES", settings.feed_entries, settings.feed_entries_max),
    )
    for name, least, most in least_most:
        if least > most:
            yield Finding("settings", "problem", f"{name} is {least}, more than the most, {most}", f"lower {name}")
    if settings.payments == "simulator" and settings.stripe_api_key is not None:
        seen = "INNKEEP_STRIPE_API_KEY is set and not used: INNKEEP_PAYMENTS=simulator"
        yield Finding("settings", "warning", seen, "take one of the two away")


def _open_doors(settings: Settings) -> Iterator[Finding]:
    """What lets strangers in."""
    if _is(settings.superadmin_password, SANDBOX_PASSWORD) or settings.superadmin_email == SANDBOX_EMAIL:
        seen = "INNKEEP_SUPERADMIN_EMAIL or _PASSWORD is the sandbox's default, which everybody knows"
        yield Finding("settings", "problem", seen, "choose others before the first start")
    if _is(settings.stripe_webhook_secret, SANDBOX_WEBHOOK_SECRET):
        seen = "INNKEEP_STRIPE_WEBHOOK_SECRET is the sandbox's default: anybody can say that a payment was made"
        yield Finding("settings", "problem", seen, "take the secret that Stripe shows for the endpoint")
    if settings.stripe_api_base is not None and not _private(settings.stripe_api_base):
        seen = "INNKEEP_STRIPE_API_BASE is not https: the key would travel in clear"
        yield Finding("settings", "problem", seen, "name it with https, or leave it out")
    for origin in settings.allowed_origins:
        if not _private(origin):
            seen = f"INNKEEP_ALLOWED_ORIGINS has {origin}, which is not https: whoever is on the way can act for users"
            yield Finding("settings", "warning", seen, "name it with https")
    if ANYBODY in settings.trusted_proxies:
        seen = "INNKEEP_TRUSTED_PROXIES is *: whoever calls may say that he calls from anywhere"
        yield Finding("settings", "warning", seen, "name the addresses of the proxies")
    if settings.database_url is not None and not _shielded(settings.database_url.get_secret_value()):
        seen = "INNKEEP_DATABASE_URL names another machine without asking for encryption"
        yield Finding("settings", "warning", seen, "add sslmode=verify-full, or sslmode=require, to the address")


def _half_payments(settings: Settings) -> Iterator[Finding]:
    """Money that does not move, or of which nobody hears."""
    if settings.payment_provider == "simulator":
        if settings.payments is not None:
            seen = "INNKEEP_PAYMENTS=simulator: no money moves"
            yield Finding("settings", "warning", seen, "set INNKEEP_STRIPE_API_KEY before guests are to pay")
        return
    if settings.stripe_api_key is not None and "_test_" in settings.stripe_api_key.get_secret_value()[:8]:
        seen = "INNKEEP_STRIPE_API_KEY is a test key: no money moves"
        yield Finding("settings", "warning", seen, "take the live key before guests are to pay")
    if settings.stripe_webhook_secret is None:
        seen = "INNKEEP_STRIPE_WEBHOOK_SECRET is not set: what Stripe reports later is not believed"
        yield Finding("settings", "warning", seen, "make a webhook endpoint in Stripe and set its secret")


def _weaker(settings: Settings) -> Iterator[Finding]:
    """What costs safety bit by bit."""
    if settings.password_min_length < 8:
        seen = f"INNKEEP_PASSWORD_MIN_LENGTH is {settings.password_min_length}"
        yield Finding("settings", "warning", seen, "ask for 8 characters or more")
    work = settings.password_hash_rounds * settings.password_hash_memory_kib
    if work < 2 * LEAST_MEMORY_KIB:
        seen = "INNKEEP_PASSWORD_HASH_ROUNDS and _MEMORY_KIB make guessing cheap"
        yield Finding("settings", "warning", seen, f"2 rounds with {LEAST_MEMORY_KIB} KiB are the least recommended")
    if settings.log_level == "debug":
        yield Finding("settings", "warning", "INNKEEP_LOG_LEVEL is debug: the log is large and slow", "set it to info")


def _readable(env_file: Path) -> Iterator[Finding]:
    if env_file.is_file() and env_file.stat().st_mode & 0o004:
        seen = f"everybody on this machine can read {env_file}"
        yield Finding("settings", "warning", seen, f"chmod 600 {env_file}, if there is a secret in it")


def _is(secret: SecretStr | None, text: str) -> bool:
    return secret is not None and secret.get_secret_value() == text


def _private(url: str) -> bool:
    """Can nobody on the way read along?"""
    parts = urlsplit(url)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def _shielded(url: str) -> bool:
    try:
        said = conninfo_to_dict(url)
    except ProgrammingError:
        return True  # that it is no address is said elsewhere
    hosts = str(said.get("host") or said.get("hostaddr") or "").split(",")
    near = all(not host or host.startswith(("/", "@")) or is_loopback(host) for host in hosts)
    return near or said.get("sslmode") in SAFE_SSL
