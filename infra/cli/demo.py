"""`innkeep demo`: the product, its story, and where to look next."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
from rich.console import Console

from infra.cli.main import fail
from infra.cli.reach import database, trouble_in_one_line
from infra.cli.serving import listen, running, server, stop_starting_when_told, uvloop_run
from infra.demo.client import Unexpected
from infra.demo.story import Story
from infra.log import configure_logging
from infra.postgres.connected import connected
from infra.roles import EVERYTHING
from infra.settings import Settings, load_settings

HOST = "127.0.0.1"
FOR_GOOD = (
    "the demo moves the clock of its database by weeks, for good, and this one has a log by the right time already; "
    "set INNKEEP_MODE=sandbox if it may"
)
THERE = "SELECT to_regclass('event') IS NOT NULL AND to_regclass('clock') IS NOT NULL"
BY_THE_RIGHT_TIME = "SELECT EXISTS (SELECT FROM event) AND (SELECT ahead = 0 FROM clock)"
STUCK_SECONDS = 30.0
"""That the product may be kept from being ready by one and the same thing."""
LOOK_SECONDS = 0.2


def run(*, port: int, data: Path, exit_after: bool) -> None:
    """Play the story; keep serving unless told to exit. Exit 1 if a step failed, or if it was to end with the story and
    was ended before.
    """
    said, settings = load_settings(), load_settings(default_mode="sandbox")
    configure_logging("warning", "console")
    listener = listen(HOST, port)
    told = Console(highlight=False)
    failed = exit_after

    async def main() -> None:
        nonlocal failed
        stop_starting_when_told()
        if said.database_url is not None and not said.sandbox:
            await spare(said, data)
        failed = not await play(settings, listener, data, told, exit_after=exit_after)

    with trouble_in_one_line(), contextlib.suppress(asyncio.CancelledError):
        uvloop_run(main())
    raise SystemExit(1 if failed else 0)


async def spare(settings: Settings, data: Path) -> None:
    """Exits 2 if the database that was named has a log, and a clock that nobody has moved: it may be anybody's."""
    async with database(settings, data, shared=True) as conninfo, connected(conninfo) as connection:
        for question in (THERE, BY_THE_RIGHT_TIME):
            if await (await connection.execute(question)).fetchone() != (True,):
                return
    fail(FOR_GOOD)


async def play(settings: Settings, listener: socket.socket, data: Path, told: Console, *, exit_after: bool) -> bool:
    """Serves and plays; answers whether the story went as told, as far as it was let."""
    told.print("[bold]Innkeep[/bold] is starting …")
    async with running(settings, EVERYTHING, HOST, data) as product:
        web = server(product)
        serving = asyncio.create_task(web.serve(sockets=[listener]))
        base = f"http://{HOST}:{listener.getsockname()[1]}"
        went_well = await tell_story(settings, base, told, lambda: web.should_exit)
        stopped = web.should_exit
        if went_well and not exit_after:
            addresses(told, settings, base)
        if exit_after or not went_well:
            web.should_exit = True
        await serving
    return went_well or (stopped and not exit_after)


async def tell_story(settings: Settings, base: str, told: Console, stopped: Callable[[], bool]) -> bool:
    """The story through the public API; answers whether every step went as it says. That one does not, as somebody has
    stopped the server under it, is not told.
    """
    superadmin = settings.superadmin
    if superadmin is None:
        told.print("[red]The demo needs INNKEEP_SUPERADMIN_EMAIL and INNKEEP_SUPERADMIN_PASSWORD.[/red]")
        return False
    steps = 0

    def tell(headline: str, outcome: str) -> None:
        nonlocal steps
        steps += 1
        told.print(f"[green]✓[/green] [bold]{steps:2}. {headline}[/bold]\n      {outcome}", soft_wrap=True)

    async with httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as http:
        story = Story(http, tell, superadmin[0], superadmin[1].get_secret_value(), secrets.token_hex(3))
        try:
            await ready(http, told)
            await story.play()
        except (Unexpected, AssertionError, KeyError, IndexError, httpx.HTTPError) as failure:
            if not stopped():
                told.print(f"[red]✗ {story.steps[steps].__name__.replace('_', ' ')}: {failure!r}[/red]", soft_wrap=True)
            return False
    return True


async def ready(http: httpx.AsyncClient, told: Console) -> None:
    """Waits until the product says that it is well, for as long as it gets on with what keeps it.

    Raises Unexpected, with what is wrong, when that has not changed for a while.
    """
    loop = asyncio.get_running_loop()
    problem, since = "", loop.time()
    with told.status("waiting until it answers") as shown:
        while (now := await _problem(http)) is not None:
            if now != problem:
                problem, since = now, loop.time()
                shown.update(f"waiting: {problem}")
            elif loop.time() - since > STUCK_SECONDS:
                raise Unexpected(f"the product does not become ready: {problem}")
            await asyncio.sleep(LOOK_SECONDS)


async def _problem(http: httpx.AsyncClient) -> str | None:
    """What keeps the product from being well; None if it is."""
    try:
        answer = await http.get("/health")
    except httpx.TransportError:
        return "it does not answer"
    if answer.is_success:
        return None
    problems = answer.json()["problems"]
    return "; ".join(f"{part}: {what}" for part, what in problems.items())


def addresses(told: Console, settings: Settings, base: str) -> None:
    """Where to look next."""
    told.print(f"\n[bold]Try it[/bold]  {base}/docs   the whole API\n        {base}/v1/listings   what anybody sees")
    told.print(f"        {base}/admin/health   how it is doing")
    if settings.default_credentials and settings.superadmin:
        email, password = settings.superadmin
        told.print(f"        {base}/login   as {email} / {password.get_secret_value()}")
    told.print("Ctrl-C stops it.")
