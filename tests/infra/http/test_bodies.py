"""Which requests need a body, and how it is described."""

import pytest

from commands.catalogue import registry
from infra.http.command_routes import expects_body
from infra.http.openapi import Describe


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        ("updateListing", True),
        ("updateProfile", True),
        ("startReservationPayment", True),
        ("refreshReservationPayment", False),
        ("deleteListing", False),
        ("deleteUser", False),
        ("logout", False),
    ],
)
def test_a_body_is_needed_where_there_is_something_that_has_to_be_said(command: str, needed: bool) -> None:
    found = registry()[command]
    assert found.route is not None
    assert expects_body(found, found.route) is needed


def test_what_a_change_leaves_out_has_no_default() -> None:
    """It stays; null would clear it. Programs, and the page to try it on, send defaults."""
    describe = Describe({})
    for command in registry():
        if command.route is not None:
            describe.command(command, command.route)
    updates = {name: schema for name, schema in describe.schemas.items() if name.startswith("Update")}
    assert len(updates) > 10
    assert [
        (name, field)
        for name, schema in updates.items()
        for field, of in schema["properties"].items()
        if "default" in of
    ] == []
