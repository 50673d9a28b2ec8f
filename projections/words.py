"""Texts in words: how every engine cuts, folds, stems and forgives alike, since it is done here and stored.

A document whose resource declares `tells` carries *terms*: its words as they are, their stems (`de:haus`), and of words
from `LONG` letters the forms with one letter left out (`~lof`). A word that is looked for has forms too
(`asked`), and is found where one of them stands in the terms. So one slip in a longer word is forgiven: a letter
missing, too many, wrong, moved, or swapped with its neighbour; in shorter words none is, nor in those with a digit:
75001 is not 75002. Marks on Latin letters do not count: `fenetre` finds `fenêtre`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import snowballstemmer  # type: ignore[import-untyped]

_WORD = re.compile(r"[^\W_]+")
_MARKED = re.compile("([a-z])[\u0300-\u036f]+")
LONGEST = 64
"""Characters of a word that count: what is longer is cut."""
LONG = 4
"""Letters from which a word forgives a slip."""
WEIGHT = 400_000
"""Bytes that the terms of one document take at most: words come first, then stems, then forgiving forms."""
OTHERWISE = "en"
"""The language of texts that say none."""

LANGUAGES = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
"""Languages that are stemmed, by ISO 639-1 code, with their stemmer's name."""
_CODES = {name: code for code, name in LANGUAGES.items()} | {"nb": "no", "nn": "no"}


class Part(IntEnum):
    """Where a term stands; a match in a higher part counts for more."""

    SLIP = 1
    """Nowhere as it is: a form that forgives a slip."""
    TEXT = 2
    PLACE = 3
    TITLE = 4


class Asked(NamedTuple):
    """The forms of one word that is looked for; one of them in a document's terms is enough."""

    exact: str
    stems: tuple[str, ...]
    slips: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Every form, the nearest first."""
        return (self.exact, *self.stems, *self.slips)


def folded(text: str) -> str:
    """Without case, and in one form of Unicode."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()


def words(text: str) -> tuple[str, ...]:
    """The words of a text, in order, folded: runs of letters and digits."""
    return tuple(word[:LONGEST] for word in _WORD.findall(folded(text)))


def terms(texts: Iterable[tuple[Part, str]], languages: Iterable[str] = ()) -> dict[str, Part]:
    """The terms of a document's texts, each with the highest part that it stands in.

    `languages` as documents name them (`fr`, `pt-BR`, `German`); those unknown are passed over, and where none is left
    the texts are taken for `OTHERWISE`.
    """
    said: dict[str, Part] = {}
    for part, text in sorted(texts, reverse=True):
        for word in words(text):
            said.setdefault(word, part)
    codes = sorted({code for language in languages if (code := code_of(language))}) or [OTHERWISE]
    found: dict[str, Part] = {}
    left = WEIGHT
    for form, part in _forms(said, codes):
        if found.get(form, 0) >= part:
            continue
        left -= len(form.encode()) + 8
        if left < 0:
            break
        found[form] = part
    return found


def _forms(said: dict[str, Part], codes: list[str]) -> Iterator[tuple[str, Part]]:
    """All forms of these words, those first that matter most."""
    for word, part in said.items():
        yield bare(word), part
    for word, part in said.items():
        for code in codes:
            for form in dict.fromkeys((word, bare(word))):
                yield stem(code, form), part
    for word in said:
        if _forgiving(plain := bare(word)):
            for form in _shortened(plain):
                yield f"~{form}", Part.SLIP


@lru_cache(maxsize=4_096)
def asked(word: str) -> Asked:
    """The forms of a word, folded as `words` has it, that is looked for: its stems in every language."""
    plain = bare(word)
    stems = {stem(code, form) for code in LANGUAGES for form in (word, plain)}
    slips = set()
    if len(plain) >= LONG - 1:
        slips.add(f"~{plain}")  # a letter of the document's word is missing here
    if len(plain) >= LONG:
        slips |= {f"~{form}" for form in _shortened(plain)}  # one is wrong, moved or swapped
        slips |= set(filter(_forgiving, _shortened(plain)))  # one is too many
    return Asked(plain, tuple(sorted(stems)), tuple(sorted(slips)))


def matches(word: str, found: Iterable[str]) -> bool:
    """Whether a folded word is found in these terms: what engines ask, for one document."""
    return not set(asked(word).all).isdisjoint(found)


@lru_cache(maxsize=65_536)
def stem(code: str, word: str) -> str:
    """The stem of a folded word in a language of `LANGUAGES`, marked with it: `en:loft`."""
    return f"{code}:{bare(snowballstemmer.stemmer(LANGUAGES[code]).stemWord(word))}"


@lru_cache(maxsize=1_024)
def code_of(language: str) -> str | None:
    """The code of a language by code, tag or English name; None for one that is not stemmed."""
    name = re.split("[-_]", folded(language).strip())[0]
    return name if name in LANGUAGES else _CODES.get(name)


def bare(word: str) -> str:
    """A folded word without the marks on its Latin letters."""
    if word.isascii():
        return word
    return unicodedata.normalize("NFC", _MARKED.sub(r"\1", unicodedata.normalize("NFD", word)))


def _forgiving(word: str) -> bool:
    """Is a slip in this word of a text forgiven?"""
    return len(word) >= LONG and not any(letter.isdigit() for letter in word)


def _shortened(word: str) -> Iterable[str]:
    """Each form once, in an order that is always the same: what a document's terms have no more room for is too."""
    return dict.fromkeys(word[:at] + word[at + 1 :] for at in range(len(word)))
