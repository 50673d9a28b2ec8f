"""What makes one document a better match of words than another: the nearest form of each, and its place."""

from __future__ import annotations

from collections.abc import Iterator

from infra.opensearch.conditions import Conditions
from infra.opensearch.rules import NONE, Query
from projections.words import Part, asked
from read_api.search import algebra
from read_api.search.algebra import Condition

POINTS = ((Part.TITLE, 12, 9), (Part.PLACE, 8, 6), (Part.TEXT, 4, 3))
"""What a word counts as it is, and by its stem, by the part that it stands in; with a slip, wherever it is, 1."""


def scores(where: Condition, conditions: Conditions) -> list[Query]:
    """Clauses that add to the score and find nothing by themselves: of each word its best place counts."""
    return [{"dis_max": {"queries": [*_of_word(word, conditions)]}} for word in _words(where)]


def _of_word(word: str, conditions: Conditions) -> Iterator[Query]:
    forms = asked(word)
    for node in conditions.layout.telling:
        for part, as_it_is, by_stem in POINTS:
            for texts, points in (([forms.exact], as_it_is), ([*forms.stems], by_stem)):
                found = conditions.told_at(node, texts, (part,))
                if found != NONE:
                    yield {"constant_score": {"filter": found, "boost": points}}
    yield {"constant_score": {"filter": {"match_all": {}}, "boost": 1}}


def _words(where: Condition) -> Iterator[str]:
    match where:
        case algebra.And(parts):
            for part in parts:
                yield from _words(part)
        case algebra.Told(words):
            yield from words
