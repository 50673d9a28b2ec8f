"""The link to Kafka, with TLS and a password, against a real broker that asks for both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest
from pydantic import SecretStr

from infra.kafka import options_of
from infra.kafka.messages import Outgoing
from infra.kafka.wire import KafkaAway, Wire
from infra.settings import Settings
from tests.services.java import free_port
from tests.services.kafka import KafkaServer, NotHere
from tests.services.tls import Authority, Issued

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(400)]
USER, PASSWORD = "innkeep", "a-password-for-tests"
Mechanism = Literal["PLAIN", "SCRAM-SHA-512"]
MECHANISMS: tuple[Mechanism, ...] = ("PLAIN", "SCRAM-SHA-512")
LISTENER = """
listener.name.secured.ssl.keystore.type=PEM
listener.name.secured.ssl.keystore.location={both}
listener.name.secured.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.secured.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule \
 required user_{user}="{password}";
listener.name.secured.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""


class SecuredKafka(KafkaServer):
    """A broker with one more listener: TLS, and a password, in clear within it or proved by SCRAM."""

    FORMAT = ("--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]")

    def __init__(self, folder: Path, issued: Issued) -> None:
        super().__init__(folder)
        self._issued = issued
        self.secured = free_port()

    def _prepared(self) -> Path:
        settings = super()._prepared()
        here = f"SECURED://127.0.0.1:{self.secured}"
        more = {
            "listeners": here,
            "advertised.listeners": here,
            "listener.security.protocol.map": "SECURED:SASL_SSL",
        }
        lines = [
            f"{line},{more[name]}" if (name := line.partition("=")[0]) in more else line
            for line in settings.read_text().splitlines()
        ]
        told = LISTENER.format(both=self._issued.both, user=USER, password=PASSWORD)
        settings.write_text("\n".join(lines) + told)
        return settings


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[SecuredKafka]:
    try:
        server = SecuredKafka(tmp_path_factory.mktemp("kafka"), authority.issue("localhost", address="127.0.0.1"))
    except NotHere as lacking:
        pytest.skip(f"no Kafka to test with: {lacking}")
    server.start()
    yield server
    server.kill()


def wire(server: SecuredKafka, ca: Path, mechanism: Mechanism, password: str = PASSWORD, patience: float = 30) -> Wire:
    settings = Settings(
        kafka_security_protocol="SASL_SSL",
        kafka_ssl_ca_location=str(ca),
        kafka_sasl_mechanism=mechanism,
        kafka_sasl_username=USER,
        kafka_sasl_password=SecretStr(password),
    )
    return Wire(f"127.0.0.1:{server.secured}", f"t{uuid4().hex}", options_of(settings), patience=patience)


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_what_is_told_arrives_over_tls_with_a_password(
    secured: SecuredKafka, authority: Authority, mechanism: Mechanism
) -> None:
    topic = f"t{uuid4().hex}"
    async with wire(secured, authority.ca, mechanism) as told:
        assert await told.open([topic]) == 0
        await told.put([Outgoing(topic, "key", b"{}", {})])
        await told.commit(7)
        assert await told.open([topic]) == 7


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_wrong_password_is_refused_and_not_repeated(
    secured: SecuredKafka, authority: Authority, mechanism: Mechanism
) -> None:
    async with wire(secured, authority.ca, mechanism, "mistaken", patience=3) as told:
        with pytest.raises(KafkaAway, match=r"(?i)authentication") as refused:
            await told.open(["topic"])
    assert "mistaken" not in str(refused.value)


async def test_a_broker_of_another_authority_is_not_believed(secured: SecuredKafka, tmp_path: Path) -> None:
    async with wire(secured, Authority(tmp_path, "stranger").ca, "PLAIN", patience=3) as told:
        with pytest.raises(KafkaAway):
            await told.open(["topic"])
