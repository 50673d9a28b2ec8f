"""Logs: one line of JSON an event, bound to its request, without secrets."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from infra.log import Seldom, configure_logging, mask


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    configure_logging("info", "json", stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def test_an_event_is_a_line_with_what_its_request_is_known_by(lines: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("innkeep.http").info("answered", status=201)
    entry = json.loads(lines.getvalue())
    assert (entry["event"], entry["status"], entry["request_id"], entry["level"], entry["logger"]) == (
        "answered",
        201,
        "r-1",
        "info",
        "innkeep.http",
    )
    assert entry["timestamp"].endswith("Z")


def test_a_librarys_own_lines_look_the_same(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info('%s - "%s %s"', "127.0.0.1", "GET", "/v1/listings?access_token=eyJhb.c-d")
    entry = json.loads(lines.getvalue())
    assert entry["event"] == '127.0.0.1 - "GET /v1/listings?access_token=…"'
    assert entry["logger"] == "uvicorn.access"


def test_an_exception_is_one_line_too(lines: io.StringIO) -> None:
    try:
        raise RuntimeError("Bearer abc.def")
    except RuntimeError:
        structlog.get_logger().exception("failed")
    (line,) = lines.getvalue().splitlines()
    assert "RuntimeError" in json.loads(line)["exception"]
    assert "abc.def" not in line


def test_an_exception_tells_no_secret_to_a_person_either(lines: io.StringIO) -> None:
    configure_logging("info", "console", lines)
    try:
        raise RuntimeError("Bearer abc.def")
    except RuntimeError:
        structlog.get_logger().exception("failed")
    assert "RuntimeError: Bearer …" in lines.getvalue()
    assert "abc.def" not in lines.getvalue()


def test_what_is_below_the_level_is_not_said(lines: io.StringIO) -> None:
    structlog.get_logger().debug("whispered")
    assert not lines.getvalue()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("GET /x?access_token=abc.def&y=1", "GET /x?access_token=…&y=1"),
        ("Authorization: Bearer abc.def-g", "Authorization: Bearer …"),
        ("key sk_abcd1234efgh", "key sk_abcd…"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_tokens_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_word_that_is_said_all_the_time_goes_through_ever_more_seldom_and_none_is_forgotten() -> None:
    now = 0.0
    seldom = Seldom(silence=60.0, clock=lambda: now)
    through = []
    for tick in range(100):
        now = tick / 10
        if times := seldom.times("trouble"):
            through.append((now, times))
    assert through == [(0.0, 1), (1.0, 10), (2.0, 10), (4.0, 20), (8.0, 40)]
    assert seldom.times("another") == 1
    now += 61
    assert seldom.times("trouble") == 20, "after a silence it is new"
