"""Search documents written by hand: they are there already, as the bytes that are sent, and only have to come into
their indexes. As opensearch-py's own users do it: bulk requests of about as many documents, one after the other or over
a few connections at once.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from opensearchpy import OpenSearch

PORTION = 1_000
"""Documents of a request: of 250, 1 000 and 4 000 the quickest."""
CONFLICT = 409

Lines = tuple[bytes, bytes]
"""Where a document goes, and the document."""


def write(url: str, lines: Sequence[Lines], connections: int) -> None:
    """All of these. Raises AssertionError if one was not taken that is not older than what is there."""
    client = OpenSearch(hosts=[url], pool_maxsize=connections, timeout=60)
    bodies = [
        b"\n".join([part for pair in lines[start : start + PORTION] for part in pair] + [b""])
        for start in range(0, len(lines), PORTION)
    ]

    def send(body: bytes) -> None:
        said = client.transport.perform_request(
            "POST", "/_bulk", params={"filter_path": "errors,items.*.status"}, body=body
        )
        if said["errors"]:
            statuses = {item["index"]["status"] for item in said["items"]}
            assert statuses <= {200, 201, CONFLICT}, statuses

    with ThreadPoolExecutor(connections) as threads:
        for _ in threads.map(send, bodies):
            pass
    client.close()
