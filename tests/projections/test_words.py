"""Words, stems and forgiven slips: what stands in terms, and what is found there."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.words import LONG, LONGEST, WEIGHT, Part, asked, bare, code_of, matches, terms, words

LETTERS = string.ascii_lowercase + "éüжλ"
letters = st.sampled_from(LETTERS)
long_words = st.text(letters, min_size=LONG, max_size=20)
places = st.integers(min_value=0, max_value=LONGEST)


def finds(query: str, text: str, *languages: str) -> bool:
    found = terms([(Part.TEXT, text)], languages)
    return all(matches(word, found) for word in words(query))


@given(long_words, places)
def test_a_missing_letter_is_forgiven(word: str, place: int) -> None:
    """Whichever letter of a word of four or more is left out, the word is found."""
    at = place % len(word)
    assert finds(word[:at] + word[at + 1 :], f"a {word} here")


@given(long_words, places, letters)
def test_a_letter_too_many_is_forgiven(word: str, place: int, letter: str) -> None:
    """Whatever letter slips in anywhere, the word is found."""
    at = place % (len(word) + 1)
    assert finds(word[:at] + letter + word[at:], word)


@given(long_words, places, letters)
def test_a_wrong_letter_is_forgiven(word: str, place: int, letter: str) -> None:
    """Whichever letter is another, the word is found."""
    at = place % len(word)
    assert finds(word[:at] + letter + word[at + 1 :], word)


@given(long_words, places)
def test_two_swapped_letters_are_forgiven(word: str, place: int) -> None:
    """Whichever neighbours stand the wrong way round, the word is found."""
    at = place % (len(word) - 1)
    assert finds(word[:at] + word[at + 1] + word[at] + word[at + 2 :], word)


@given(st.text(letters, min_size=1, max_size=LONG - 1), st.text(letters, min_size=1, max_size=LONG - 1))
def test_short_words_are_exact(query: str, word: str) -> None:
    """Between short words nothing is forgiven, stems and marks apart."""
    same = set(asked(words(query)[0]).stems) & set(terms([(Part.TEXT, word)]))
    assert finds(query, word) == bool(bare(words(query)[0]) == bare(words(word)[0]) or same)


@given(long_words)
def test_two_slips_are_not(word: str) -> None:
    """A word with two letters that it does not have is another."""
    assert not finds(f"9{word}9", word)


@pytest.mark.parametrize(
    ("query", "text", "language"),
    [
        ("houses", "A house by the sea", "en"),
        ("Häuser", "Ein Haus am See", "de"),
        ("maisons", "Une maison calme", "fr-FR"),
        ("apartamentos", "Apartamento en el centro", "Spanish"),
        ("квартира", "Уютные квартиры", "ru"),
        ("FENETRE", "Grande fenêtre", "fr"),
        ("strasse", "An der Straße", "de"),
    ],
)
def test_words_are_stemmed_in_the_language_of_the_text(query: str, text: str, language: str) -> None:
    """Another form of a word finds it, in the text's own language, and whether marks are typed or not."""
    assert finds(query, text, language)


@pytest.mark.parametrize("query", ["75002", "7500", "750011", "75010", "flat13"])
def test_numbers_are_exact(query: str) -> None:
    """In a word with a digit no slip is forgiven: it is another house, street or code."""
    assert not finds(query, "75001 Paris, flat12")
    assert finds("75001 flat12 pariss", "75001 Paris, flat12")


def test_the_highest_part_counts() -> None:
    """A term says where it weighs most, and a forgiving form never hides a word."""
    found = terms([(Part.TEXT, "loft lofty"), (Part.TITLE, "Loft"), (Part.PLACE, "Paris loft")])
    assert (found["loft"], found["paris"], found["lofty"], found["~lof"]) == (4, 3, 2, 1)


def test_languages_are_known_by_code_tag_and_name() -> None:
    """What hosts write of languages is read; the rest is nothing."""
    assert [code_of(name) for name in ("fr", "pt-BR", "nb_NO", "German", "Klingon", "")] == [
        "fr", "pt", "no", "de", None, None,
    ]  # fmt: skip


@given(st.lists(st.text(min_size=1, max_size=80), max_size=5))
def test_terms_are_of_letters_digits_and_their_two_marks(texts: list[str]) -> None:
    """Whatever is written, a term has no space or quote in it."""
    for term in terms((Part.TEXT, text) for text in texts):
        rest = term.removeprefix("~").replace(":", "", 1)
        assert rest == "" or not set(rest) & set(" '\"\\\0"), term


def test_a_text_of_any_length_has_bounded_terms() -> None:
    """The longest text of the longest words weighs no more than is allowed, and its first words are there."""
    text = " ".join(f"{number:064}"[::-1] for number in range(2_000))
    found = terms([(Part.TEXT, text)])
    assert sum(len(term.encode()) + 8 for term in found) <= WEIGHT
    assert "0" * 64 in found


def test_terms_stand_in_an_order_that_every_process_has() -> None:
    """Where there are more than there is room for, all leave the same out."""
    found = [*terms([(Part.TITLE, "Stühle")], ["de"])]
    assert found == ["stuhle", "de:stuhl", "~tuhle", "~suhle", "~sthle", "~stule", "~stuhe", "~stuhl"]
