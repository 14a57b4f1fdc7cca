"""Commands that make one file of each given picture: no file is lost to another, all are tried."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from sdgen.cli.output import Output, error_object
from sdgen.errors import GenerationError, InputError, InterruptedRunError, SdgenError


def check_targets(pairs: Iterable[tuple[Path, Path]]) -> None:
    """Refuse pairs of source and target where one file would be lost.

    A target that is its own source is not looked at: each command has its own word for that.

    Raises:
        InputError: Two have one target, or the target of one is another one's source.
    """
    pairs = list(pairs)
    sources = {_identity(source): source for source, _ in pairs}
    taken: dict[object, Path] = {}
    for source, target in pairs:
        name = _identity(target)
        other = sources.get(name, source)
        if name != _identity(source) and other != source:
            raise InputError(f"{source} would replace {other}", hint="say where: -o FOLDER")
        if name in taken:
            raise InputError(
                f"{taken[name]} and {source} would both be {target}",
                hint="another folder for one of them",
            )
        taken[name] = source


def _identity(path: Path) -> object:
    """What is equal for two paths of one file, be it there already or not."""
    try:
        found = path.stat()
    except OSError:
        return os.path.realpath(path)
    return found.st_dev, found.st_ino


def each(sources: Sequence[Path], work: Callable[[Path], None], out: Output, done: str) -> None:
    """Do `work` for every source, also after one that fails.

    Args:
        sources: The pictures.
        work: Makes the new file of one.
        out: Where a failure is told at once, if there are several pictures.
        done: What happens to them, as in "2 of 3 could not be converted".

    Raises:
        InterruptedRunError: The user asked for an end; the others are not tried.
        SdgenError: The failure of the only one.
        GenerationError: Some of several failed.
    """
    failed = 0
    for source in sources:
        try:
            work(source)
        except InterruptedRunError:
            raise
        except SdgenError as error:
            if not sources[1:]:
                raise
            failed += 1
            out.warn(str(error))
            out.json({"source": str(source), "error": error_object(error)})
    if failed:
        raise GenerationError(f"{failed} of {len(sources)} could not be {done}")
