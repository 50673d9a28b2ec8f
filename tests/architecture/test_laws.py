"""The house keeps its laws, and each law can be broken."""

from __future__ import annotations

import pytest

from commands.catalogue import COMMANDS
from commands.ports import Answer
from commands.registry import Command, Registry, Route
from commands.wire import Message
from commands.work import Work
from domain.catalogue import AGGREGATES
from domain.kernel import Aggregate, event
from tests.architecture import laws


@pytest.mark.parametrize("room", laws.ROOMS)
def test_no_room_looks_where_it_may_not(room: str) -> None:
    breaches = {path: found for path, source in laws.sources(room) if (found := laws.import_breaches(room, source))}
    assert breaches == {}


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("domain", "from commands.bus import Bus"),
        ("domain", "import pydantic"),
        ("commands", "from infra.settings import Settings"),
        ("commands", "import projections.projection"),
        ("projections", "from read_api import lists"),
        ("read_api", "from infra.read_models import runner"),
    ],
)
def test_a_look_into_the_wrong_room_is_caught(room: str, source: str) -> None:
    assert laws.import_breaches(room, source)


@pytest.mark.parametrize("room", ["domain", "commands", "projections", "read_api"])
def test_time_and_chance_enter_at_the_edge(room: str) -> None:
    breaches = {path: found for path, source in laws.sources(room) if (found := laws.clock_breaches(source))}
    assert breaches == {}


@pytest.mark.parametrize(
    "source",
    [
        "at = datetime.now(UTC)",
        "day = date.today()",
        "id = uuid.uuid4()",
        "id = uuid4()",
        "n = random.randint(1, 6)",
        "t = time.monotonic()",
    ],
)
def test_a_clock_read_or_dice_thrown_inside_is_caught(source: str) -> None:
    assert laws.clock_breaches(source)


def test_nothing_is_wired_at_import() -> None:
    breaches = {path: found for path, source in laws.sources(*laws.ROOMS) if (found := laws.wiring_breaches(source))}
    assert breaches == {}


@pytest.mark.parametrize("source", ["app = FastAPI()", "conn = psycopg.connect('')", "settings = Settings()"])
def test_wiring_at_import_is_caught(source: str) -> None:
    assert laws.wiring_breaches(source)


def test_every_event_has_a_registered_versioned_name() -> None:
    assert AGGREGATES
    assert laws.naming_breaches(AGGREGATES) == []


class Nameless(Aggregate):
    TOPIC = "nameless"

    @event("Happened", topic="happened")
    def _happened(self) -> None:
        """Nothing is kept."""


def test_an_event_without_a_versioned_name_is_caught() -> None:
    assert laws.naming_breaches([Nameless])
    assert laws.naming_breaches([*AGGREGATES[:1], *AGGREGATES[:1]])


def test_every_command_says_what_it_does() -> None:
    assert COMMANDS
    assert laws.documentation_breaches(COMMANDS) == []


async def _nothing(_work: Work, _message: Message) -> Answer:
    return Answer()


def test_a_command_without_a_word_is_caught() -> None:
    assert laws.documentation_breaches([Command("doIt", "", Message, _nothing)])


def test_a_command_or_a_route_that_stands_twice_is_refused() -> None:
    route = Route("POST", "/v1/things", "things")
    with pytest.raises(ValueError, match="two commands are named"):
        Registry([Command("a", "Does a thing.", Message, _nothing)] * 2)
    with pytest.raises(ValueError, match="two commands stand"):
        Registry([Command(n, "Does a thing.", Message, _nothing, route) for n in ("a", "b")])
