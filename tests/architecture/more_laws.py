"""Laws about tests, settings, rules, ports and words, each a function from source or declarations to what breaks it."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import chain
from typing import Any, get_args, get_type_hints

from domain.kernel import PERSONAL, Aggregate
from tests.architecture.laws import ROOT, events_of, imported

Method = tuple[Any, ...]
"""A method's name, whether it is awaited, and what its arguments are called."""
PATCHES = frozenset({"mock", "unittest.mock", "pytest_mock"})
OWN_WORDS = frozenset({".py", ".md", ".toml", ".sql", ".yml", ".yaml", ".json", ".lock", ""})
GENERATED = frozenset({"__pycache__", "build", "dist"})
FOREIGN_WORDS = re.compile(
    r"(?<![\w.])/(?:work|home|root|Users)/\w"  # a path of one machine
    r"|\b(?:TO[D]O|FIX[M]E)\b"  # what is not done is no comment
    r"|\b[Ii]ssue ?#?\d+"  # a number that only one tracker knows
)
"""What tells of the place where the project was made, and means nothing to who reads it elsewhere."""


def proof_breaches(source: str) -> list[str]:
    """Patched modules, and sleeping threads: a fake is passed in, and what is waited for is asked for, again and again
    in a `while`.
    """
    tree = ast.parse(source)
    found = [name for name in imported(tree) if name in PATCHES]
    polls = {id(part) for loop in ast.walk(tree) if isinstance(loop, ast.While) for part in ast.walk(loop)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "unittest":
            found += [alias.name for alias in node.names if alias.name == "mock"]
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [f"time.{alias.name}" for alias in node.names if alias.name == "sleep"]
        if not isinstance(node, ast.Attribute) or id(node) in polls:
            continue
        if node.attr == "sleep" and _named(node.value, "time"):
            found.append(f"time.sleep in line {node.lineno}")
    return found


def print_breaches(source: str) -> list[str]:
    """Prints: only the command line speaks to a terminal, everything else to the log."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [f"print in line {call.lineno}" for call in calls if _named(call.func, "print")]


def word_breaches(text: str) -> list[str]:
    """Words that are none of the project's."""
    return [match.group() for match in FOREIGN_WORDS.finditer(text)]


def own_texts() -> Iterator[tuple[str, str]]:
    """Every file of the project that people read: its path and its text."""
    folders = (f for f in ROOT.iterdir() if f.is_dir() and (f.name == ".ci" or not f.name.startswith(".")))
    files = chain(ROOT.glob("[!.]*"), *(folder.rglob("*") for folder in folders))
    for file in files:
        here = file.relative_to(ROOT)
        if file.is_file() and file.suffix in OWN_WORDS and not GENERATED & set(here.parts):
            yield str(here), file.read_text(errors="replace")


def undocumented(names: Collection[str], text: str) -> set[str]:
    """Settings that the text does not name, and names in it that are no settings."""
    told = set(re.findall(r"^\| `(INNKEEP_\w+)`", text, re.MULTILINE))
    return set(names) ^ told


def rules_in(source: str) -> set[str]:
    """The rules, by name, that this module refuses by, and the codes of its own kinds of errors."""
    found = set[str]()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name("Refused"), args=[ast.Constant(str() as rule), *_]) if rule.isupper():
                found.add(rule)
            case ast.ClassDef(bases=[ast.Name(base), *_], body=body) if base != "Exception":
                found |= {code for member in body if (code := _code(member)) is not None}
    return found


def _code(member: ast.stmt) -> str | None:
    match member:
        case ast.Assign(targets=[ast.Name("code")], value=ast.Constant(str() as code)):
            return code
    return None


def untold(rules: Iterable[str], text: str) -> set[str]:
    """Rules that the text does not name."""
    return set(rules) - set(re.findall(r"\w+", text))


def ports_of(sources: Iterable[str]) -> dict[str, frozenset[Method]]:
    """The ports that these modules declare, and the methods that each asks for."""
    return {
        node.name: frozenset(_methods(node))
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef) and any(_named(base, "Protocol") for base in node.bases)
    }


def adapters_of(ports: Mapping[str, frozenset[Method]], sources: Iterable[str]) -> dict[str, set[str]]:
    """For each port, the classes that have all of its methods."""
    classes = [
        (node.name, frozenset(_methods(node)))
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef) and not any(_named(base, "Protocol") for base in node.bases)
    ]
    return {port: {name for name, has in classes if asked and asked <= has} for port, asked in ports.items()}


def contract_breaches(adapters: Mapping[str, Collection[str]], tests: Iterable[str]) -> list[str]:
    """Adapters of a port that has several, of which no test brings them and the port's contract suite together."""
    held = list(tests)
    return [
        f"{adapter} is not held to {port}Contract"
        for port, names in adapters.items()
        if len(names) > 1
        for adapter in sorted(names)
        if not any(f"({port}Contract)" in source and re.search(rf"\b{adapter}\b", source) for source in held)
    ]


def personal_breaches(kinds: Iterable[type[Aggregate]], of_a_person: Collection[str]) -> list[str]:
    """Events with personal fields in streams that are nobody's: what is told there could not be forgotten."""
    return [
        f"{kind.__name__}.{event.__name__}"
        for kind in kinds
        if kind.TOPIC not in of_a_person
        for event in events_of([kind])
        if _personal(get_type_hints(event, include_extras=True).values())
    ]


def _personal(hints: Iterable[Any]) -> bool:
    for hint in hints:
        if PERSONAL in getattr(hint, "__metadata__", ()) or _personal(get_args(hint)):
            return True
        if isinstance(hint, type) and is_dataclass(hint):
            told = get_type_hints(hint, include_extras=True)
            if _personal(told[field.name] for field in fields(hint)):
                return True
    return False


def _methods(node: ast.ClassDef) -> Iterator[Method]:
    for member in node.body:
        if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and not member.name.startswith("_"):
            asked = (argument.arg for argument in (*member.args.args[1:], *member.args.kwonlyargs))
            yield member.name, isinstance(member, ast.AsyncFunctionDef), *asked


def _named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
