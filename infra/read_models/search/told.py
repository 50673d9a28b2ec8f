"""Words in the texts of documents, as SQL: `Told`, and how well a document answers to the words.

The terms of a document (`projections.words`) are a `tsvector` beside it, under an index. A word is found there if one
of its forms is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from infra.postgres import ready as sql
from infra.read_models.model import table_name
from infra.read_models.rules import FALSE, Parameters, all_of, any_of, text_of
from projections.words import Asked, asked
from read_api.search.declared import Index, Join

Sees = Callable[[Join, sql.Identifier], sql.Composable]
"""Does the caller see this row of the joined resource, given that they see the document that it is joined to?"""

POINTS = ((("exact", "A"), 12), (("stems", "A"), 9), (("exact", "B"), 8), (("stems", "B"), 6), (("exact", "C"), 4))
"""What the best form of a word counts, by how near it is and by the part it stands in: title, place, text."""
STEM_IN_TEXT, SLIP = 3, 1
"""What a stem in the text counts, and a forgiven slip wherever it is."""


class Source(NamedTuple):
    """Documents with terms: those of the index itself, or of a join."""

    join: Join | None
    table: sql.Identifier


def sources(index: Index) -> Iterator[Source]:
    """Where the words of a question are looked for: in what tells, of what the index names as its texts."""
    named = {name.split(".")[0] for name in index.texts}
    own = {name for name in index.texts if name in index.places and index.places[name].join is None}
    if index.resource.tells and own & set(index.resource.tells.fields):
        yield Source(None, _table(index.resource.documents))
    for join in index.joins:
        if join.name in named and join.resource.tells and join.by == "id":
            yield Source(join, _table(join.resource.documents))


def told(
    index: Index, words: tuple[str, ...], parameters: Parameters, sees: Sees, d: sql.Identifier, *, few: bool
) -> sql.Composable:
    """Does each word stand in the document `d` or in one joined to it? False where nothing of the index tells.

    With `few` other conditions leave few documents, so that each is looked at; otherwise the terms' indexes are asked
    for all that have the word.
    """
    return all_of(
        any_of(_found(source, asked(word), parameters, sees, d, few=few) for source in sources(index)) for word in words
    )


def _found(
    source: Source, word: Asked, parameters: Parameters, sees: Sees, d: sql.Identifier, *, few: bool
) -> sql.Composable:
    query = _any(parameters, word.all)
    if source.join is None:
        return sql.SQL("{}.terms @@ {}").format(d, query)
    t = sql.Identifier("text")
    seen = sees(source.join, t)
    if seen is FALSE:
        return FALSE
    parts = {"table": source.table, "t": t, "query": query, "seen": seen, "of": text_of(source.join.on, t), "d": d}
    if few:
        return sql.SQL(
            "EXISTS (SELECT 1 FROM {table} AS {t} WHERE {of} = {d}.id::text AND {t}.terms @@ {query} AND {seen})"
        ).format(**parts)
    return sql.SQL(
        "{d}.id = ANY(ARRAY(SELECT ({of})::uuid FROM {table} AS {t} WHERE {t}.terms @@ {query} AND {seen}))"
    ).format(**parts)


def relevance(
    index: Index, words: tuple[str, ...], parameters: Parameters, sees: Sees, d: sql.Identifier
) -> sql.Composable:
    """How well the document answers to words that it is known to have: an int, the higher the better.

    Of each word its best place counts, in the document or in one joined to it: 12, 8 and 4 as it is in a title, a place
    and a text, 9, 6 and 3 by its stem, 1 with a slip.
    """
    each = [sql.SQL("coalesce(max({}), 0)").format(_points(asked(word), parameters)) for word in words]
    rows = []
    for source in sources(index):
        t = d if source.join is None else sql.Identifier("text")
        said = sql.SQL("SELECT ts_filter({}.terms, '{{a,b,c}}') AS said").format(t)
        if source.join is not None:
            said += sql.SQL(" FROM {} AS {} WHERE {} = {}.id::text AND {}").format(
                source.table, t, text_of(source.join.on, t), d, sees(source.join, t)
            )
        rows.append(said)
    if not rows or not each:
        return sql.SQL("0")
    return sql.SQL("(SELECT {} FROM ({} OFFSET 0) AS told)").format(
        sql.SQL(" + ").join(each), sql.SQL(" UNION ALL ").join(rows)
    )


def _points(word: Asked, parameters: Parameters) -> sql.Composable:
    forms = {"exact": (word.exact,), "stems": word.stems}
    cases = [
        sql.SQL("WHEN said @@ {} THEN {}").format(_any(parameters, forms[near], letter), sql.Literal(points))
        for (near, letter), points in POINTS
    ]
    cases.append(sql.SQL("WHEN said @@ {} THEN {}").format(_any(parameters, word.stems), sql.Literal(STEM_IN_TEXT)))
    return sql.SQL("CASE {} ELSE {} END").format(sql.SQL(" ").join(cases), sql.Literal(SLIP))


def _any(parameters: Parameters, forms: tuple[str, ...], letter: str = "") -> sql.Composable:
    """One of these forms, anywhere or in the part of that letter. They are letters and digits: nothing to escape."""
    written = " | ".join(f"'{form}':{letter}" if letter else f"'{form}'" for form in forms)
    return sql.SQL("{}::tsquery").format(parameters(written))


def _table(documents: str) -> sql.Identifier:
    return sql.Identifier(table_name("doc_", documents))
