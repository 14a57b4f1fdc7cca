"""A job file becomes drafts: all rows checked before a model is loaded or a file is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sdgen.batch.alike import Alike
from sdgen.batch.draft import Around, Draft, Find, RowModelError, draft_row, lines_of
from sdgen.batch.jobfiles import MAX_ROWS, JobFile
from sdgen.batch.rows import Fault
from sdgen.errors import InputError, ModelError, SdgenError
from sdgen.models.finding import ANYWHERE, Search
from sdgen.recipe.layers import Layer
from sdgen.recipe.prompt.wording import AS_WRITTEN, Wording


@dataclass(frozen=True, slots=True)
class Drafts:
    """All rows that can be drawn, and one line for each that cannot."""

    items: list[Draft]
    faults: list[str]

    @property
    def num_images(self) -> int:
        return sum(draft.num_images for draft in self.items)


def draft_jobs(
    job_file: JobFile,
    lower: Sequence[Layer] = (),
    upper: Sequence[Layer] = (),
    *,
    num_images: int | None = None,
    keep_going: bool = False,
    find: Find | None = None,
    wording: Wording = AS_WRITTEN,
    search: Search = ANYWHERE,
) -> Drafts:
    """Check every row of `job_file`.

    Args:
        job_file: The rows.
        lower: Layers below the rows (user config, named configs), lowest first.
        upper: Layers above them (flags).
        num_images: Pictures of each row, whatever the row says.
        keep_going: Leave rows with faults out instead of refusing the file.
        find: Finds models; the real one if not given.
        wording: What prompts are put together from.
        search: Where LoRAs may lie.

    Raises:
        InputError: The file says nothing, or has faults; all of them are listed.
        ModelError: A model is not here. One that no row names ends the check at once.
    """
    around = Around(
        job_file.name, lower, upper, num_images, find, search, wording, job_file.folder,
        alike=Alike(upper),
    )  # fmt: skip
    items: list[Draft] = []
    errors: dict[str, SdgenError] = {}  # by line: the fault of a flag is in every row, told once
    for row in job_file.rows():
        try:
            items.append(draft_row(row, around))
        except (InputError, RowModelError) as error:
            errors.update((line, error) for line in lines_of(error))
    items = _with_single_names(items, errors)
    if not items or (errors and not keep_going):
        raise _refusal(job_file.name, errors)
    drafts = Drafts(items, list(errors))
    if drafts.num_images > MAX_ROWS:
        raise InputError(
            f"{job_file.name} asks for {drafts.num_images} pictures, at most {MAX_ROWS}"
        )
    return drafts


def _refusal(source: str, errors: Mapping[str, SdgenError]) -> SdgenError:
    if not errors:
        return InputError(f"{source} has no jobs in it", hint="write one prompt a line")
    [first, *others] = errors.values()
    if not others and not first.details:
        return first
    kind = ModelError if all(isinstance(e, ModelError) for e in errors.values()) else InputError
    return kind(f"{len(errors)} faults in {source}; nothing was drawn", details=errors)


def _with_single_names(items: list[Draft], errors: dict[str, SdgenError]) -> list[Draft]:
    """Leave out rows whose name another row has already: their files would trade places."""
    first: dict[str, Draft] = {}
    kept = []
    for draft in items:
        owner = first.setdefault(draft.name.casefold(), draft) if draft.name else draft
        if owner.place == draft.place:
            kept.append(draft)
            continue
        reason = f"the name {draft.name!r} is already used in line {owner.place[0]}"
        line = Fault(draft.place, reason).shown(draft.source.rpartition(":")[0])
        errors[line] = InputError(line)
    return kept
