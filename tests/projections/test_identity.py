"""Users and API keys as documents: what changed, and nothing of a password or a key."""

from datetime import UTC, datetime
from uuid import UUID

from domain.actor import SYSTEM
from domain.api_key import ApiKey
from domain.kernel import Aggregate, Fact, Recorded
from domain.user import Profile, User
from projections.identity import API_KEYS, USERS
from projections.projection import Document, Projection, fold

ID = UUID("00000000-0000-7000-8000-00000000000a")
BORN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)


def document(projection: Projection, aggregate: Aggregate) -> Document:
    """What the projection makes of an aggregate's pending events: the first at BORN, the others LATER."""
    events = [
        Recorded(n, fact, BORN if n == 1 else LATER, None, SYSTEM.role, ID, "test")
        for n, fact in enumerate(aggregate.pending_events, 1)
        if isinstance(fact, Fact)
    ]
    made = fold(projection, None, events, ID)
    assert made is not None
    return made


def user(*, profile: Profile | None = None) -> User:
    made = User.at(ID)
    profile = profile or Profile("Anna Bell", "a.png", "en", "I travel.")
    made.register(email="anna@example.org", profile=profile, role="user", email_verified=False)
    return made


def test_a_new_user() -> None:
    assert document(USERS, user()) == {
        "id": str(ID),
        "email": "anna@example.org",
        "fullname": "Anna Bell",
        "avatar": "a.png",
        "roleId": "user",
        "emailVerified": False,
        "preferredLanguage": "en",
        "bio": "I travel.",
        "isActive": True,
        "recordVersion": 1,
        "createdAt": "2026-03-01T12:00:00.000Z",
        "updatedAt": "2026-03-01T12:00:00.000Z",
    }


def test_every_change_is_one_version_on() -> None:
    anna = user()
    anna.change_profile(Profile("Anna B.", None, None, None))
    anna.change_role("moderator")
    anna.change_password(None)
    made = document(USERS, anna)
    assert (made["fullname"], made["avatar"], made["bio"], made["roleId"]) == ("Anna B.", None, None, "moderator")
    assert (made["recordVersion"], made["updatedAt"]) == (4, "2026-03-02T12:00:00.250Z")


def test_a_closed_account_is_not_active() -> None:
    archived, deleted = user(), user()
    archived.archive()
    deleted.delete()
    assert not document(USERS, archived)["isActive"]
    assert not document(USERS, deleted)["isActive"]


def key(*, revoked: bool = False) -> ApiKey:
    made = ApiKey.at(ID)
    made.create(maker=ID, prefix="sk_abcde", digest="secret digest", description="ERP", revoked=revoked)
    return made


def test_a_key_shows_its_beginning_alone() -> None:
    made = document(API_KEYS, key())
    assert (made["key"], made["active"], made["revokedAt"], made["createdBy"]) == ("sk_abcde", True, None, str(ID))
    assert "secret digest" not in str(made)


def test_revocation_has_its_time_once() -> None:
    gone = key()
    gone.change(description="ERP", revoked=True)
    gone.change(description="not used any more", revoked=True)
    made = document(API_KEYS, gone)
    assert (made["active"], made["revokedAt"]) == (False, "2026-03-02T12:00:00.250Z")
    assert document(API_KEYS, key(revoked=True))["revokedAt"] == "2026-03-01T12:00:00.000Z"
