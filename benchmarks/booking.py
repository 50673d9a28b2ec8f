"""Booking over HTTP: the product beside a CRUD application that promises the same, and beside a bare insert."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from uuid import UUID

import msgspec
import psycopg

from benchmarks import load, servers, street
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan
from benchmarks.rivals import bare_insert, floor

TITLE = "Booking over HTTP"
CONNECTIONS = 32
CATCH_UP = 120.0
"""Seconds that the read models have to follow after a round."""

FIND_EVENT = "SELECT stream FROM event WHERE stream = ANY(%s) AND name = 'reservation.requested.v1'"
FIND_ROW = "SELECT id FROM {} WHERE id = ANY(%s)"
LEFT = """SELECT count(*) FROM read_model
  WHERE position < (SELECT coalesce(max(position), 0) FROM event)"""


@dataclass(frozen=True)
class Round:
    """What one contestant did in one round."""

    rate: float
    """Bookings a second, as the guests saw them."""
    server: float
    """Microseconds of processor time a booking, read models included."""
    database: float
    """The same of PostgreSQL."""
    behind: float
    """Seconds until the read models had everything."""


@dataclass
class Contestant:
    """A server or several on one database, what is left to book, and what was acknowledged."""

    name: str
    servers: Sequence[servers.Server]
    requests: Iterator[bytes]
    find: str
    """Finds those of some ids that are recorded."""
    rounds: list[Round] = field(default_factory=list)
    totals: dict[tuple[str, str], float] = field(default_factory=dict)
    acknowledged: int = 0
    size: int = 0

    async def round(self, seconds: float) -> Round:
        before = self._used()
        ports = [server.port for server in self.servers]
        told = await load.run(ports, self.requests, connections=CONNECTIONS, seconds=seconds)
        behind = self._catch_up() if self.name == "product" else 0.0
        after = self._used()
        own, database = (1e6 * (b - a) / len(told.answers) for a, b in zip(before, after, strict=True))
        told.check(201)
        self._check_recorded([body for _, body in told.answers])
        self.size = len(told.answers[-1][1])
        return Round(told.rate, own, database, behind)

    @property
    def database(self) -> str:
        return self.servers[0].database

    def _used(self) -> tuple[float, float]:
        """Seconds of processor time: of the servers, and of PostgreSQL."""
        return sum(server.cpu() for server in self.servers), self.servers[0].database_cpu()

    def _check_recorded(self, bodies: list[bytes]) -> None:
        """Everything acknowledged is recorded once. Raises AssertionError."""
        answers = [msgspec.json.decode(body)["reservation"] for body in bodies]
        ids = {UUID(answer["id"]) for answer in answers}
        if len(ids) != len(answers):
            raise AssertionError(f"{self.name} answered the same reservation twice")
        with psycopg.connect(self.database) as connection:
            found = [id for (id,) in connection.execute(self.find.encode(), [list(ids)]).fetchall()]
        if len(found) != len(ids) or set(found) != ids:
            raise AssertionError(f"{self.name} acknowledged {len(ids)} bookings and recorded {len(found)} of them")
        self.acknowledged += len(ids)
        self.totals |= {(a["listingId"], a["checkIn"]): a["totalPrice"] for a in answers if "totalPrice" in a}

    def _catch_up(self) -> float:
        """Seconds until the product's read models have all that was recorded."""
        start = time.perf_counter()
        with psycopg.connect(self.database, autocommit=True) as connection:
            while time.perf_counter() - start < CATCH_UP:
                ((left,),) = connection.execute(LEFT).fetchall()
                if left == 0:
                    return time.perf_counter() - start
                time.sleep(0.02)
        raise AssertionError(f"{left} read models do not follow")


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    names = ("product", "crud", "bare", "floor")
    databases = {name: servers.database(conninfo, f"booking_{name}") for name in names}
    plan.say("making listings and guests")
    there = await street.made(databases["product"], 200 if plan.quick else 2000, CONNECTIONS)
    street.copied(databases["crud"], there)
    with psycopg.connect(databases["bare"]) as connection:
        connection.execute(bare_insert.TABLES)
    floor.prepare(databases["floor"])
    with contextlib.ExitStack() as stack:
        product = stack.enter_context(servers.product(databases["product"]))
        rival = stack.enter_context(servers.rival("crud", databases["crud"], RIVAL_PUBLIC_KEY=there.public_pem))
        bare = stack.enter_context(servers.rival("bare_insert", databases["bare"]))
        least = stack.enter_context(servers.rival("floor", databases["floor"], RIVAL_PUBLIC_KEY=there.public_pem))
        contestants = (
            Contestant("product", [product], there.requests(1), FIND_EVENT),
            Contestant("CRUD", [rival], there.requests(1), FIND_ROW.format("crud_reservation")),
            Contestant("bare insert", [bare], there.requests(1), FIND_ROW.format("bare_reservation")),
            Contestant("floor", [least], there.requests(1), FIND_EVENT),
        )
        await rounds(plan, contestants)
    return _result(contestants)


