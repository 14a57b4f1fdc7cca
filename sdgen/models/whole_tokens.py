"""How T5 and Qwen read a text: whole, from the one file that their tokenizers have.

CLIP's way, in chunks and with words of embeddings among them, is in `sdgen.models.tokens`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sdgen.models.families import TextReader
from sdgen.models.folder import MAX_JSON_BYTES
from sdgen.models.hashes import identity_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BEFORE, AFTER = "<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"
"""What Qwen3's template has around a message of a user, with thinking allowed."""

T5_MARKS = 1
"""The end of a text."""


def as_message(text: str) -> str:
    """`text` as a message to Qwen3."""
    return f"{BEFORE}{text}{AFTER}"


@dataclass(frozen=True, slots=True)
class Token:
    """A token's number, its characters (first, and behind the last), its word and whether known."""

    id: int
    start: int
    end: int
    word: int
    is_known: bool


@dataclass(frozen=True, slots=True)
class WholeTokenizer:
    """A tokenizer that reads a text at once."""

    own: "Tokenizer"
    reader: TextReader

    @property
    def room(self) -> int:
        """Tokens of a text that are read; what stands behind a message may be cut off with it."""
        if self.reader.kind == "qwen":
            return self.reader.length - len(self.own.encode(BEFORE, add_special_tokens=False).ids)
        return self.reader.length - T5_MARKS

    def tokens(self, text: str) -> Iterator[Token]:
        """The tokens of `text`, those without room, too, and the marks left out."""
        is_message = self.reader.kind == "qwen"
        before = len(BEFORE) if is_message else 0
        read = self.own.encode(as_message(text) if is_message else text, add_special_tokens=False)
        unknown = self.own.token_to_id("<unk>") if self.reader.kind == "t5" else None
        for number, (start, end), word in zip(read.ids, read.offsets, read.word_ids, strict=True):
            first, last = max(start - before, 0), min(end - before, len(text))
            if start >= before + len(text) or (is_message and end <= before):
                continue  # of the message's frame
            yield Token(number, first, last, word or 0, number != unknown)


def open_whole(folder: Path, reader: TextReader) -> WholeTokenizer:
    """The tokenizer in `folder`, from what was opened last, where its file is the same.

    Raises:
        ModelError: There is none.
        Exception: It is damaged; the library reports that as many types.
    """
    path = folder / "tokenizer.json"
    return _opened(path, reader, identity_of(path, f"{folder.name}/{path.name}"))


@lru_cache(maxsize=4)
def _opened(path: Path, reader: TextReader, _: str) -> WholeTokenizer:
    from tokenizers import Tokenizer

    if path.stat().st_size > MAX_JSON_BYTES:
        raise ValueError("it is too large")
    own = Tokenizer.from_file(str(path))
    own.no_truncation()
    own.no_padding()
    return WholeTokenizer(own, reader)
