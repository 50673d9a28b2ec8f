"""The house's laws about tests, settings, rules, ports, words and people; and each can be broken."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from commands.catalogue import COMMANDS
from domain.catalogue import AGGREGATES
from domain.kernel import Aggregate, Personal, event
from infra.http.envelope import APP_VERSION
from infra.settings import setting_names
from tests.architecture import laws
from tests.architecture import more_laws as more

SPEAKS_TO_A_TERMINAL = "infra/cli/"
OF_A_PERSON = frozenset(
    {
        "user",
        "credential",
        "operator",
        "review",  # its author's
        "dispute",  # its opener's
        "message",  # its sender's
        "message_report",  # its reporter's
        "note",  # its author's
    }
)
"""Kinds of streams in which somebody tells of themselves, in their own words."""


def test_tests_patch_nothing_and_sleep_for_nothing() -> None:
    breaches = {path: found for path, source in laws.sources("tests") if (found := more.proof_breaches(source))}
    assert breaches == {}


@pytest.mark.parametrize(
    "source",
    [
        "from unittest import mock",
        "from unittest.mock import patch",
        "import time\ntime.sleep(1)",
        "from time import sleep",
    ],
)
def test_a_patch_or_a_sleep_is_caught(source: str) -> None:
    assert more.proof_breaches(source)


def test_asking_again_and_again_is_no_sleep() -> None:
    assert not more.proof_breaches("import time\nwhile not there():\n    time.sleep(0.05)")


def test_only_the_command_line_prints() -> None:
    breaches = {
        path: found
        for path, source in laws.sources(*laws.ROOMS)
        if not path.startswith(SPEAKS_TO_A_TERMINAL) and (found := more.print_breaches(source))
    }
    assert breaches == {}


def test_a_print_is_caught() -> None:
    assert more.print_breaches("print('here')")


def test_the_project_speaks_of_itself_alone() -> None:
    breaches = {path: found for path, text in more.own_texts() if (found := more.word_breaches(text))}
    assert breaches == {}


@pytest.mark.parametrize("text", ["see /" + "home/ada/notes", "as issue " + "12 asks", "# TO" + "DO: later"])
def test_a_word_from_elsewhere_is_caught(text: str) -> None:
    assert more.word_breaches(text)


def test_every_setting_is_documented_and_nothing_else() -> None:
    text = (laws.ROOT / "docs" / "settings.md").read_text()
    assert more.undocumented(setting_names(), text) == set()


def test_a_setting_without_a_word_is_caught_and_a_word_without_a_setting() -> None:
    text = "| `INNKEEP_ONE` | 1 | The first. |\n| `INNKEEP_GONE` | 1 | There was one. |\n"
    assert more.undocumented({"INNKEEP_ONE", "INNKEEP_TWO"}, text) == {"INNKEEP_TWO", "INNKEEP_GONE"}


def test_every_rule_is_named_by_a_command_that_meets_it() -> None:
    raised = {rule for _, source in laws.sources("domain") for rule in more.rules_in(source)}
    declared = {rule for command in COMMANDS for rule in command.refuses}
    assert raised - declared <= {"FORBIDDEN", "INVALID", "NOT_FOUND"}, "name it in `refuses=` of the command"


def test_every_rule_is_told_to_callers() -> None:
    raised = {rule for _, source in laws.sources(*laws.ROOMS) for rule in more.rules_in(source)}
    declared = {rule for command in COMMANDS for rule in command.refuses}
    assert more.untold(raised | declared, (laws.ROOT / "docs" / "interface.md").read_text()) == set()


def test_a_rule_that_is_told_nowhere_is_caught() -> None:
    source = 'class Late(DomainError):\n    code = "TOO_LATE"\n\nraise Refused("NO_MORE", "There is no more.")'
    assert more.untold(more.rules_in(source), "LATE, NO_MORE_AT_ALL (409)") == {"TOO_LATE", "NO_MORE"}


def test_every_place_has_the_same_version() -> None:
    kept = [(laws.ROOT / name).read_text() for name in ("pyproject.toml", "docker-compose.yml")]
    assert f'version = "{APP_VERSION}"' in kept[0]
    assert f"image: innkeep:{APP_VERSION}" in kept[1]


def test_adapters_of_one_port_are_held_to_one_contract() -> None:
    ports = more.ports_of(source for _, source in laws.sources("commands"))
    adapters = more.adapters_of(ports, [source for _, source in laws.sources("infra", "tests")])
    assert adapters["PaymentProvider"] == {"Simulator", "StripeProvider"}
    assert adapters["EventStore"] == {"PostgresEventStore"}
    assert more.contract_breaches(adapters, [source for _, source in laws.sources("tests")]) == []


def test_an_adapter_without_its_contract_is_caught() -> None:
    port = "class Bell(Protocol):\n    def ring(self, times: int) -> None: ..."
    brass = "class Brass:\n    def ring(self, times: int) -> None: ..."
    adapters = more.adapters_of(more.ports_of([port]), [brass, brass.replace("Brass", "Tin")])
    assert adapters == {"Bell": {"Brass", "Tin"}}
    held = "class TestBrass(BellContract):\n    bell = Brass()"
    assert more.contract_breaches(adapters, [held]) == ["Tin is not held to BellContract"]


def test_what_is_personal_is_told_in_streams_of_persons() -> None:
    assert more.personal_breaches(AGGREGATES, OF_A_PERSON) == []


@dataclass(frozen=True, slots=True)
class Plate:
    name: Personal | None


class Door(Aggregate):
    TOPIC = "door"

    @event("Named", topic="door.named.v1")
    def _named(self, plate: Plate) -> None:
        """Nothing is kept."""

    @event("Opened", topic="door.opened.v1")
    def _opened(self, by: Personal) -> None:
        """Nothing is kept."""

    @event("Closed", topic="door.closed.v1")
    def _closed(self, at: int) -> None:
        """Nothing is kept."""


def test_a_personal_field_elsewhere_is_caught() -> None:
    assert more.personal_breaches([Door], OF_A_PERSON) == ["Door.Named", "Door.Opened"]
