"""Addresses of databases."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit


def with_search_path(url: str, schema: str) -> str:
    """The same database, seen through one schema: every connection made with it works in `schema`."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query["options"] = f"{query.get('options', '')} -c search_path={schema}".strip()
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))
