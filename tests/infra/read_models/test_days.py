"""Lists by days: by UTC, and by the zones of the documents."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.infra.read_models.library import Library


@pytest.mark.parametrize(
    ("parameter", "found"),
    [
        (("dueDay", "2026-03-18"), {"here", "kiribati"}),
        (("dueDay", "$today"), {"here", "kiribati"}),
        (("dueDay", "$ltoday"), {"here", "tomorrow in kiribati", "yesterday on midway"}),
        (("dueDay", "$week"), {"here", "kiribati", "tomorrow in kiribati", "yesterday on midway", "sunday"}),
        (("dueDay", "$lin-2026-03-01"), {"here", "kiribati", "tomorrow in kiribati", "yesterday on midway", "sunday"}),
        (("dueDay", "$month"), {"here", "kiribati", "tomorrow in kiribati", "yesterday on midway", "sunday"}),
        (("dueDay", "$leq-2026-04-01"), {"april"}),
        (("dueDay", "2026-03-18T10:30:00Z"), {"here", "tomorrow in kiribati", "yesterday on midway"}),
        (("dueDay", "2026-03-18T12:30:00Z"), {"here", "tomorrow in kiribati"}),
        (("dueDay", "null"), {"never"}),
        (("dueAt", "$today"), {"noon"}),
        (("dueAt", "$leq-2026-03-19"), {"noon"}),
        (("dueAt", "$ltoday"), {"noon"}),
        (("dueAt", "$lweek"), {"noon"}),
        (("dueAt", "2026-03-18T12:00:00+01:00"), {"noon"}),
        (("dueAt", "2026-03-18T11:00:00.001Z"), set()),
    ],
)
async def test_days_by_utc_and_by_the_documents_own_zone(
    library: Library, parameter: tuple[str, str], found: set[str]
) -> None:
    library.world.now = datetime(2026, 3, 18, 10, 30, tzinfo=UTC)  # the 19th on Kiritimati, the 17th on Midway
    for title, day, zone in (
        ("here", "2026-03-18", None),
        ("kiribati", "2026-03-18", "Pacific/Kiritimati"),
        ("tomorrow in kiribati", "2026-03-19", "Pacific/Kiritimati"),
        ("yesterday on midway", "2026-03-17", "Pacific/Midway"),
        ("sunday", "2026-03-22", "Europe/Paris"),
        ("april", "2026-04-01", None),
        ("never", None, None),
    ):
        await library.book(title=title, dueDay=day, timeZone=zone)
    if parameter[0] == "dueAt":
        await library.book(title="noon", dueAt="2026-03-18T11:00:00.000Z", timeZone="Pacific/Kiritimati")
        # At Kiritimati it is the 19th at 01:00, and now the 19th at 00:30.
        found = {"noon"} if parameter[1] == "$ltoday" else found
    assert {*await library.titles(parameter)} == found


@pytest.mark.parametrize("value", ["$ltoday", "2026-07-01T22:30:00Z"])
async def test_which_date_it_is_where_is_not_the_databases_to_say(library: Library, value: str) -> None:
    """To PostgreSQL CET is an abbreviation, of an hour from UTC all year; and it may not know the newest zones."""
    library.world.now = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    for title, day, zone in (
        ("here", "2026-07-01", None),
        ("in summer time", "2026-07-02", "CET"),
        ("not yet", "2026-07-01", "CET"),
        ("in a zone of tomorrow", "2026-07-01", "Europe/Atlantis"),
    ):
        await library.book(title=title, dueDay=day, timeZone=zone)
    assert {*await library.titles(("dueDay", value))} == {"here", "in summer time"}