async def rounds(plan: Plan, contestants: Sequence[Contestant]) -> None:
    """All rounds of all contestants; the first does not count."""
    for number in range(-1, plan.rounds):
        for turn in range(len(contestants)):  # who begins changes from round to round
            contestant = contestants[(turn + number) % len(contestants)]
            done = await contestant.round(plan.seconds if number >= 0 else 1.0)
            if number >= 0:
                contestant.rounds.append(done)
            plan.say(
                f"round {number + 1}/{plan.rounds}: {contestant.name} {done.rate:,.0f}/s, "
                f"{done.server:.0f} µs of server, {done.database:.0f} µs of database"
            )


def _result(contestants: Sequence[Contestant]) -> Result:
    product, rival, bare, least = (
        Measured(c.name, "bookings/s", [done.rate for done in c.rounds]) for c in contestants
    )
    used = [Measured(f"{c.name}: server", "µs of processor", [done.server for done in c.rounds]) for c in contestants]
    used += [
        Measured(f"{c.name}: PostgreSQL", "µs of processor", [done.database for done in c.rounds]) for c in contestants
    ]
    same = contestants[0].totals.keys() & contestants[1].totals.keys()
    different = [stay for stay in same if contestants[0].totals[stay] != contestants[1].totals[stay]]
    if different or not same:
        raise AssertionError(f"{len(different)} of {len(same)} stays cost another price at the rival")
    behind = max(done.behind for done in contestants[0].rounds)
    cost = [median(done.server + done.database for done in c.rounds) for c in contestants]
    booked = ", ".join(f"{c.name} {c.acknowledged:,}" for c in contestants)
    sizes = ", ".join(f"{c.name} {c.size:,}" for c in contestants)
    return Result(
        TITLE,
        f"`POST /v1/reservations` over {CONNECTIONS} connections, each another guest: token, session and role, rules, "
        "price with overrides, no night twice, idempotency key, journal. One process each; the load and the database "
        "share the machine with it. The floor asks and writes what the product does, in the same statements, and does "
        "nothing else: what is decided, folded and shown is what lies between the two.",
        (product, rival, bare, least, *used),
        (
            Ratio("product ÷ CRUD", product, rival, at_least=1.6),
            Ratio("product ÷ bare insert", product, bare, at_least=0.6),
            Ratio("floor ÷ bare insert", least, bare),
            Ratio("product ÷ floor", product, least),
        ),
        (
            f"Every answer was a 201 and is recorded: {booked}.",
            f"{len(same):,} stays were booked at both the product and the CRUD rival, for the same price.",
            f"Bytes of an answer: {sizes}.",
            (
                f"In processor time of server and PostgreSQL, a booking costs {cost[0] / cost[1]:.2f} times what "
                f"it costs the CRUD rival, and {cost[0] / cost[2]:.2f} times the bare insert."
            ),
            (
                "The product's projector and scheduler ran in the same process, and are in its processor time; its "
                f"read models had everything {behind:.1f} s after the last booking of a round at the latest."
            ),
        ),
    )
