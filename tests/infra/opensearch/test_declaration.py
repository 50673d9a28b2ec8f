"""What an index was made by is known again: by the next start, and by every other process."""

from __future__ import annotations

import json
import os
import subprocess
import sys

SAID = """
import json
from domain.catalogue import RESOURCES
from infra.opensearch.mappings import declaration, mapping
from infra.opensearch.side import layouts_of
from read_api.search.catalogue import INDEXES, SAVED_FILTERS
layouts = layouts_of((*INDEXES, SAVED_FILTERS), {resource.name: resource for resource in RESOURCES})
print(json.dumps({name: [declaration(layout), mapping(layout)] for name, layout in layouts.items()}))
"""


def told_by_a_process(seed: str) -> dict[str, list[object]]:
    """The declarations of all indexes, of a process whose sets have an order of their own."""
    environment = os.environ | {"PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", SAID], env=environment, capture_output=True, check=True)
    told: dict[str, list[object]] = json.loads(done.stdout)
    return told


def test_every_process_declares_every_index_alike() -> None:
    """Otherwise each would rebuild what another has made."""
    first = told_by_a_process("1")
    assert len(first) > 20
    assert first == told_by_a_process("2") == told_by_a_process("3")
