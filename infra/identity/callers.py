"""Who is calling: from the credentials of a request to an actor, as of this moment.

A token or key only says which session or key it is. Whether that still counts, and what its user may do now, the log
says, each time anew: a logout, a demotion or a revocation in any process holds in all of them at once.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from commands.bus import Unauthenticated
from commands.ports import EventStore, Wanted, WrongKind
from domain.actor import NOBODY, Actor
from domain.api_key import ApiKey
from domain.kernel import Aggregate
from domain.session import Session
from domain.user import User
from infra.identity.api_keys import MARK, KeyTexts
from infra.identity.tokens import SignedTokens

BEARER = "bearer "


class Found(NamedTuple):
    """The one credential that counts, and whether a browser sent it by itself."""

    text: str
    may_be_key: bool = False
    by_cookie: bool = False


class Credentials(NamedTuple):
    """All places of a request where credentials may stand."""

    query: str | None = None
    """`access_token`."""
    authorization: str | None = None
    header: str | None = None
    """`airbnb3-access-token`, and the cookie of that name."""
    cookie: str | None = None
    api_auth: str | None = None
    """`ApiAuth`; filled on the routes that take it."""

    @property
    def found(self) -> Found | None:
        """The first there is, in the order of the reference."""
        if self.query:
            return Found(self.query)
        if self.authorization and self.authorization.lower().startswith(BEARER):
            bearer = self.authorization[len(BEARER) :].strip()
            if bearer:
                return Found(bearer, may_be_key=True)
        if self.header:
            return Found(self.header)
        if self.api_auth:
            return Found(self.api_auth.strip(), may_be_key=True)
        return Found(self.cookie, by_cookie=True) if self.cookie else None

    @property
    def by_cookie(self) -> bool:
        """Whether the caller is known by a cookie alone, which a browser sends whoever asks it to."""
        found = self.found
        return found is not None and found.by_cookie

    @property
    def token(self) -> str | None:
        """The access token, as sent; nothing if it is an API key."""
        found = self.found
        return None if found is None or found.text.startswith(MARK) else found.text


class Known(NamedTuple):
    """A caller, and what was found out in the same question."""

    actor: Actor
    beside: Sequence[Aggregate] = ()
    """The streams that were wanted too, if they could be read with the caller; else none of them."""
    wrote: int | None = None
    """The position of what the session or API key caused last, where it was asked for."""


@dataclass(frozen=True, slots=True)
class Callers:
    """Finds out who calls."""

    store: EventStore
    tokens: SignedTokens
    keys: KeyTexts = field(default_factory=KeyTexts)

    async def caller(self, credentials: Credentials) -> Actor:
        """The actor of a request; nobody if it brings no credentials.

        Raises Unauthenticated if those that it brings do not count, Unavailable.
        """
        return (await self.caller_and(credentials)).actor

    async def caller_and(
        self, credentials: Credentials, wanted: Sequence[Wanted] = (), *, position: bool = False
    ) -> Known:
        """As `caller`, and these streams beside; and where it last wrote, if its `position` is asked for."""
        found = credentials.found
        if found is None:
            return Known(NOBODY)
        if not found.text.startswith(MARK):
            return await self._by_token(found.text, wanted, position=position)
        if found.may_be_key:
            return await self._by_key(found.text, position=position)
        raise Unauthenticated("An API key is sent as Authorization: Bearer.")

    async def caller_if_any(self, credentials: Credentials, *, position: bool = False) -> Known:
        """As `caller_and`, for what anyone may ask: credentials that do not count are as good as none."""
        try:
            return await self.caller_and(credentials, position=position)
        except Unauthenticated:
            return Known(NOBODY)

    async def _by_token(self, token: str, wanted: Sequence[Wanted], *, position: bool) -> Known:
        claims = await self.tokens.read(token)
        if claims is None:
            raise Unauthenticated("This access token is not valid, or has expired: log in again.")
        own = (Wanted(User, claims.user, fresh=True), Wanted(Session, claims.session, fresh=True))
        asks = claims.session if position else None
        try:
            (user, session, *beside), wrote = await self._load((*own, *wanted), asks)
        except WrongKind:  # one of those beside is something else: whoever wants it will say so
            (user, session, *beside), wrote = await self._load(own, asks)
        if not (isinstance(user, User) and isinstance(session, Session) and session.counts_for(user)):
            raise Unauthenticated("This session has ended: log in again.")
        return Known(Actor(user.id, user.role, session.id), beside, wrote)

    async def _by_key(self, text: str, *, position: bool) -> Known:
        read = self.keys.read(text)
        if read is None:
            raise Unauthenticated("This is not an API key.")
        try:
            # A key's maker never changes: from then on that one is known, both are asked about in one question.
            known = await self.store.load(ApiKey, read.id)
            if known.maker is None:  # as it may have been when it was last looked for
                known = await self.store.load(ApiKey, read.id, fresh=True)
        except WrongKind:
            raise Unauthenticated("This is not an API key.") from None
        if known.maker is None:
            raise Unauthenticated("This API key is not valid, or revoked.")
        asked = (Wanted(ApiKey, read.id, fresh=True), Wanted(User, known.maker, fresh=True))
        (key, maker), wrote = await self._load(asked, read.id if position else None)
        assert isinstance(key, ApiKey)  # noqa: S101 - else it raised
        assert isinstance(maker, User)  # noqa: S101
        if key.revoked or not hmac.compare_digest(key.digest, read.digest):
            raise Unauthenticated("This API key is not valid, or revoked.")
        if not maker.active:
            raise Unauthenticated("The account of this API key is closed.")
        return Known(Actor(maker.id, maker.role, key.id, by_key=True), (), wrote)

    async def _load(self, wanted: Sequence[Wanted], session: UUID | None) -> tuple[list[Aggregate], int | None]:
        if session is None:
            return await self.store.load_all(wanted), None
        return await self.store.load_and_position(wanted, session)
