"""A real broker, for those machines that can run one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.kafka import KafkaServer, NotHere


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A broker of the module's own."""
    try:
        server = KafkaServer(tmp_path_factory.mktemp("kafka"))
    except NotHere as lacking:
        pytest.skip(f"no Kafka to test with: {lacking}")
    server.start()
    yield server
    server.kill()
