"""Texts in words: how every engine cuts, folds, stems and forgives alike, since it is done here and stored."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")
LONGEST = 64
"""Characters of a word that count: what is longer is cut."""


def folded(text: str) -> str:
    """Without case, and in one form of Unicode."""
    return unicodedata.normalize("NFKC", text).casefold()


def words(text: str) -> tuple[str, ...]:
    """The words of a text, in order, folded: runs of letters and digits."""
    return tuple(word[:LONGEST] for word in _WORD.findall(folded(text)))
