"""A rule means the same to one document and to a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from domain.access import (
    Admin,
    AllOf,
    AnyOf,
    As,
    Everyone,
    InPerson,
    Is,
    KeyHolder,
    LoggedIn,
    Nobody,
    Own,
    Rule,
    Staff,
    holds,
    may,
    parents,
)
from domain.actor import NOBODY, SYSTEM, Actor
from domain.resource import Resource
from infra.postgres import ready
from infra.read_models.codec import to_json
from infra.read_models.documents import DocumentModel
from infra.read_models.rules import Parameters, Visibility
from projections.projection import Document, Projection

PEOPLE = [UUID(int=n) for n in (1, 2)]
IDS = {
    kind: [UUID(int=n) for n in range(start, start + 2)] for kind, start in (("house", 10), ("shelf", 20), ("book", 30))
}
ABOVE = {"book": "shelf", "shelf": "house", "house": None}
VALUES = st.sampled_from([True, False, None, 0, 1, "1", "true", "", "é", Decimal("1.50"), str(PEOPLE[0])])

actors = st.sampled_from([NOBODY, SYSTEM]) | st.builds(
    Actor,
    st.sampled_from(PEOPLE),
    st.sampled_from(["user", "moderator", "admin", "superAdmin"]),
    st.none(),
    st.booleans(),
)
FLAT: st.SearchStrategy[Rule] = st.sampled_from(
    [Everyone(), Nobody(), LoggedIn(), Staff(), Admin(), KeyHolder(), InPerson(), Own("ownerId"), Own("flag")]
) | st.builds(Is, st.just("flag"), st.lists(VALUES, max_size=3).map(tuple))


def rules_of(kind: str) -> st.SearchStrategy[Rule]:
    above = ABOVE[kind]
    leaves = FLAT if above is None else FLAT | st.just(As(above, f"{above}Id"))
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple))
            | st.builds(AllOf, st.lists(inner, max_size=3).map(tuple))
        ),
        max_leaves=5,
    )


def documents_of(kind: str) -> st.SearchStrategy[list[Document]]:
    above = ABOVE[kind]
    known: dict[str, st.SearchStrategy[Any]] = {
        "ownerId": st.sampled_from([None, *map(str, PEOPLE)]),
        "flag": VALUES,
        "isActive": st.booleans(),
    }
    if above is not None:
        known[f"{above}Id"] = st.sampled_from([None, str(UUID(int=99)), *map(str, IDS[above])])
    bodies = st.fixed_dictionaries({}, optional=known)
    return st.tuples(*(bodies for _ in IDS[kind])).map(
        lambda made: [body | {"id": str(id)} for id, body in zip(IDS[kind], made, strict=True)]
    )


def resource(kind: str, rule: Rule, *, keeps_deleted: bool) -> Resource:
    return Resource(kind, f"{kind}s", "library", f"/v1/{kind}s", (), "", sees=rule, keeps_deleted=keeps_deleted)


worlds = st.fixed_dictionaries({kind: st.tuples(rules_of(kind), st.booleans(), documents_of(kind)) for kind in IDS})


@pytest.fixture(scope="module")
def tables(module_database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(module_database) as connection:
        for kind in IDS:
            model = DocumentModel(Projection(kind, {}))
            connection.execute(model.create(model.table))
        connection.commit()
        yield connection
        connection.rollback()


def seen(
    kind: str, document: Document, actor: Actor, resources: Mapping[str, Resource], all_: Mapping[str, Any]
) -> bool:
    """What `holds` says, with the parents' answers filled in."""
    facts = dict(document)
    for parent in parents(resources[kind].sees):
        above = next((d for d in all_[parent.resource][2] if d["id"] == document.get(parent.field)), None)
        facts[f"as:{parent.resource}"] = above is not None and seen(parent.resource, above, actor, resources, all_)
    there = resources[kind].keeps_deleted or document.get("isActive") is not False
    return there and holds(resources[kind].sees, actor, facts)


@given(worlds, actors)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_query_shows_a_caller_what_the_rule_grants_and_nothing_else(
    tables: psycopg.Connection[Any], world: dict[str, Any], actor: Actor
) -> None:
    resources = {kind: resource(kind, rule, keeps_deleted=keeps) for kind, (rule, keeps, _) in world.items()}
    with tables.transaction(force_rollback=True):
        for kind, (_, _, documents) in world.items():
            for document in documents:
                tables.execute(
                    sql.SQL("INSERT INTO {} (id, body, position) VALUES (%s, %s::jsonb, 1)").format(
                        sql.Identifier(f"doc_{kind}")
                    ),
                    [document["id"], to_json(document)],
                )
        for kind, (_, _, documents) in world.items():
            values, d = Parameters(), ready.Identifier("d")
            condition = Visibility(resources, actor, values).row(resources[kind], d)
            query = sql.SQL("SELECT id::text FROM {} AS d WHERE {}").format(sql.Identifier(f"doc_{kind}"), condition)
            found = {id for (id,) in tables.execute(query, values.values)}
            assert found == {d["id"] for d in documents if seen(kind, d, actor, resources, world)}


@given(rules_of("book"), actors, documents_of("book"))
def test_what_may_never_be_seen_is_seen_on_no_document(rule: Rule, actor: Actor, documents: list[Document]) -> None:
    if not may(rule, actor):
        assert not any(holds(rule, actor, d | {"as:shelf": True}) for d in documents)


def test_true_is_not_one() -> None:
    assert not holds(Is("flag", (1,)), NOBODY, {"flag": True})
    assert holds(Is("flag", (True,)), NOBODY, {"flag": True})
    assert not holds(Is("flag", (False,)), NOBODY, {"flag": 0})


def test_the_comparison_would_notice_a_rule_that_is_compiled_wrongly(tables: psycopg.Connection[Any]) -> None:
    """The case that must fail: a rule other than the one asked."""
    document = {"id": str(IDS["house"][0]), "ownerId": str(PEOPLE[0])}
    owner = Actor(PEOPLE[0], "user")
    declared = resource("house", Own("ownerId"), keeps_deleted=False)
    wrong = replace(declared, sees=Staff())
    values, d = Parameters(), ready.Identifier("d")
    with tables.transaction(force_rollback=True):
        tables.execute(
            "INSERT INTO doc_house (id, body, position) VALUES (%s, %s::jsonb, 1)", [document["id"], to_json(document)]
        )
        query = sql.SQL("SELECT 1 FROM doc_house AS d WHERE {}").format(Visibility({}, owner, values).row(wrong, d))
        assert tables.execute(query, values.values).fetchall() == []
    assert seen("house", cast("Document", document), owner, {"house": declared}, {"house": (None, None, [document])})
