"""Users and powers: accounts, roles, the last superAdmin, and sessions that end with what they rest on."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from domain.actor import NOBODY, ROLES, SYSTEM, Actor, Role
from domain.claim import Claim
from domain.credential import Credential
from domain.errors import Invalid
from domain.session import Session
from domain.super_admins import SuperAdmins
from domain.user import (
    EMAIL_CLAIM,
    AccountTerms,
    Profile,
    User,
    looks_like_email,
    may_act_on,
    may_grant,
    tidy_email,
)
from tests.specs import STREAM, given

ANNA = UUID("00000000-0000-7000-8000-00000000000a")
BEN = UUID("00000000-0000-7000-8000-00000000000b")
LOGIN = UUID("00000000-0000-7000-8000-0000000000c1")
OTHER_LOGIN = UUID("00000000-0000-7000-8000-0000000000c2")
PROFILE = Profile("Anna Bell", "a.png", "en", None)


def registered(user: User) -> None:
    user.register(email="Anna@Example.org", profile=PROFILE, role="user", email_verified=False)


class TestAccount:
    def test_opens_once(self) -> None:
        user = given(User).when(registered).then("user.registered.v1", email="Anna@Example.org", role="user")
        assert user.active
        given(User).having(registered).when(registered).nothing()

    def test_profile_changes_are_recorded_whole(self) -> None:
        new = replace(PROFILE, bio="I travel.")
        given(User).having(registered).when(lambda u: u.change_profile(new)).then(
            "user.profile_changed.v1", profile=new
        )

    def test_a_profile_that_already_holds_records_nothing(self) -> None:
        given(User).having(registered).when(lambda u: u.change_profile(replace(PROFILE))).nothing()

    def test_a_role_that_already_holds_records_nothing(self) -> None:
        given(User).having(registered).when(lambda u: u.change_role("user")).nothing()

    def test_archiving_and_deleting_end_it(self) -> None:
        archived = given(User).having(registered).when(User.archive).then("user.archived.v1")
        deleted = given(User).having(registered).when(User.delete).then("user.deleted.v1")
        assert not archived.active
        assert not deleted.active

    def test_what_is_closed_is_not_closed_again(self) -> None:
        given(User).having(registered, User.archive).when(User.delete).nothing()

    def test_a_stale_version_is_refused(self) -> None:
        given(User).having(registered).when(lambda u: u.expect(7)).refused("STALE_VERSION")

    def test_a_password_stands_in_no_event_of_the_user(self) -> None:
        given(User).having(registered).when(lambda u: u.change_password(LOGIN)).then(
            "user.password_changed.v1", kept_session=LOGIN
        )
        credential = (
            given(Credential)
            .when(lambda c: c.set_password("$argon2id$…"))
            .then("credential.password_set.v1", password_hash="$argon2id$…")
        )
        assert credential.password_hash == "$argon2id$…"


class TestEmail:
    def test_is_trimmed_and_keeps_its_case(self) -> None:
        assert tidy_email("  Anna@Example.org\t") == "Anna@Example.org"

    def test_is_one_address_whatever_its_case_or_spelling(self) -> None:
        composed, decomposed = tidy_email("RENÉ@example.org"), tidy_email("rene\u0301@EXAMPLE.org")
        assert Claim.id_of(EMAIL_CLAIM, composed) == Claim.id_of(EMAIL_CLAIM, decomposed)

    @pytest.mark.parametrize("text", ["anna@example.org", "a@b", "o'neil+x@sub.example.org", "анна@пример.рф"])
    def test_of_many_forms(self, text: str) -> None:
        assert looks_like_email(text)

    @pytest.mark.parametrize(
        "text", ["", "anna", "@example.org", "anna@", "a@b@c", "a b@c", "a@b\u200b", "a" * 250 + "@b.org"]
    )
    def test_that_is_none(self, text: str) -> None:
        assert not looks_like_email(text)


class TestPassword:
    @pytest.mark.parametrize("length", [8, 128])
    def test_of_8_to_128_characters_will_do(self, length: int) -> None:
        AccountTerms().check_password("é" * length, "password")

    @pytest.mark.parametrize("length", [0, 7, 129])
    def test_of_another_length_is_refused_by_name(self, length: int) -> None:
        with pytest.raises(Invalid) as invalid:
            AccountTerms().check_password("x" * length, "newPassword")
        assert set(invalid.value.detail["fields"]) == {"newPassword"}


class TestPowers:
    @pytest.mark.parametrize(
        ("who", "acts_on"),
        [
            ("user", set()),
            ("moderator", set()),
            ("admin", {"user", "moderator"}),
            ("superAdmin", set(ROLES)),
        ],
    )
    def test_an_admin_acts_on_users_and_moderators_a_superadmin_on_all(self, who: Role, acts_on: set[str]) -> None:
        assert {role for role in ROLES if may_act_on(Actor(ANNA, who), role)} == acts_on

    @pytest.mark.parametrize(
        ("who", "grants"),
        [
            ("user", set()),
            ("moderator", set()),
            ("admin", {"user", "moderator", "admin"}),
            ("superAdmin", set(ROLES)),
        ],
    )
    def test_an_admin_grants_at_most_admin(self, who: Role, grants: set[str]) -> None:
        assert {role for role in ROLES if may_grant(Actor(ANNA, who), role)} == grants

    def test_the_product_itself_may_and_nobody_may_not(self) -> None:
        assert may_act_on(SYSTEM, "superAdmin")
        assert may_grant(SYSTEM, "superAdmin")
        assert not may_act_on(NOBODY, "user")
        assert not may_grant(NOBODY, "user")


class TestSuperAdmins:
    def test_the_last_one_stays(self) -> None:
        given(SuperAdmins).having(lambda s: s.admit(ANNA)).when(lambda s: s.dismiss(ANNA)).refused("LAST_SUPERADMIN")

    def test_one_of_two_may_leave(self) -> None:
        two = given(SuperAdmins).having(lambda s: s.admit(ANNA), lambda s: s.admit(BEN))
        assert two.when(lambda s: s.dismiss(ANNA)).then("super_admins.dismissed.v1", user=ANNA).members == {BEN}

    def test_each_is_admitted_once_and_a_stranger_not_dismissed(self) -> None:
        one = given(SuperAdmins).having(lambda s: s.admit(ANNA))
        one.when(lambda s: s.admit(ANNA)).nothing()
        one.when(lambda s: s.dismiss(BEN)).nothing()


def user_after(*decisions: str) -> User:
    """A user of id ANNA after these."""
    user = User.at(ANNA)
    registered(user)
    steps: dict[str, Callable[[], object]] = {
        "keep": lambda: user.change_password(LOGIN),
        "keep other": lambda: user.change_password(OTHER_LOGIN),
        "reset": lambda: user.change_password(None),
        "archive": user.archive,
        "delete": user.delete,
        "demote": lambda: user.change_role("moderator"),
    }
    for decision in decisions:
        steps[decision]()
    return user


def session_at(epoch: int, user: UUID = ANNA, id: UUID = LOGIN) -> Session:
    session = Session.at(id)
    session.start(user, epoch)
    return session


class TestSession:
    def test_starts_once_and_ends_once(self) -> None:
        given(Session).when(lambda s: s.start(ANNA, 0)).then("session.started.v1", user=ANNA, epoch=0)
        started = given(Session).having(lambda s: s.start(ANNA, 0))
        started.when(lambda s: s.start(BEN, 0)).nothing()
        started.when(Session.end).then("session.ended.v1")
        started.having(Session.end).when(Session.end).nothing()

    def test_that_never_began_does_not_end(self) -> None:
        given(Session).when(Session.end).nothing()

    def test_counts_until_it_ends(self) -> None:
        session = session_at(0)
        assert session.counts_for(user_after())
        assert session.counts_for(user_after("demote"))
        session.end()
        assert not session.counts_for(user_after())

    def test_counts_for_its_own_user_alone(self) -> None:
        assert not session_at(0, user=BEN).counts_for(user_after())

    @pytest.mark.parametrize("end", ["archive", "delete"])
    def test_ends_with_the_account(self, end: str) -> None:
        assert not session_at(0).counts_for(user_after(end))

    def test_a_new_password_ends_the_others(self) -> None:
        assert session_at(0).counts_for(user_after("keep"))
        assert not session_at(0, id=OTHER_LOGIN).counts_for(user_after("keep"))
        assert session_at(1, id=OTHER_LOGIN).counts_for(user_after("keep"))

    def test_a_password_given_by_an_admin_ends_all(self) -> None:
        assert not session_at(0).counts_for(user_after("reset"))

    def test_kept_once_is_not_kept_for_ever(self) -> None:
        assert not session_at(0).counts_for(user_after("keep", "keep other"))

    def test_begun_with_an_old_password_does_not_outlive_it(self) -> None:
        """The login read the user before the change, and recorded its session after it."""
        late = session_at(user_after().epoch, id=OTHER_LOGIN)
        assert not late.counts_for(user_after("keep"))


def test_the_streams_of_credentials_keep_their_names() -> None:
    """They are derived; another derivation would lose every password."""
    assert Credential.id_of(STREAM) == UUID("f3709de1-b7a6-5658-a9f0-7dfafffa940e")
