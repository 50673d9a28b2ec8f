"""The log on Kafka: what is settled is told there, in order, once."""

from __future__ import annotations

from collections.abc import Mapping

from domain.catalogue import AGGREGATES
from infra.event_store import Codec
from infra.event_store.codec import ENVELOPE
from infra.event_store.golden import personal_fields
from infra.kafka.messages import Messages
from infra.kafka.relay import Relay, SettledLog
from infra.kafka.wire import Wire
from infra.settings import Settings, SettingsError

Options = Mapping[str, str]


def relay_of(settings: Settings, conninfo: str, log: SettledLog) -> Relay | None:
    """The relay that the settings ask for; None where they name no Kafka."""
    servers = settings.kafka_bootstrap_servers
    if servers is None:
        return None
    options, name = options_of(settings), name_of(settings)
    facts = Codec(AGGREGATES).facts
    messages = Messages(
        settings.kafka_prefix, {topic: personal_fields(fact, ENVELOPE) for topic, fact in facts.items()}
    )
    return Relay(conninfo, log, messages, lambda: Wire(servers, name, options), name=name)


def wire_of(settings: Settings) -> tuple[str, Wire] | None:
    """The relay's name and a wire of it, for who only asks how far it is; None where there is no Kafka."""
    servers = settings.kafka_bootstrap_servers
    name = name_of(settings)
    return None if servers is None else (name, Wire(servers, name, options_of(settings)))


def name_of(settings: Settings) -> str:
    """Of the relay of this marketplace."""
    return f"{settings.kafka_prefix}.relay"


def options_of(settings: Settings) -> Options:
    """What librdkafka has to know of the links to the brokers. Raises SettingsError for halves of a whole."""
    wanted = {
        "security.protocol": settings.kafka_security_protocol,
        "ssl.ca.location": settings.kafka_ssl_ca_location,
        "ssl.certificate.location": settings.kafka_ssl_certificate_location,
        "ssl.key.location": settings.kafka_ssl_key_location,
    }
    if settings.kafka_security_protocol.startswith("SASL"):
        if settings.kafka_sasl_username is None or settings.kafka_sasl_password is None:
            raise SettingsError(
                "INNKEEP_KAFKA_SASL_USERNAME and INNKEEP_KAFKA_SASL_PASSWORD are needed with "
                f"INNKEEP_KAFKA_SECURITY_PROTOCOL={settings.kafka_security_protocol}"
            )
        wanted["sasl.mechanism"] = settings.kafka_sasl_mechanism
        wanted["sasl.username"] = settings.kafka_sasl_username
        wanted["sasl.password"] = settings.kafka_sasl_password.get_secret_value()
    return {name: value for name, value in wanted.items() if value is not None}
