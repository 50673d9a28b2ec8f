"""One Apache Kafka broker on loopback, as small as it can be."""

from __future__ import annotations

import base64
import subprocess
import time
import uuid
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.services.java import NotHere, fetching, free_port, java, maven

VERSION = "4.4.0"
POM = Path(__file__).with_name("kafka.pom.xml")
PATIENCE = 120.0
"""Seconds that a start may take on a busy machine."""
SETTINGS = """process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},INSIDE://127.0.0.1:{inside},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{known_as},INSIDE://127.0.0.1:{inside}
controller.listener.names=CONTROLLER
inter.broker.listener.name=INSIDE
listener.security.protocol.map=CONTROLLER:PLAINTEXT,INSIDE:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
num.network.threads=2
num.io.threads=4
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.segment.bytes=16777216
"""
LOGGING = """status=error
rootLogger.level=warn
rootLogger.appenderRef.o.ref=O
appender.o.type=Console
appender.o.name=O
appender.o.layout.type=PatternLayout
appender.o.layout.pattern=%d %p %c %m%n
"""


class KafkaServer:
    """A broker with its data in a folder; it may be killed and started again. Raises NotHere where it cannot run."""

    FORMAT: tuple[str, ...] = ()
    """What more its data are formatted with."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._java = java(17)
        self._libraries = _fetched()
        self.port, self._inside, self._controller = free_port(), free_port(), free_port()
        self.known_as = self.port
        """The port that it tells clients to come by; that of a proxy, if somebody puts one in front."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def servers(self) -> str:
        """Its address, as clients want it."""
        return f"127.0.0.1:{self.known_as}"

    def start(self) -> None:
        """Start it, and return once it answers."""
        settings = self._prepared()
        with (self._folder / "kafka.log").open("ab") as log:
            self._process = subprocess.Popen([*self._command(), "kafka.Kafka", str(settings)], stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = self.words()
                self.kill()
                raise RuntimeError(f"Kafka did not start: {said}")
            time.sleep(0.2)

    def words(self) -> str:
        """The end of what it said."""
        return (self._folder / "kafka.log").read_text(errors="replace")[-2000:]

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _command(self) -> list[str]:
        logging = self._folder / "log4j2.properties"
        return [str(self._java), "-Xmx384m", f"-Dlog4j2.configurationFile={logging}", "-cp", f"{self._libraries}/*"]

    def _prepared(self) -> Path:
        settings, data = self._folder / "kafka.properties", self._folder / "data"
        ports = {"port": self.port, "known_as": self.known_as, "inside": self._inside, "controller": self._controller}
        settings.write_text(SETTINGS.format(**ports, data=data))
        (self._folder / "log4j2.properties").write_text(LOGGING)
        if not (data / "meta.properties").exists():
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            tool = ["kafka.tools.StorageTool", "format", "--standalone", f"--cluster-id={cluster}", "-c", str(settings)]
            command = [*self._command(), *tool, *self.FORMAT]
            done = subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE)
            if done.returncode:
                raise RuntimeError(f"Kafka's storage is not formatted: {(done.stdout + done.stderr)[-2000:]!r}")
        return settings

    def _answers(self) -> bool:
        try:
            return bool(AdminClient({"bootstrap.servers": self.servers, "log_level": 0}).list_topics(timeout=1).brokers)
        except KafkaException:
            return False


def _fetched() -> Path:
    """The broker's class path, fetched if it is not there yet."""
    with fetching("kafka") as cache:
        libraries = cache / f"kafka-{VERSION}"
        if not any(libraries.glob("kafka_*.jar")):
            goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={libraries}")
            maven("-f", str(POM), *goal)
        return libraries


__all__ = ["KafkaServer", "NotHere"]
