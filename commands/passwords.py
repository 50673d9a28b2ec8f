"""Changing passwords, and what that ends."""

from __future__ import annotations

import asyncio

from commands.credentials import Password
from commands.ports import Answer
from commands.registry import Command, Route
from commands.users import need_power_over, present
from commands.wire import Id, Message, RecordVersion
from commands.work import Work
from domain.access import Admin, InPerson
from domain.claim import Claim
from domain.credential import Credential
from domain.errors import NotAllowed
from domain.user import EMAIL_CLAIM


class ChangePassword(Message):
    """The present password, and the next."""

    user_id: Id
    old_password: Password
    new_password: Password
    record_version: RecordVersion | None = None


class ResetPassword(Message):
    """The next password."""

    user_id: Id
    password: Password
    record_version: RecordVersion | None = None


async def change_password(work: Work, m: ChangePassword) -> Answer:
    """Ends the user's other sessions. Guesses at the old password count as failed logins do; so all is loaded fresh,
    and a refusal worked out and counted once.
    """
    user, credential = await asyncio.gather(
        present(work, m.user_id, fresh=True), work.load(Credential, Credential.id_of(m.user_id), fresh=True)
    )
    if work.actor.id != user.id:
        raise NotAllowed("Only the user themselves can change a password with the old one.")
    user.expect(m.record_version)
    identity = work.services.identity
    identity.terms.check_password(m.new_password, "newPassword")
    account, address = Claim.id_of(EMAIL_CLAIM, user.email), work.cause.address or ""
    await identity.throttle.admit(account, address, work.real_now)
    right = await identity.passwords.verify(m.old_password, credential.password_hash)
    await identity.throttle.settle(account, address, work.real_now, right=right)
    if not right:
        raise NotAllowed("The old password is not right.")
    if m.new_password != m.old_password:
        user.change_password(keeps=work.actor.session)
        credential.set_password(await identity.passwords.hash(m.new_password))
    return Answer("user", user.id)


async def reset_password(work: Work, m: ResetPassword) -> Answer:
    """Ends the user's sessions, save the one in which it is asked."""
    user, credential = await asyncio.gather(
        present(work, m.user_id), work.load(Credential, Credential.id_of(m.user_id))
    )
    need_power_over(work, user)
    user.expect(m.record_version)
    identity = work.services.identity
    identity.terms.check_password(m.password, "password")
    if not await identity.passwords.verify(m.password, credential.password_hash):
        user.change_password(keeps=work.actor.session if work.actor.id == user.id else None)
        credential.set_password(await identity.passwords.hash(m.password))
    return Answer("user", user.id)


COMMANDS: tuple[Command, ...] = (
    Command(
        name="updateUserPassword",
        doc="Change one's own password. Ends one's other sessions.",
        message=ChangePassword,
        handler=change_password,
        route=Route("PATCH", "/v1/userpassword/{userId}", "auth", data_name="user"),
        who=InPerson(),
        refuses=("STALE_VERSION",),
    ),
    Command(
        name="updateUserPasswordByAdmin",
        doc="Give a user another password. Ends their sessions.",
        message=ResetPassword,
        handler=reset_password,
        route=Route("PATCH", "/v1/userpasswordbyadmin/{userId}", "auth", data_name="user"),
        who=Admin() & InPerson(),
        refuses=("STALE_VERSION",),
    ),
)
