"""Documents as JSON and back. Decimals stay exact: numbers with a point are never floats."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from projections.projection import Document

_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode


def to_bytes(value: Any) -> bytes:
    """The JSON of a document or of one value, as UTF-8."""
    return _encode(value)


def to_json(value: Any) -> str:
    """The JSON of a document or of one value."""
    return _encode(value).decode()


_decode_array = msgspec.json.Decoder(list[Any], float_hook=Decimal).decode


def from_json(text: str | bytes) -> Document:
    """The document that a JSON text is."""
    return _decode(text)


def array_from_json(text: str | bytes) -> list[Any]:
    """The array that a JSON text is, its documents as `from_json` has them."""
    return _decode_array(text)
