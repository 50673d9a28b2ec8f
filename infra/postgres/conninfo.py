"""Addresses of databases."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from psycopg.conninfo import conninfo_to_dict, make_conninfo

LIMITS = {
    "connect_timeout": 2,  # the least that libpq knows
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""So that a machine that is gone without a word is noticed; in seconds, the last in milliseconds."""
NOTICED = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=10000"
"""So that the database notices when it is we who are gone: the lock of who leads ends with the connection. The last is
for when it was sending: as long as what it has sent is not acknowledged, no keepalive is sent.
"""


def with_search_path(url: str, schema: str) -> str:
    """The same database, seen through one schema: every connection made with it works in `schema`."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query["options"] = f"{query.get('options', '')} -c search_path={schema}".strip()
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))


def bounded(conninfo: str, *, idle_seconds: float) -> str:
    """The same database, with limits that the address itself does not set: no connection outlives a machine that is
    gone, and no transaction idles longer than so many seconds, as it would hold all readers of the log back. Of
    several hosts, the one that takes writes is meant. Of an address that has them already nothing is changed.
    """
    said = conninfo_to_dict(conninfo)
    if NOTICED in str(said.get("options") or ""):
        return conninfo
    limits: dict[str, str | int] = {name: value for name, value in LIMITS.items() if name not in said}
    if len(each_host(conninfo)) > 1:
        limits.setdefault("target_session_attrs", str(said.get("target_session_attrs") or "read-write"))
    # What the address says of its own comes later, and wins.
    idle = f"-c idle_in_transaction_session_timeout={round(idle_seconds * 1000)}"
    limits["options"] = f"{NOTICED} {idle} {said.get('options') or ''}".strip()
    return make_conninfo(conninfo, **limits)


def each_host(conninfo: str) -> list[str]:
    """The addresses that a conninfo with several hosts stands for, one each, in their order."""
    said = conninfo_to_dict(conninfo)
    lists = {name: str(said[name]).split(",") for name in ("host", "hostaddr", "port") if said.get(name)}
    count = max((len(values) for name, values in lists.items() if name != "port"), default=1)
    if count == 1:
        return [conninfo]
    return [
        make_conninfo(conninfo, **{name: values[number if len(values) > 1 else 0] for name, values in lists.items()})
        for number in range(count)
    ]
