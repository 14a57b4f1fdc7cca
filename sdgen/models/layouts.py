"""What a single checkpoint file lacks, by family: configurations, and CLIP's vocabulary.

A file of weights says names and shapes of tensors. The rest of what a diffusers folder holds lies
here, under `layouts/`: one folder a family with the values of the folders that its makers
published, and the merges that all of their tokenizers share.
"""

import gzip
from functools import lru_cache
from pathlib import Path

LAYOUTS = Path(__file__).parent / "layouts"

MERGES = "clip/merges.txt.gz"
"""The merges of CLIP's byte-pair encoding, from which its vocabulary follows."""

Vocabulary = dict[str, int]
Merges = list[tuple[str, str]]


def layout_of(family: str) -> Path:
    """The folder with the configurations of `family`: sd1, sd2 or sdxl."""
    return LAYOUTS / family


def layout_files(family: str) -> dict[str, Path]:
    """The files that a model of `family` is loaded with: what a record calls each → where it is."""
    own = sorted((LAYOUTS / family).rglob("*.json"))
    files = [*own, LAYOUTS / MERGES]
    return {path.relative_to(LAYOUTS).as_posix(): path for path in files}


def shipped_vocabulary(folder: Path) -> tuple[Vocabulary, Merges] | None:
    """The vocabulary of the tokenizer in `folder`, where that is one of ours; else None."""
    return _vocabulary(LAYOUTS / MERGES) if LAYOUTS in folder.parents else None


@lru_cache(maxsize=1)
def _vocabulary(path: Path) -> tuple[Vocabulary, Merges]:
    """CLIP's vocabulary, numbered as its code numbers it.

    First a letter for each byte, then each of them as the end of a word, then one token for each
    merge, then the two marks. Source: OpenAI's CLIP, simple_tokenizer.
    """
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()[1:]
    merges = [(first, second) for first, _, second in (line.partition(" ") for line in lines)]
    letters = byte_letters()
    ends = [f"{letter}</w>" for letter in letters]
    marks = ["<|startoftext|>", "<|endoftext|>"]
    tokens = [*letters, *ends, *(first + second for first, second in merges), *marks]
    return {token: number for number, token in enumerate(tokens)}, merges


def byte_letters() -> list[str]:
    """The printable character that stands for each of the 256 bytes, in the order of the tokens."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = 256 - len(printable)
    return [chr(byte) for byte in printable] + [chr(256 + number) for number in range(hidden)]
