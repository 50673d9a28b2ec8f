"""Making API keys, describing and revoking them."""

from __future__ import annotations

from typing import ClassVar

from commands.ports import Answer
from commands.registry import Command, Route
from commands.wire import UNSET, Flag, Id, Instant, Message, RecordVersion, Text
from commands.work import Work
from domain.access import Admin, InPerson
from domain.api_key import ApiKey
from domain.errors import NotAllowed, NotThere


class CreateApiKey(Message):
    """What it is for. `active: false`, or a `revokedAt`, makes one that is revoked from the first."""

    active: Flag = True
    description: Text | None = None
    revoked_at: Instant | None = None
    IGNORED: ClassVar[frozenset[str]] = frozenset({"key", "createdBy"})


class UpdateApiKey(Message):
    """What it is for from now on; `active: false`, or a `revokedAt`, revokes it now and for good."""

    api_key_id: Id
    active: Flag = UNSET
    description: Text | None = UNSET
    revoked_at: Instant | None = UNSET
    record_version: RecordVersion | None = None


async def create_api_key(work: Work, m: CreateApiKey) -> Answer:
    """The whole key is in this answer and nowhere else."""
    if work.actor.id is None:
        raise NotAllowed("An API key acts as the user who makes it.")
    id = work.new_id()
    made = work.services.identity.keys.make(id)
    key = await work.load(ApiKey, id)
    key.create(
        maker=work.actor.id,
        prefix=made.prefix,
        digest=made.digest,
        description=m.description,
        revoked=not m.active or m.revoked_at is not None,
    )
    return Answer("apiKey", id, secret={"key": made.text})


async def update_api_key(work: Work, m: UpdateApiKey) -> Answer:
    """Revoked stays revoked."""
    key = await work.load(ApiKey, m.api_key_id)
    if key.maker is None:
        raise NotThere("apiKey")
    key.expect(m.record_version)
    asked = m.sent("active", "revoked_at")
    revokes = asked.get("active") is False or asked.get("revoked_at") is not None
    key.change(
        description=m.sent("description").get("description", key.description),
        revoked=revokes or (key.revoked and not asked),
    )
    return Answer("apiKey", key.id)


COMMANDS: tuple[Command, ...] = (
    Command(
        name="createApiKey",
        doc="Make an API key. It acts as its maker, with the maker's present role, until it is revoked or the account "
        "is closed. `key` is whole in this answer alone.",
        message=CreateApiKey,
        handler=create_api_key,
        route=Route("POST", "/v1/apikeys", "platformAdmin", status=201, action="create", data_name="apiKey"),
        who=Admin() & InPerson(),
    ),
    Command(
        name="updateApiKey",
        doc="Describe an API key anew, or revoke it: revoked stays revoked.",
        message=UpdateApiKey,
        handler=update_api_key,
        route=Route("PATCH", "/v1/apikeys/{apiKeyId}", "platformAdmin", data_name="apiKey"),
        who=Admin(),
        refuses=("WRONG_STATE", "STALE_VERSION"),
    ),
)
