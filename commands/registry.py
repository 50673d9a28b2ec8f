"""One registry of commands. REST write routes, their OpenAPI text, authorisation and the journal are made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from commands.ports import Answer, Wanted
from commands.wire import Message
from commands.work import Work
from domain.access import Everyone, LoggedIn, Rule

Handler = Callable[[Work, Any], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a command stands in REST, and how its answer is named there."""

    method: str
    path: str
    """With parameters in braces, named as the message's fields are on the wire: `/v1/listings/{listingId}`."""
    service: str
    status: int = 200
    action: str = "update"
    data_name: str = ""
    bare: bool = False
    """The answer comes without the envelope, as its reference shows."""
    raw: bool = False
    """The message takes the body as it came (`raw`) and its signature header (`signature`): a webhook."""
    for_session: bool = False
    """It is about the caller's own session: a stranger may ask, but not somebody whose cookie does not count."""
    prefixed: bool = False
    """It stands under the prefix of its service only."""
    may_be_silent: bool = False
    """The request is plain without a body, though one may add to it."""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that someone can want: its name, its message, who may ask, and what handles it."""

    name: str
    doc: str
    """A sentence or more for whoever calls it; the OpenAPI text."""
    message: type[Message]
    handler: Handler
    route: Route | None = None
    """Absent for what only the product itself does, such as acting on a deadline."""
    who: Rule = field(default_factory=LoggedIn)
    """Who may ask at all, before anything is loaded: 401 for strangers, 403 for others."""
    aliases: tuple[str, ...] = ()
    """More paths of the same route."""
    idempotent: bool = True
    """Takes an Idempotency-Key; not on login, relogin and logout."""
    ahead: Callable[[Any], Iterable[Wanted]] | None = None
    """Streams that the handler reads whoever asks, told by the message: they are read in the question that finds the
    caller, and so cost none of their own."""
    refuses: tuple[str, ...] = ()
    """The rules, by name, that may refuse it; the OpenAPI text of its 409."""

    @property
    def public(self) -> bool:
        """May a stranger ask?"""
        return isinstance(self.who, Everyone)


class Registry:
    """All commands by name. A name, or a method and path, that stands twice is an error."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._by_name: dict[str, Command] = {}
        routes: set[tuple[str, str]] = set()
        for command in commands:
            if command.name in self._by_name:
                raise ValueError(f"two commands are named {command.name}")
            self._by_name[command.name] = command
            paths = (command.route.path, *command.aliases) if command.route else ()
            for path in paths:
                at = (command.route.method, path) if command.route else ("", "")
                if at in routes:
                    raise ValueError(f"two commands stand at {at}")
                routes.add(at)

    def __getitem__(self, name: str) -> Command:
        return self._by_name[name]

    def __iter__(self) -> Iterator[Command]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)
