"""From a commit to a search on OpenSearch that finds it, with Kafka in between, beside the least that engines take."""

import random
import time

import httpx
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from opensearchpy import OpenSearch

from benchmarks import engines, searchable, seed, servers
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan
from benchmarks.searchable import A_ROUND, BARE, GAP, LISTINGS, Way
from benchmarks.sharing import kafka

TITLE = "From commit to searchable, through Kafka"
PATIENCE = 30.0
VALUE = b"-" * 1_000
"""As long as most events are."""


class Trip:
    """One message to Kafka and back, as durably and as soon as it can be."""

    def __init__(self, brokers: str) -> None:
        admin = AdminClient({"bootstrap.servers": brokers})  # it gives up what it was asked for when nobody holds it
        admin.create_topics([NewTopic(BARE, 1)])[BARE].result(PATIENCE)
        self._producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True, "linger.ms": 0})
        self._consumer = Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": BARE,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 20,
                "enable.auto.commit": False,
            }
        )
        self._consumer.subscribe([BARE])
        self.once()

    def once(self) -> float:
        """Milliseconds until it is back. Raises AssertionError if it is not."""
        start = time.perf_counter()
        self._producer.produce(BARE, VALUE)
        self._producer.flush(PATIENCE)
        message = self._consumer.poll(PATIENCE)
        assert message is not None
        assert message.error() is None, message.error()
        return 1_000 * (time.perf_counter() - start)

    def often(self, number: int) -> list[float]:
        """So many of them, now and then."""
        trips = []
        for _ in range(number):
            time.sleep(random.uniform(*GAP))
            trips.append(self.once())
        return trips

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    database = servers.database(conninfo, "searchable_kafka")
    number = A_ROUND // 4 if plan.quick else A_ROUND
    async with seed.marketplace(database) as marketplace:
        host = await marketplace.person("hanna")
        listings = await seed.gather(marketplace.listing(host, number) for number in range(LISTINGS))
    product, least = Way("product"), Way("message and bare write")
    with kafka() as brokers, engines.opensearch() as url:
        settings = {"INNKEEP_KAFKA_BOOTSTRAP_SERVERS": brokers, "INNKEEP_KAFKA_READ_MODELS": "all"}
        with servers.product(database, **engines.settings(url), **settings) as server:
            document, trip = searchable.document(url, listings[0]), Trip(brokers)
            with (
                httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as http,
                OpenSearch([url]) as engine,
            ):
                body = {"mappings": searchable.mappings(url), "settings": {"number_of_replicas": 0}}
                engine.indices.create(index=BARE, body=body)
                for round_ in range(-1, plan.rounds):
                    through = searchable.through(http, host, listings, number)
                    bare = searchable.bare(engine, document, number)
                    trips = trip.often(number)
                    if round_ < 0:
                        continue
                    product.take(through)
                    least.take([one + other for one, other in zip(trips, bare, strict=True)])
                    plan.say(f"round {round_ + 1}/{plan.rounds}: p99 {product.late[-1]:.1f}, {least.late[-1]:.1f} ms")
            trip.close()
    return _result(number, product.measured(), least.measured())


def _result(number: int, product: list[Measured], least: list[Measured]) -> Result:
    (middle, late), (least_middle, least_late) = product, least
    return Result(
        TITLE,
        f"As without Kafka: {number} titles of listings changed a round, from the acknowledgement to the answer of a "
        "search that has to show it. Here the read models are fed from Kafka (`INNKEEP_KAFKA_READ_MODELS=all`): relay, "
        "broker, projector, indexer, refresh and search lie between. Beside it the sum of one message to Kafka and "
        "back, and one write of such a document with a refresh.",
        (middle, late, least_middle, least_late),
        (
            Ratio("p99 ÷ message and bare write", late, least_late, at_most=3),
            Ratio("p50 ÷ message and bare write", middle, least_middle),
        ),
    )
