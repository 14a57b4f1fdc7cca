"""Drafts become jobs: each picture with its seed, its identity and its name.

A job's `id` says what is drawn: the settings, the very weights, and, for equal rows, which of them.
It is the same whenever the same command runs, so that a picture is known to be done already.

A row without a seed gets one from the folder's base seed, its prompt, and its number among equal
rows: the same in every run, whatever rows are put around it. Rows that share a prompt and differ in
a setting share the seed, so that the setting is all that differs; equal rows get different ones.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from sdgen.batch.draft import Draft
from sdgen.errors import InputError
from sdgen.files.names import DEFAULT_TEMPLATE, file_stem
from sdgen.models import LocalModel
from sdgen.recipe.prompt.wording import AS_WRITTEN, Wording, Written
from sdgen.recipe.seeds import derived_seed, numbered
from sdgen.recipe.settings import Settings


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to draw; `source` is its line in the job file, `stem` its name without suffix."""

    id: str
    settings: Settings
    model: LocalModel
    stem: str
    source: str
    has_seed: bool
    """Whether the file, a config or a flag gave its seeds; else they come from the base seed."""
    written: Written | None = None
    """The prompts as they stand in the file, where others are drawn."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `index` (from 1) of `count`."""

    index: int = 1
    count: int = 1

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


WHOLE = Shard()


def parse_shard(text: str) -> Shard:
    """Read `2/5`.

    Raises:
        InputError: It is not a part of a whole.
    """
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip())
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise InputError(
            f"shard must be such as 2/5, not {text!r}", hint="1/5 to 5/5 are the whole"
        )
    return Shard(int(match[1]), int(match[2]))


def select(jobs: Sequence[Job], shard: Shard = WHOLE, limit: int | None = None) -> list[Job]:
    """The first `limit` jobs of the file, and of these every `count`-th for a shard.

    By position and not by id: ids depend on the base seed, which shards in separate folders do not
    share. Together the shards of one file are all of it, and no two have a job in common.
    """
    return list(jobs[:limit][shard.index - 1 :: shard.count])


def make_jobs(
    drafts: Sequence[Draft],
    base_seed: int,
    *,
    template: str = DEFAULT_TEMPLATE,
    wording: Wording = AS_WRITTEN,
) -> list[Job]:
    """All pictures of `drafts`, in the order of the file.

    Args:
        drafts: Checked rows.
        base_seed: The folder's own, from which rows without a seed get theirs.
        template: Of the names, as `file_stem` reads it; a row's own name goes before it.
        wording: What prompts are put together from.

    Raises:
        ModelError: A weight file cannot be read.
        InputError: The template is wrong, or a prompt cannot be put together for its seed.
    """
    pictures = list(_pictures(drafts, base_seed, wording))
    stems = _stems(pictures, template)
    ids = _ids([(one.draft.model, one.settings) for one in pictures])
    return [
        Job(
            id, one.settings, one.draft.model, stem, one.draft.source, one.draft.has_all_seeds,
            one.written,
        )
        for id, stem, one in zip(ids, stems, pictures, strict=True)
    ]  # fmt: skip


def _worded(draft: Draft, settings: Settings, wording: Wording) -> tuple[Settings, Written | None]:
    try:
        return wording.worded(settings)
    except InputError as error:
        raise InputError(f"{draft.source}: {error}", hint=error.hint) from None


@dataclass(frozen=True, slots=True)
class _Picture:
    """One picture of a draft: its settings, and the name that the row gave, if any."""

    draft: Draft
    settings: Settings
    name: str
    written: Written | None


def _pictures(drafts: Sequence[Draft], base_seed: int, wording: Wording) -> Iterator[_Picture]:
    pictures_of_name = Counter(draft.name for draft in drafts)
    equal: Counter[bytes] = Counter()
    named: Counter[str] = Counter()
    for draft in drafts:
        seeded = _seeded(draft, base_seed, equal)
        is_single = pictures_of_name[draft.name] * draft.num_images == 1
        for index in range(draft.num_images):
            named[draft.name] += 1
            name = (
                draft.name if is_single or not draft.name else f"{draft.name}-{named[draft.name]}"
            )
            around = wording.within(draft.styles, draft.lines)
            settings, written = _worded(draft, numbered(seeded, index), around)
            yield _Picture(draft, settings, name, written)


def _seeded(draft: Draft, base_seed: int, equal: Counter[bytes]) -> Settings:
    """The settings of a draft with the seeds that nobody gave, if any."""
    settings = draft.settings
    if draft.has_all_seeds:
        return settings
    styles = "".join(f"\x1f{one.name}" for one in draft.styles)
    content = _bytes_of(settings.model_dump_json() + styles)
    number = str(equal[content])
    equal[content] += 1
    drawn = {}
    if not draft.has_seed:
        drawn["seed"] = derived_seed(base_seed, settings.prompt, number)
    if draft.is_variation_open:
        drawn["variation_seed"] = derived_seed(base_seed, settings.prompt, "variation", number)
    return settings.model_copy(update=drawn)


def _ids(drawn: Sequence[tuple[LocalModel, Settings]]) -> list[str]:
    """16 hex digits for each; equal pictures are told apart by their number."""
    equal: Counter[bytes] = Counter()
    marks: dict[Hashable, str] = {}
    ids = []
    for model, settings in drawn:
        key = (model.name, str(model.folder), model.added)
        if key not in marks:
            marks[key] = _mark(model)
        content = f"{marks[key]}\x1f{settings.model_dump_json()}"
        told = _bytes_of(content)
        ids.append(_digest(f"{content}\x1f{equal[told]}")[:16])
        equal[told] += 1
    return ids


def _bytes_of(content: str) -> bytes:
    """What tells contents apart in little memory: 16 bytes of their SHA-256."""
    return hashlib.sha256(content.encode()).digest()[:16]


def _mark(model: LocalModel) -> str:
    """What tells these weights from others, wherever they lie: a folder may be moved or renewed."""
    marks = [model.name, model.revision, model.hashes(), *(one.sha256 for one in model.added)]
    return _digest(json.dumps(marks, sort_keys=True))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _stems(pictures: Sequence[_Picture], template: str) -> list[str]:
    """A name for each that no other has, rows' own names first; `fox`, `fox-2` where they meet.

    Given here and not when a file is written, so that it does not depend on which came first.
    """
    taken: set[str] = set()
    numbers: Counter[str] = Counter()

    def unused(stem: str) -> str:
        candidate = stem
        while candidate.casefold() in taken:
            numbers[stem] += 1
            candidate = f"{stem}-{numbers[stem] + 1}"
        taken.add(candidate.casefold())
        return candidate

    own = [unused(one.name) if one.name else "" for one in pictures]
    return [
        stem or unused(file_stem(one.settings, index=index, template=template))
        for index, (stem, one) in enumerate(zip(own, pictures, strict=True))
    ]
