"""Who reads right after somebody else wrote sees it, where the wait is short: no header, no shared session."""

from tests.e2e.server import Server
from tests.e2e.talk import Person, line, ok
from tests.e2e.world import World


def test_a_stranger_reads_what_a_host_was_just_told(server: Server, world: World, host: Person) -> None:
    listing = world.listing(host)
    with line(server.url) as plain:
        for number in range(20):
            title = f"Loft {number}"
            ok(host.patch(f"/v1/listings/{listing['id']}", {"title": title}))
            assert ok(plain.get(f"/v1/listings/{listing['id']}"))["listing"]["title"] == title
