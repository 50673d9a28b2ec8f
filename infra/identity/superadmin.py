"""The first user, made by the first start."""

from __future__ import annotations

from datetime import datetime

from pydantic import ValidationError

from commands.bus import Ask, Bus
from commands.users import ENSURE_SUPER_ADMIN, OpenAccount
from domain.actor import SYSTEM
from domain.errors import DomainError
from infra.settings import SettingsError

FULLNAME = "Innkeep Administrator"


async def ensure_superadmin(bus: Bus, email: str, password: str, *, at: datetime, real_now: datetime) -> bool:
    """Make this user the superAdmin if there is none yet; answers whether it was made. Any number of processes may.

    Raises:
        SettingsError: there is none, and this e-mail address or password is not fit for one.
        Unavailable: the database is away.
    """
    try:
        message = OpenAccount(email=email, password=password, fullname=FULLNAME)
        ask = Ask(actor=SYSTEM, at=at, real_now=real_now, render=lambda _answer, _shown: b"")
        return (await bus.run(ENSURE_SUPER_ADMIN, message, ask)).recorded
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise SettingsError(f"INNKEEP_SUPERADMIN_{str(problem['loc'][0]).upper()}: {problem['msg']}") from None
    except DomainError as error:
        raise SettingsError(f"the superAdmin cannot be made: {error.message}") from None
