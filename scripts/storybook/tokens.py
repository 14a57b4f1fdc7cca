"""Make the tokenizer: byte-level CLIP pieces in which every word of the captions is one piece.

    python scripts/storybook/tokens.py sdgen/models/storybook/tokenizer

CLIP's pre-tokenizer takes a run of Chinese for one word, so pieces of several characters would
change with the phrasing. Here every Chinese character is a piece of its own (in two forms, as CLIP
marks the last piece of a run); English words are whole. Any other text falls back to bytes.
"""

import itertools
import json
import random
import sys
from collections import Counter
from pathlib import Path

import regex
from world import caption, known_words, sample_scene

END_OF_WORD = "</w>"
START, END = "<|startoftext|>", "<|endoftext|>"
_WORDS = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
Pair = tuple[str, str]


def byte_letters() -> list[str]:
    """The printable letter that stands for each byte 0 … 255 in CLIP's and GPT-2's files."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spare = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(spare)) for byte in range(256)]


LETTERS = byte_letters()


def symbols(word: str) -> tuple[str, ...]:
    """A word's bytes as letters, the last one marked as the end."""
    letters = [LETTERS[byte] for byte in word.encode()]
    return (*letters[:-1], letters[-1] + END_OF_WORD)


def count_words(scenes: int, seed: int = 1) -> tuple[Counter[str], Counter[str]]:
    """English words and Chinese characters of the captions, with how often they occur."""
    rng = random.Random(seed)
    texts = []
    for _ in range(scenes):
        scene = sample_scene(rng)
        texts += [caption(scene, rng, "en"), caption(scene, rng, "zh")]
    texts += 3 * sorted(known_words())
    english: Counter[str] = Counter()
    chinese: Counter[str] = Counter()
    for text in texts:
        for word in _WORDS.findall(text.lower()):
            (english if word.isascii() else chinese).update([word] if word.isascii() else word)
    return english, chinese


def learn_merges(words: Counter[str], least: int = 3) -> list[Pair]:
    """Byte-pair merges that make every word that occurs `least` times one piece."""
    split = {word: symbols(word) for word, count in words.items() if count >= least}
    merges: list[Pair] = []
    while True:
        pairs: Counter[Pair] = Counter()
        for word, parts in split.items():
            for pair in itertools.pairwise(parts):
                pairs[pair] += words[word]
        if not pairs:
            return merges
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        for word, parts in split.items():
            if len(parts) > 1:
                split[word] = join(parts, best)


def join(parts: tuple[str, ...], pair: Pair) -> tuple[str, ...]:
    """Replace each occurrence of a pair by the one piece that it becomes."""
    result: list[str] = []
    for part in parts:
        if result and (result[-1], part) == pair:
            result[-1] += part
        else:
            result.append(part)
    return tuple(result)


def character_merges(characters: Counter[str]) -> list[Pair]:
    """Merges that make every character one piece, inside a run and at its end."""
    merges: dict[Pair, None] = {}
    for character in sorted(characters):
        letters = [LETTERS[byte] for byte in character.encode()]
        for ends in (letters, list(symbols(character))):
            joined = ends[0]
            for letter in ends[1:]:
                merges[joined, letter] = None
                joined += letter
    return list(merges)


def write(folder: Path, merges: list[Pair], words: list[str]) -> None:
    """Write the files that CLIPTokenizer reads, and the words that the world knows, one a line."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = [*LETTERS, *(letter + END_OF_WORD for letter in LETTERS)]
    pieces += [first + second for first, second in merges]
    vocabulary = {
        piece: number for number, piece in enumerate(dict.fromkeys([*pieces, START, END]))
    }
    lines = ["#version: 0.2", *(f"{first} {second}" for first, second in merges), ""]
    (folder / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    config = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": 77,
        "bos_token": START,
        "eos_token": END,
        "pad_token": END,
        "unk_token": END,
        "errors": "replace",
        "do_lower_case": True,
    }
    for name, content in (("vocab", vocabulary), ("tokenizer_config", config)):
        text = json.dumps(content, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    (folder / "words.txt").write_text("\n".join([*words, ""]), encoding="utf-8")


def main(folder: Path, scenes: int = 40_000) -> None:
    """Count words, learn merges, write."""
    english, chinese = count_words(scenes)
    merges = [*learn_merges(english), *character_merges(chinese)]
    write(folder, merges, sorted(known_words()))
    print(f"{len(english)} words, {len(chinese)} characters, {514 + len(merges)} pieces")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
