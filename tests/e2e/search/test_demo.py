"""The demo's story, told with the larger engine."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.search.conftest import STARTING_SECONDS, indexes_on
from tests.e2e.server import INNKEEP, environment, free_port

STORY_SECONDS = 240


@pytest.mark.timeout(STARTING_SECONDS)
def test_the_demo_plays_its_story_on_opensearch(folder: Path, opensearch: str) -> None:
    """It waits for its indexes, however long they take to be made, and then finds in them what it tells of."""
    with indexes_on(opensearch) as settings:
        done = subprocess.run(
            [INNKEEP, "demo", "--port", str(free_port()), "--exit"],
            cwd=folder,
            env=environment(**settings),
            capture_output=True,
            text=True,
            timeout=STORY_SECONDS,
            check=False,
        )
    assert done.returncode == 0, (done.stdout[-3000:], done.stderr[-3000:])
    assert "searches “lfot”" in done.stdout
