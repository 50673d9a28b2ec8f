"""What the README tells a reader to type works, and what the pages say is not there is not."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.server import Server
from tests.e2e.talk import ok, refused
from tests.e2e.world import World

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour is told with curl, and there is none here")
def test_the_tour_is_as_it_says(server: Server) -> None:
    assert len(BLOCKS) >= 4
    script = "\n".join(["set -eu -o pipefail", *BLOCKS])
    tour = subprocess.run(
        ["bash"], input=script, env={"URL": server.url, "PATH": "/usr/bin:/bin:/usr/local/bin"}, check=False,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert tour.returncode == 0, tour.stderr
    assert "'nights': 7, 'totalPrice'" in tour.stdout
    assert "booked once: " in tour.stdout
    assert "\nconfirmed\n" in tour.stdout
    assert "\nNIGHTS_TAKEN\n" in tour.stdout
    assert "flexible.beforeCutOff" in tour.stdout
    assert "reservation.requested" in tour.stdout
    assert "{'bookingStatus': [{'value': 'cancelled', 'count': 1}]}" in tour.stdout


def test_every_document_that_it_names_is_there() -> None:
    named = re.findall(r"\]\(([\w./-]+)\)", README)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_what_is_said_not_to_be_served_is_not(world: World) -> None:
    paragraphs = (ROOT / "docs/interface.md").read_text().split("\n\n")
    (said,) = (text for text in paragraphs if text.startswith("Of the references these are not served"))
    absent = re.findall(r"`(/[\w/-]+)`", said)
    assert len(absent) > 20
    described = ok(world.nobody.get("/openapi.json"))["paths"]
    for path in absent:
        refused(world.root.get(path), 404, "NOT_FOUND")
        assert [at for at in described if at == path or at.startswith(f"{path}/")] == []
