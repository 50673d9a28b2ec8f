"""The log on Kafka: what is settled is told there, in order, once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from domain.catalogue import AGGREGATES
from infra.event_store import Codec
from infra.event_store.codec import ENVELOPE
from infra.event_store.golden import personal_fields
from infra.event_store.recent import Recent
from infra.event_store.rows import Rows
from infra.event_store.upcasts import UPCASTS
from infra.kafka.group import LaneGroup
from infra.kafka.lane_feed import LaneFeed
from infra.kafka.lanes import Routes, Told, lane_of, topic_of
from infra.kafka.messages import Messages
from infra.kafka.relay import Relay, SettledLog
from infra.kafka.wire import LARGEST, Wire
from infra.read_models.model import Model
from infra.read_models.runner import Feed, Runner
from infra.read_models.side import ReadSide
from infra.settings import Settings, SettingsError

Options = Mapping[str, str]


def relay_of(settings: Settings, conninfo: str, log: SettledLog, models: Mapping[str, Model]) -> Relay | None:
    """The relay that the settings ask for; None where they name no Kafka. Raises SettingsError."""
    servers = settings.kafka_bootstrap_servers
    if servers is None:
        return None
    options, name = options_of(settings), name_of(settings)
    facts = Codec(AGGREGATES).facts
    messages = Messages(
        settings.kafka_prefix, {topic: personal_fields(fact, ENVELOPE) for topic, fact in facts.items()}
    )
    fed = fed_by_kafka(settings, models)
    lanes = Told(topic_of(settings.kafka_prefix), _routes(fed)) if fed else None
    # An event may be longer than the request that made it, by what stands beside and how numbers are written.
    wire = partial(Wire, servers, name, options, largest=max(LARGEST, 2 * settings.body_limit_bytes))
    return Relay(conninfo, log, messages, wire, name=name, lanes=lanes)


def group_of(settings: Settings, log: Feed, side: ReadSide, *, name: str = "projectors") -> LaneGroup | None:
    """Who fills the read models that the settings have fed by Kafka, which `side` then leaves to it; None where there
    are none. `name` is that of the consumer group, behind the prefix. Raises SettingsError.
    """
    fed = fed_by_kafka(settings, side.models)
    servers = settings.kafka_bootstrap_servers
    if not fed or servers is None:
        return None
    side.leave_to_others(fed)
    routes, rows = _routes(fed), Rows(Codec(AGGREGATES, UPCASTS), Recent(0))

    def follow(lane: int, feed: LaneFeed) -> Runner:
        return side.runner_of([name for name in fed if lane_of(name) == lane], feed, f"projector of lane {lane}")

    return LaneGroup(
        servers,
        options_of(settings),
        group=f"{settings.kafka_prefix}.{name}",
        topic=topic_of(settings.kafka_prefix),
        feed=lambda: LaneFeed(log, rows, routes.digest),
        follow=follow,
    )


def fed_by_kafka(settings: Settings, models: Mapping[str, Model]) -> dict[str, Model]:
    """The read models that are fed by Kafka, as the settings say. Raises SettingsError."""
    named = {name for part in settings.kafka_read_models.split(",") if (name := part.strip())}
    if not named:
        return {}
    if settings.kafka_bootstrap_servers is None:
        raise SettingsError("INNKEEP_KAFKA_READ_MODELS needs a Kafka: set INNKEEP_KAFKA_BOOTSTRAP_SERVERS")
    if named == {"all"}:
        return dict(models)
    if strange := sorted(named - models.keys()):
        raise SettingsError(
            f"INNKEEP_KAFKA_READ_MODELS names {', '.join(strange)}; there are all, {', '.join(sorted(models))}"
        )
    return {name: models[name] for name in sorted(named)}


def _routes(fed: Mapping[str, Model]) -> Routes:
    return Routes(fed, Codec(AGGREGATES, UPCASTS))


def wire_of(settings: Settings) -> Wire | None:
    """The relay's wire, for who only asks how far it is; None where there is no Kafka."""
    servers = settings.kafka_bootstrap_servers
    return None if servers is None else Wire(servers, name_of(settings), options_of(settings))


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
