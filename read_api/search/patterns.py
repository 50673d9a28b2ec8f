r"""The regular expressions that callers may ask with: a small language that every engine understands alike.

    ab.c      characters as they are; `.` is any one
    [a-z0-9]  one of these; [^…] one of all others
    (ab|cd)   one or the other
    a* a+ a? a{2} a{2,} a{2,5}
    \\.        a character that would mean something, as it is

An expression describes the whole text, and is compared without case. It is bounded in length, depth and repetition, so
that no engine works at it for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from domain.errors import Invalid

LONGEST, DEEPEST = 200, 8
MOST_REPEATED, LARGEST = 100, 2_000
"""Repetitions of one part, and characters of all parts multiplied out."""
SPECIAL = frozenset(".[]()|*+?{}\\^$")


class Refused(ValueError):
    """The expression is none of the language; the message says why."""


@dataclass(frozen=True, slots=True)
class Literal:
    """These characters, folded."""

    text: str


@dataclass(frozen=True, slots=True)
class AnyOne:
    """Any one character."""


@dataclass(frozen=True, slots=True)
class Class:
    """One character of these ranges, or of none of them."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other."""

    parts: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these."""

    parts: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """So many times; no `most`: any number."""

    part: Pattern
    least: int
    most: int | None


Pattern = Literal | AnyOne | Class | Sequence | Choice | Repeat


def parse(text: str) -> Pattern:
    """The expression. Raises Refused."""
    if len(text) > LONGEST:
        raise Refused(f"is longer than {LONGEST} characters")
    if not is_text(text):
        raise Refused("has a character that no text has")
    parser = _Parser(text)
    found = parser.choice(0)
    if parser.at < len(text):
        raise Refused(f"has a {text[parser.at]!r} too many")
    if _size(found) > LARGEST:
        raise Refused("repeats too much")
    return found


def checked(field: str, text: str) -> Pattern:
    """The expression that is asked of a field. Raises Invalid, naming the field."""
    try:
        return parse(text)
    except Refused as refused:
        raise Invalid({field: str(refused)}) from refused


def is_text(text: str) -> bool:
    """Can any document hold the text? None holds NUL, nor half of a character."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def written(pattern: Pattern, group: str, escaped: Callable[[str], str]) -> str:
    """The expression in the syntax of an engine that opens a group with `group` and marks characters with `escaped`."""

    def write(part: Pattern) -> str:
        match part:
            case Literal(text):
                return "".join(escaped(c) for c in text)
            case AnyOne():
                return "."
            case Class(ranges, negated):
                inner = "".join(
                    escaped(low) if low == high else f"{escaped(low)}-{escaped(high)}" for low, high in ranges
                )
                return f"[{'^' if negated else ''}{inner}]"
            case Sequence(parts):
                return "".join(write(each) for each in parts) or f"{group})"
            case Choice(parts):
                return f"{group}{'|'.join(write(each) for each in parts)})"
            case Repeat(inner, least, most):
                return f"{group}{write(inner)}){{{least},{'' if most is None else most}}}"

    return write(pattern)


def sql_of(pattern: Pattern) -> str:
    """As PostgreSQL's advanced expressions have it."""
    return f"^(?:{written(pattern, '(?:', _escaped)})$"


def lucene_of(pattern: Pattern) -> str:
    """As Lucene has it, for whom an expression is of the whole text anyway."""
    return written(pattern, "(", _escaped)


def python_of(pattern: Pattern) -> str:
    """As Python's `re.fullmatch` has it, where a dot takes line ends as well (`re.DOTALL`)."""
    return written(pattern, "(?:", _escaped)


def _escaped(character: str) -> str:
    return character if character.isalnum() or character.isspace() or ord(character) > 127 else f"\\{character}"


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    @property
    def next(self) -> str:
        return self.text[self.at : self.at + 1]

    def taken(self, character: str) -> bool:
        if self.next != character:
            return False
        self.at += 1
        return True

    def choice(self, depth: int) -> Pattern:
        if depth > DEEPEST:
            raise Refused(f"is nested deeper than {DEEPEST}")
        parts = [self.sequence(depth)]
        while self.taken("|"):
            parts.append(self.sequence(depth))
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def sequence(self, depth: int) -> Pattern:
        parts: list[Pattern] = []
        while self.next not in {"", "|", ")"}:
            parts.append(self.repeated(self.one(depth)))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def one(self, depth: int) -> Pattern:
        if self.taken("("):
            inner = self.choice(depth + 1)
            if not self.taken(")"):
                raise Refused("lacks a ')'")
            return inner
        if self.taken("["):
            return self.klass()
        if self.taken("."):
            return AnyOne()
        return Literal(self.character(SPECIAL).casefold())

    def character(self, special: frozenset[str]) -> str:
        if self.taken("\\"):
            found = self.next
            if not found or found.isalnum():
                raise Refused("has a '\\' before a letter, a digit or nothing")
        else:
            found = self.next
            if not found or found in special:
                raise Refused(f"has a {found!r} out of place" if found else "ends too early")
        self.at += 1
        return found

    def klass(self) -> Class:
        negated = self.taken("^")
        ranges: list[tuple[str, str]] = []
        while not self.taken("]"):
            low = high = self.bound()
            if self.next == "-" and self.text[self.at + 1 : self.at + 2] != "]":
                self.at += 1
                high = self.bound()
            if ord(low) > ord(high):
                raise Refused(f"has a range from {low!r} down to {high!r}")
            ranges.append((low, high))
        if not ranges:
            raise Refused("has an empty class")
        return Class(tuple(ranges), negated)

    def bound(self) -> str:
        folded = self.character(frozenset("[]\\")).casefold()
        if len(folded) != 1:
            raise Refused("has a class of a letter that is two without case")
        return folded

    def repeated(self, part: Pattern) -> Pattern:
        marks: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if self.next in marks:
            least, most = marks[self.next]
            self.at += 1
        elif self.taken("{"):
            least, most = self.braces()
        else:
            return part
        if self.next in {*marks, "{"} and self.next:
            raise Refused(f"has a {self.next!r} after a repetition")
        return Repeat(part, least, most)

    def braces(self) -> tuple[int, int | None]:
        inner, closed, _ = self.text[self.at :].partition("}")
        least, comma, most = inner.partition(",")
        if not closed or not _whole(least) or (most and not _whole(most)):
            raise Refused("has braces that are not {2}, {2,} or {2,5}")
        self.at += len(inner) + 1
        found = int(least), (int(most) if most else None) if comma else int(least)
        if max(found[0], found[1] or 0) > MOST_REPEATED or (found[1] is not None and found[1] < found[0]):
            raise Refused(f"repeats more than {MOST_REPEATED} times, or less than it begins with")
        return found


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 5


def _size(pattern: Pattern) -> int:
    match pattern:
        case Literal(text):
            return len(text)
        case AnyOne() | Class():
            return 1
        case Sequence(parts) | Choice(parts):
            return sum(_size(part) for part in parts) + 1
        case Repeat(part, least, most):
            return _size(part) * max(least, most or 1, 1) + 1
