"""Which requests need a body."""

import pytest

from commands.catalogue import registry
from infra.http.command_routes import expects_body


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
