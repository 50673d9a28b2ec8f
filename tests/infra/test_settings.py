"""Settings: where they come from, and which Innkeep refuses to start with."""

from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest

from infra.settings import Settings, SettingsError, is_loopback, load_settings

OWN = {"INNKEEP_SUPERADMIN_EMAIL": "me@example.org", "INNKEEP_SUPERADMIN_PASSWORD": "a long password"}


def load(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings(env_file=None)


def problems(settings: Settings, host: str = "127.0.0.1", *, database_is_empty: bool = True) -> list[str]:
    return list(settings.problems(host=host, database_is_empty=database_is_empty))


def test_without_a_word_the_mode_is_production_and_the_terms_are_the_houses(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)
    assert settings.mode == "production"
    assert settings.terms.hold_minutes == 15
    assert settings.terms.guest_service_fee_percent == Decimal(14)
    assert settings.database_url is None


def test_the_command_may_choose_the_mode_that_the_environment_leaves_open(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(default_mode="sandbox", env_file=None).sandbox
    monkeypatch.setenv("INNKEEP_MODE", "production")
    assert not load_settings(default_mode="sandbox", env_file=None).sandbox


def test_every_term_of_business_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    terms = load(
        monkeypatch,
        INNKEEP_TERMS_HOLD_MINUTES="20",
        INNKEEP_TERMS_HOST_FEE_PERCENT="2.5",
        INNKEEP_TERMS_CHECK_IN_TIME="16:30",
        INNKEEP_TERMS_REVIEW_MODERATION="manual",
    ).terms
    assert terms.hold_minutes == 20
    assert terms.host_fee_percent == Decimal("2.5")
    assert terms.check_in_time == time(16, 30)
    assert terms.review_moderation == "manual"


def test_a_file_is_read_below_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("INNKEEP_MODE=sandbox\nINNKEEP_TOKEN_HOURS=2\nINNKEEP_TERMS_HOLD_MINUTES=5\nOTHER_PROGRAM=1\n")
    monkeypatch.setenv("INNKEEP_TOKEN_HOURS", "3")
    settings = load_settings(env_file=file)
    assert (settings.mode, settings.token_hours, settings.terms.hold_minutes) == ("sandbox", 3, 5)


def test_origins_are_a_list_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, INNKEEP_ALLOWED_ORIGINS="https://a.example, https://b.example/")
    assert settings.allowed_origins == ("https://a.example", "https://b.example")


def test_trusted_proxies_are_addresses_and_networks_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of this machine, unless others are named; among others, anybody is all of them."""
    assert load(monkeypatch).trusted_proxies == ("127.0.0.1", "::1")
    named = load(monkeypatch, INNKEEP_TRUSTED_PROXIES="10.0.0.7, 172.16.0.0/12,fd00::/8")
    assert named.trusted_proxies == ("10.0.0.7", "172.16.0.0/12", "fd00::/8")
    assert load(monkeypatch, INNKEEP_TRUSTED_PROXIES="10.0.0.7,*").trusted_proxies == ("*",)


def test_an_empty_variable_is_an_absent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, INNKEEP_STRIPE_API_KEY="").stripe_api_key is None


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("INNKEEP_MOOD", "production", "unknown setting INNKEEP_MOOD; did you mean INNKEEP_MODE?"),
        ("INNKEEP_TERMS_HOLD_DAYS", "1", "unknown setting INNKEEP_TERMS_HOLD_DAYS; did you mean"),
        ("INNKEEP_MODE", "staging", "INNKEEP_MODE: input should be 'production' or 'sandbox'"),
        ("INNKEEP_TOKEN_HOURS", "soon", "INNKEEP_TOKEN_HOURS: input should be a valid integer"),
        ("INNKEEP_TOKEN_HOURS", "0", "INNKEEP_TOKEN_HOURS: input should be greater than or equal to 1"),
        ("INNKEEP_TRUSTED_PROXIES", "10.0.0.7,proxy", "INNKEEP_TRUSTED_PROXIES: value error, proxy is no address or"),
        ("INNKEEP_TRUSTED_PROXIES", "10.0.0.7/8", "10.0.0.7/8 is no address or network"),
        ("INNKEEP_TERMS_HOLD_MINUTES", "-1", "hold_minutes is below 0"),
        ("INNKEEP_TERMS_HOST_FEE_PERCENT", "101", "host_fee_percent is above 100"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str) -> None:
    with pytest.raises(SettingsError) as error:
        load(monkeypatch, **{name: value})
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_name_in_the_file_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("INNKEEP_PAYMENT=simulator\n")
    with pytest.raises(SettingsError, match="unknown setting INNKEEP_PAYMENT; did you mean INNKEEP_PAYMENTS"):
        load_settings(env_file=tmp_path / ".env")


def test_secrets_are_shown_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, INNKEEP_DATABASE_URL="postgresql://u:hunter2@h/d", **OWN)
    assert "hunter2" not in repr(settings)
    assert OWN["INNKEEP_SUPERADMIN_PASSWORD"] not in repr(settings)


def test_settings_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)
    with pytest.raises(ValueError, match="frozen"):
        settings.mode = "sandbox"  # type: ignore[misc]  # the type checker refuses it too


def test_production_needs_a_superadmin_while_the_database_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, INNKEEP_PAYMENTS="simulator")
    assert any("INNKEEP_SUPERADMIN_EMAIL" in line for line in problems(settings))
    assert not problems(settings, database_is_empty=False)
    assert not problems(load(monkeypatch, **OWN))


def test_production_needs_stripe_unless_the_simulator_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert any("INNKEEP_STRIPE_API_KEY" in line for line in problems(load(monkeypatch, **OWN)))
    asked = load(monkeypatch, INNKEEP_PAYMENTS="simulator")
    assert (problems(asked), asked.payment_provider) == ([], "simulator")
    monkeypatch.delenv("INNKEEP_PAYMENTS")
    keyed = load(monkeypatch, INNKEEP_STRIPE_API_KEY="sk_test_x")
    assert (problems(keyed), keyed.payment_provider) == ([], "stripe")


def test_stripe_without_a_key_is_refused_in_sandbox_mode_too(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, INNKEEP_MODE="sandbox", INNKEEP_PAYMENTS="stripe")
    assert any("INNKEEP_STRIPE_API_KEY" in line for line in problems(settings))


def test_a_superadmin_is_named_whole_and_with_a_password_that_would_do(monkeypatch: pytest.MonkeyPatch) -> None:
    half = load(monkeypatch, INNKEEP_MODE="sandbox", INNKEEP_SUPERADMIN_EMAIL="me@example.org")
    assert any("go together" in line for line in problems(half))
    short = load(monkeypatch, INNKEEP_SUPERADMIN_PASSWORD="short")
    assert any("8 to 128" in line for line in problems(short))


def test_the_sandbox_needs_nothing_and_keeps_its_known_credentials_to_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = load(monkeypatch, INNKEEP_MODE="sandbox")
    assert settings.superadmin is not None
    assert settings.superadmin[0] == "admin@innkeep.example"
    assert settings.superadmin[1].get_secret_value() == "innkeep-admin"
    assert settings.webhook_secret is not None
    assert settings.webhook_secret.get_secret_value() == "whsec_innkeep"
    assert settings.payment_provider == "simulator"
    assert not problems(settings)
    for host in ("0.0.0.0", "192.168.1.4", "::", "innkeep.example"):
        assert any("loopback" in line for line in problems(settings, host)), host
        with pytest.raises(SettingsError, match="loopback"):
            settings.check(host=host, database_is_empty=False)
    assert not problems(load(monkeypatch, **OWN), "0.0.0.0")


def test_production_has_no_known_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)
    assert settings.superadmin is None
    assert settings.webhook_secret is None


def test_loopback_is_an_address_of_this_machine_alone() -> None:
    assert all(is_loopback(host) for host in ("localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "example.org", ""))
