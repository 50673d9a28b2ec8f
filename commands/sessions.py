"""Logging in, logging in anew, logging out. Sessions live in real time, whatever the product's clock says."""

from __future__ import annotations

import asyncio
from typing import Any, Self
from uuid import UUID

from pydantic import model_validator

from commands.bus import Unauthenticated
from commands.credentials import TOKEN_HEADER, Password
from commands.ports import Answer
from commands.registry import Command, Route
from commands.wire import Message, NonEmpty
from commands.work import Work
from domain.access import Everyone
from domain.claim import Claim
from domain.credential import Credential
from domain.errors import NotAllowed
from domain.session import Session
from domain.user import EMAIL_CLAIM, User, tidy_email

NO_ONE = UUID(int=0)
"""Stands for the user whom an unknown e-mail address belongs to: a stream that is never written."""


class Login(Message):
    """Credentials."""

    username: NonEmpty | None = None
    """The e-mail address; read before `email`."""
    email: NonEmpty | None = None
    password: Password

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.username is None and self.email is None:
            raise ValueError("username (the e-mail address) is required")
        return self


class Relogin(Message):
    """Nothing but the present session."""


class Logout(Message):
    """Nothing but the present session."""


async def login(work: Work, m: Login) -> Answer:
    """Everything is loaded fresh: a refusal is final, and is worked out, and counted, once."""
    ports = work.services.identity
    account = Claim.id_of(EMAIL_CLAIM, tidy_email(m.username or m.email or ""))
    address = work.cause.address or ""
    await ports.throttle.admit(account, address, work.real_now)
    claim = await work.load(Claim, account, fresh=True)
    who = claim.holder or NO_ONE
    user, credential = await asyncio.gather(
        work.load(User, who, fresh=True), work.load(Credential, Credential.id_of(who), fresh=True)
    )
    right = await ports.passwords.verify(m.password, credential.password_hash) and user.active
    await ports.throttle.settle(account, address, work.real_now, right=right)
    if not right:
        raise Unauthenticated("The e-mail address or the password is wrong.")
    if ports.terms.verified_email_only and not user.email_verified:
        raise NotAllowed("Verify your e-mail address before you log in.")
    return await _begin(work, user)


async def relogin(work: Work, _: Relogin) -> Answer:
    """A new session beside the present one, which goes on until it expires or ends: another tab may hold it."""
    actor = work.actor
    if actor.id is None or actor.session is None or actor.by_key:
        raise Unauthenticated("There is no session to log in anew.")
    user, session = await asyncio.gather(
        work.load(User, actor.id, fresh=True), work.load(Session, actor.session, fresh=True)
    )
    if not session.counts_for(user):
        raise Unauthenticated("This session has ended.")
    return await _begin(work, user)


async def logout(work: Work, _: Logout) -> Answer:
    """End the present session, if there is one."""
    actor = work.actor
    if actor.session is not None and not actor.by_key:
        session = await work.load(Session, actor.session)
        session.end()
    return Answer(extra={"message": "You are logged out."}, headers={TOKEN_HEADER: ""})


async def _begin(work: Work, user: User) -> Answer:
    session = await work.load(Session, work.new_id())
    session.start(user.id, user.epoch)
    token = await work.services.identity.tokens.issue(
        user=user.id, session=session.id, role=user.role, at=work.real_now
    )
    return Answer(extra=session_object(user, session.id, token), headers={TOKEN_HEADER: token})


def session_object(user: User, session: UUID | None, token: str | None) -> dict[str, Any]:
    """A session as the reference shows it: who it is, as what, and the token."""
    return {
        "sessionId": None if session is None else str(session),
        "userId": str(user.id),
        "email": user.email,
        "fullname": user.profile.fullname,
        "avatar": user.profile.avatar,
        "roleId": user.role,
        "emailVerified": user.email_verified,
        "preferredLanguage": user.profile.preferred_language,
        "accessToken": token,
    }


COMMANDS: tuple[Command, ...] = (
    Command(
        name="login",
        doc="Log in with an e-mail address (`username`, or `email`) and a password. The access token is in the answer, "
        "in its header and in its cookie `airbnb3-access-token`, and lasts 24 hours.",
        message=Login,
        handler=login,
        route=Route("POST", "/login", "auth", action="login", data_name="session", bare=True),
        who=Everyone(),
        idempotent=False,
    ),
    Command(
        name="relogin",
        doc="A new session and token for who has a valid one, which goes on.",
        message=Relogin,
        handler=relogin,
        route=Route("GET", "/relogin", "auth", action="login", data_name="session", bare=True),
        idempotent=False,
    ),
    Command(
        name="logout",
        doc="End the present session. Answers 200 whether there was one or not.",
        message=Logout,
        handler=logout,
        route=Route("POST", "/logout", "auth", action="logout", data_name="session", for_session=True),
        who=Everyone(),
        idempotent=False,
    ),
)
