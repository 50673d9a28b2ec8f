"""One role of the product in a process whose clock is wrong: `python -m tests.faults.other_clock SECONDS ROLE [PORT]`.

It is the product as `innkeep ROLE` starts it, with another wall clock put in where it is wired.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from infra.build import build
from infra.cli.serving import listen, server, until_told_to_stop, uvloop_run
from infra.log import configure_logging
from infra.postgres.migrate import migrate
from infra.roles import Role
from infra.settings import load_settings


async def main(ahead: timedelta, role: Role, port: int) -> None:
    """Work until told to stop."""
    settings = load_settings(default_mode="sandbox")
    configure_logging(settings.log_level, settings.log_format)
    assert settings.database_url is not None
    conninfo = settings.database_url.get_secret_value()
    listener = listen("127.0.0.1", port) if role is Role.API else None
    await migrate(conninfo)
    async with build(
        settings, conninfo=conninfo, roles=frozenset({role}), wall=lambda: datetime.now(UTC) + ahead
    ) as product:
        if listener is None:
            await until_told_to_stop()
        else:
            await server(product).serve(sockets=[listener])


if __name__ == "__main__":
    uvloop_run(main(timedelta(seconds=float(sys.argv[1])), Role(sys.argv[2]), int((*sys.argv, "0")[3])))
