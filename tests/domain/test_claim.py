"""A value that only one may have."""

from __future__ import annotations

from uuid import UUID

from domain.claim import Claim
from tests.specs import given

ANNA, BEN = UUID(int=1), UUID(int=2)


def test_a_free_value_can_be_taken() -> None:
    given(Claim).when(lambda c: c.take(ANNA, "EMAIL_TAKEN", "Taken.")).then("claim.taken.v1", holder=ANNA)


def test_a_taken_value_is_refused_to_others_by_the_rule_named() -> None:
    taken = given(Claim).having(lambda c: c.take(ANNA, "EMAIL_TAKEN", "Taken."))
    taken.when(lambda c: c.take(BEN, "EMAIL_TAKEN", "Taken.")).refused("EMAIL_TAKEN")


def test_taking_what_one_has_is_nothing() -> None:
    taken = given(Claim).having(lambda c: c.take(ANNA, "EMAIL_TAKEN", "Taken."))
    taken.when(lambda c: c.take(ANNA, "EMAIL_TAKEN", "Taken.")).nothing()


def test_a_value_given_up_is_free_for_others() -> None:
    taken = given(Claim).having(lambda c: c.take(ANNA, "EMAIL_TAKEN", "Taken."))
    taken.when(lambda c: c.give_up(ANNA)).then("claim.given_up.v1")
    freed = taken.having(lambda c: c.give_up(ANNA))
    freed.when(lambda c: c.take(BEN, "EMAIL_TAKEN", "Taken.")).then("claim.taken.v1", holder=BEN)


def test_only_the_holder_gives_up() -> None:
    taken = given(Claim).having(lambda c: c.take(ANNA, "EMAIL_TAKEN", "Taken."))
    taken.when(lambda c: c.give_up(BEN)).nothing()


def test_a_value_is_passed_on_until_its_keeper_has_it() -> None:
    passed = given(Claim).having(lambda c: c.pass_on(ANNA, BEN, "USER_GONE", "Gone."))
    passed.when(lambda c: c.pass_on(ANNA, BEN, "USER_GONE", "Gone.")).then("claim.taken.v1", holder=ANNA)
    kept = passed.having(lambda c: c.pass_on(BEN, BEN, "USER_GONE", "Gone."))
    kept.when(lambda c: c.pass_on(ANNA, BEN, "USER_GONE", "Gone.")).refused("USER_GONE")


def test_letters_count_without_case_and_kinds_are_apart() -> None:
    assert Claim.id_of("user-email", "Straße@example.org") == Claim.id_of("user-email", "STRASSE@EXAMPLE.ORG")
    assert Claim.id_of("user-email", "a@example.org") != Claim.id_of("operator-email", "a@example.org")


def test_the_stream_of_a_value_never_changes() -> None:
    assert Claim.id_of("user-email", "a@example.org") == UUID("b3a381e2-969a-5046-a2e4-edffc09b1a0f")
