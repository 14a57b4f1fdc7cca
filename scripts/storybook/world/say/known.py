"""The words that the model has been told: all that captions are made of."""

import re

from world.say import chinese_grammar, grammar
from world.vocabulary import VOCABULARY, plural


def known_words() -> set[str]:
    """English words in lower case, singular and plural, and Chinese words and phrases."""
    english: set[str] = set(_words(" ".join(_phrases_en())))
    chinese: set[str] = {"T恤", "T 恤"} | set(grammar.OTHER_ZH.split()) | set(_phrases_zh())
    for values in VOCABULARY.values():
        for words in values.values():
            for phrase in words["en"]:
                english.update(_words(phrase), _words(plural(phrase)))
            chinese.update(words["zh"])
    return english | chinese


def _words(text: str) -> list[str]:
    """The words of an English text; hyphens join, and are also known apart."""
    text = text.lower()
    return re.findall(r"[\w'-]+", text) + re.findall(r"[\w']+", text)


def _phrases_en() -> list[str]:
    tables: tuple[tuple[str, ...], ...] = (
        grammar.ADJECTIVES_EN,
        grammar.SCENIC_EN,
        grammar.OPENINGS_EN,
        grammar.LANDSCAPES_EN,
        tuple(grammar.TIME_PHRASES.values()),
        tuple(grammar.WEATHER_PHRASES.values()),
        *grammar.PLACE_PREPOSITIONS.values(),
        *grammar.TIME_ADJECTIVES.values(),
        *grammar.WEATHER_ADJECTIVES.values(),
    )
    colours = [english for english, _ in grammar.PLACE_COLOURS.values()]
    return [grammar.OTHER_EN, *colours, *(phrase for table in tables for phrase in table)]


def _phrases_zh() -> list[str]:
    tables = (
        grammar.ADJECTIVES_ZH,
        grammar.SCENIC_ZH,
        grammar.VERBS_ZH,
        grammar.LANDSCAPES_ZH,
        tuple(chinese_grammar.MEASURES.values()),
        tuple(chinese_grammar.TIME_BEFORE.values()),
        tuple(chinese_grammar.WEATHER_BEFORE.values()),
        *chinese_grammar.PLACE_SUFFIXES.values(),
        *chinese_grammar.NUMBERS.values(),
        *chinese_grammar.SIDES.values(),
    )
    return [phrase.removesuffix("的") for table in tables for phrase in table if phrase]
