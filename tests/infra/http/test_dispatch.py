"""Which endpoint a request goes to."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from infra.http.dispatch import Dispatch, Opened


def endpoint() -> Opened:
    async def answer(_: Request) -> Response:
        return Response()

    return answer


LIST, FEED, GET, NIGHTS = endpoint(), endpoint(), endpoint(), endpoint()


@pytest.fixture
def dispatch() -> Dispatch:
    made = Dispatch()
    made.add("GET", "/things/{thingId}", GET)
    made.add("GET", "/things/feed", FEED)
    made.add("GET", "/things", LIST)
    made.add("GET", "/things/{thingId}/nights/{night}", NIGHTS)
    return made


def test_a_path_is_found_with_what_stands_at_its_parameters(dispatch: Dispatch) -> None:
    assert dispatch.find("GET", "/things") == (LIST, {})
    assert dispatch.find("GET", "/things/7") == (GET, {"thingId": "7"})
    assert dispatch.find("GET", "/things/7/nights/2030-01-31") == (NIGHTS, {"thingId": "7", "night": "2030-01-31"})


def test_a_path_of_its_own_goes_before_one_with_parameters_whichever_was_added_first(dispatch: Dispatch) -> None:
    assert dispatch.find("GET", "/things/feed") == (FEED, {})


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/things"), ("GET", "/things/"), ("GET", "/things/7/nights/"), ("GET", "/things/7/other/1"), ("GET", "")],
)
def test_everything_else_is_left_to_the_framework(dispatch: Dispatch, method: str, path: str) -> None:
    assert dispatch.find(method, path) is None


def test_of_two_for_the_same_path_the_first_added_answers(dispatch: Dispatch) -> None:
    dispatch.add("GET", "/things", endpoint())
    assert dispatch.find("GET", "/things") == (LIST, {})
