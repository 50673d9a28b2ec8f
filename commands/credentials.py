"""What accounts, logins and API keys need of the world: slow hashes, signed tokens, and a brake on guessing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NamedTuple, Protocol
from uuid import UUID

from pydantic import AfterValidator, Field

from commands.wire import NonEmpty
from domain.actor import Role
from domain.errors import DomainError
from domain.user import AccountTerms, looks_like_email, tidy_email

TOKEN_HEADER = "airbnb3-access-token"  # noqa: S105 - the name of a header and a cookie


class TooManyAttempts(DomainError):
    """Too many failed logins for this account and address, or for this address (429 with Retry-After)."""

    code = "TOO_MANY_ATTEMPTS"
    status = 429

    def __init__(self, retry_after: float) -> None:
        self.retry_after = max(1, math.ceil(retry_after))
        super().__init__(
            f"Too many failed logins: try again in {self.retry_after} seconds.", retryAfter=self.retry_after
        )


class PasswordHasher(Protocol):
    """Makes and checks slow salted hashes."""

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        ...

    async def verify(self, password: str, kept: str | None) -> bool:
        """Is it the password of that hash? Without a hash the same work is done for nothing, and the answer is no:
        how long it takes does not tell whether there is such an account.
        """
        ...


class Tokens(Protocol):
    """Signs what a caller shows later to say which session they have."""

    async def issue(self, *, user: UUID, session: UUID, role: Role, at: datetime) -> str:
        """A signed token. `at` is the wall's time. Raises Unavailable."""
        ...


class Throttle(Protocol):
    """Counts failed logins by account and address, whether there is such an account or not. Times are the wall's."""

    async def admit(self, account: UUID, address: str, at: datetime) -> None:
        """Let an attempt begin. Raises TooManyAttempts, Unavailable."""
        ...

    async def settle(self, account: UUID, address: str, at: datetime, *, right: bool) -> None:
        """How an attempt ended, before anyone is told: a success forgets that account's failures from there.

        Raises TooManyAttempts, right or wrong, if others failed too often meanwhile: many guesses at once learn no
        more than as many one by one. Raises Unavailable.
        """
        ...


class MadeKey(NamedTuple):
    """A new API key."""

    text: str
    """The key itself, to be shown once."""
    prefix: str
    digest: str


class KeyMaker(Protocol):
    """Makes API keys out of randomness."""

    def make(self, id: UUID) -> MadeKey:
        """A key that says which one it is, and proves it."""
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """The ports of accounts, logins and API keys, in one bundle."""

    passwords: PasswordHasher
    tokens: Tokens
    throttle: Throttle
    keys: KeyMaker
    terms: AccountTerms


def _email(text: str) -> str:
    tidy = tidy_email(text)
    if not looks_like_email(tidy):
        raise ValueError("is not an e-mail address")
    return tidy


Email = Annotated[NonEmpty, AfterValidator(_email)]
Password = Annotated[NonEmpty, Field(repr=False)]
"""Any password; how long it has to be, `AccountTerms` says."""
