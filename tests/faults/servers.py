"""The servers under the product, each behind proxies, each killed and started again on what it left."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from tests.faults.proxy import Network, Proxy
from tests.infra.event_store.proof.cluster import Cluster
from tests.services.kafka import KafkaServer
from tests.services.opensearch import NotHere, OpenSearchServer

FedBy = Literal["log", "kafka"]
"""Where projectors have events from."""
RETRIED_HOURS = "2400"
"""That keys are kept, by a clock that goes on by a day every 20 seconds: a client may have no answer for as long."""


@dataclass
class Servers:
    """Those that run. Kafka and OpenSearch need Java; where there is none, `missing` says so."""

    folder: Path
    network: Network
    postgres: Cluster
    kafka: KafkaServer | None = None
    opensearch: OpenSearchServer | None = None
    kafka_proxy: Proxy | None = None
    opensearch_proxy: Proxy | None = None
    missing: list[str] = field(default_factory=list)
    proxies: dict[str, Proxy] = field(default_factory=dict)
    """All of them, by what is behind them."""

    def database(self, name: str) -> str:
        """The address of PostgreSQL for one process, by a proxy of its own."""
        folder = parse_qs(urlsplit(self.postgres.conninfo).query)["host"][0]
        proxy = self.network.to_socket(f"{folder}/.s.PGSQL.5432")
        self.proxies[f"postgresql of {name}"] = proxy
        return f"postgresql://innkeep@127.0.0.1:{proxy.port}/postgres"

    def settings(self, name: str, fed_by: FedBy = "log") -> dict[str, str]:
        """What a process has to be told."""
        told = {"MODE": "sandbox", "DATABASE_URL": self.database(name), "LOG_LEVEL": "warning"}
        told["IDEMPOTENCY_HOURS"] = RETRIED_HOURS
        if self.kafka is not None:
            told["KAFKA_BOOTSTRAP_SERVERS"] = self.kafka.servers
            if fed_by == "kafka":
                told["KAFKA_READ_MODELS"] = "all"
        if self.opensearch_proxy is not None:
            told["OPENSEARCH_URL"] = f"http://127.0.0.1:{self.opensearch_proxy.port}"
            told["OPENSEARCH_REPLICAS"] = "0"
        return told

    def start_kafka(self) -> None:
        """Start Kafka where it can run."""
        try:
            server = KafkaServer(_made(self.folder / "kafka"))
        except NotHere as lacking:
            self.missing.append(f"Kafka: {lacking}")
            return
        self.kafka_proxy = self.proxies["kafka"] = self.network.to_port(server.port)
        server.known_as = self.kafka_proxy.port
        server.start()
        self.kafka = server

    def start_opensearch(self) -> None:
        """Start OpenSearch where it can run."""
        try:
            server = OpenSearchServer(_made(self.folder / "opensearch"))
        except NotHere as lacking:
            self.missing.append(f"OpenSearch: {lacking}")
            return
        self.opensearch_proxy = self.proxies["opensearch"] = self.network.to_port(server.port)
        server.start()
        self.opensearch = server


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o755)
    return folder


@contextmanager
def servers(without: Collection[str] = ()) -> Iterator[Servers]:
    """Started, and gone afterwards. `without`: leave these out (`kafka`, `opensearch`).

    Not in pytest's own folder, which any other pytest closes to other accounts.
    """
    folder = Path(tempfile.mkdtemp(prefix="innkeep-faults-"))
    folder.chmod(0o755)
    network = Network()
    running: Servers | None = None
    try:
        running = Servers(folder, network, Cluster(_made(folder / "postgres")))
        with ThreadPoolExecutor(2) as pool:
            starts = {"kafka": running.start_kafka, "opensearch": running.start_opensearch}
            for start in [pool.submit(start) for name, start in starts.items() if name not in without]:
                start.result()
        running.missing += [f"{name}: left out as asked" for name in sorted(without)]
        yield running
    finally:
        if running is not None:
            _end(running)
        network.close()
        shutil.rmtree(folder, ignore_errors=True)


def _end(running: Servers) -> None:
    with contextlib.ExitStack() as ending:
        ending.callback(running.postgres.stop)
        for server in (running.kafka, running.opensearch):
            if server is not None:
                ending.callback(server.kill)
