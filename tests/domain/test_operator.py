"""Operators, as the rule book has them."""

from dataclasses import replace

import pytest

from domain.errors import NotThere
from domain.operator import ACCOUNTANT, Operator, Profile
from domain.resources.operators import OPERATOR, described
from tests.specs import STREAM, given

OLGA = Profile(email="olga@b2b.example", name="Olga", phone="987654321")


def made(operator: Operator) -> None:
    operator.create(OLGA)


def test_an_operator_is_made_active_and_an_accountant() -> None:
    profile = given(Operator).when(made).then("operator.created.v1", profile=OLGA).profile
    assert profile.is_active
    assert profile.role_id == ACCOUNTANT


def test_an_update_keeps_the_new_profile() -> None:
    new = replace(OLGA, phone="1")
    given(Operator).having(made).when(lambda o: o.update(new)).then("operator.updated.v1", profile=new)


def test_an_update_that_changes_nothing_adds_nothing() -> None:
    given(Operator).having(made).when(lambda o: o.update(replace(OLGA))).nothing()


def test_is_active_is_the_operators_own_switch_and_changing_it_an_update() -> None:
    off = replace(OLGA, is_active=False)
    spec = given(Operator).having(made).when(lambda o: o.update(off))
    assert spec.then("operator.updated.v1").profile == off


def test_after_delete_there_is_no_such_operator() -> None:
    gone = given(Operator).having(made).when(Operator.delete).then("operator.deleted.v1")
    with pytest.raises(NotThere):
        gone.delete()
    with pytest.raises(NotThere):
        gone.update(OLGA)


def test_what_was_never_made_is_not_there() -> None:
    with pytest.raises(NotThere):
        Operator.at(STREAM).update(OLGA)


def test_it_shows_the_fields_that_are_declared_in_their_order() -> None:
    assert list(described(STREAM, OLGA)) == ["id", *(field.name for field in OPERATOR.fields if field.shown)]
