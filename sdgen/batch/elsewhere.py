"""A unit on another machine than the one that cut it: the same weights and pictures, found there.

Weights are looked for where they lie on the first machine, which a shared folder makes true, and
then by the model's name. What is found must be the very same: hashes travel with the unit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sdgen.batch.messages import Ask
from sdgen.batch.units import Task, Unit
from sdgen.errors import ModelError, OutputError
from sdgen.files.folders import is_file
from sdgen.models import LocalModel, find_model
from sdgen.models.hashes import hash_paths
from sdgen.sources import Source


@dataclass(frozen=True, slots=True)
class Carried:
    """An order, and what a machine needs that may not have the same files.

    Attributes:
        order: The unit, or the question.
        hashes: SHA-256 of each file of the model.
        files: SHA-256 of a picture that is drawn from → the bytes of its file.
        probe: A file that lies in the output folder now, if that is on a disk.
    """

    order: Unit | Ask
    hashes: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict)
    probe: str = ""


def carried(order: Unit | Ask, probe: str = "") -> Carried:
    """`order` with what goes along.

    Raises:
        ModelError: A weight file cannot be read.
    """
    models = _models(order)
    hashes = models[0].hashes() if models else {}
    sources = order.sources if isinstance(order, Unit) else ()
    files = {one.file_sha256: one.path.read_bytes() for one in sources}
    return Carried(order, hashes, files, probe if isinstance(order, Unit) else "")


class Here:
    """This machine, as the orders of another find it.

    Args:
        name: Of the machine, for people.
        folder: Where pictures that were carried along are put.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._found: dict[tuple[Any, ...], LocalModel] = {}

    def translated(self, carried: Carried) -> Unit | Ask:
        """The order in terms of this machine.

        Raises:
            ModelError: The model is not here, or is another one.
            OutputError: The output folder is not here.
        """
        order = carried.order
        if isinstance(order, Ask):
            words = [self._word(word, carried.hashes) for word in order.words]
            return replace(order, words=tuple(words))
        self._check_target(order, carried.probe)
        model = self._model(order.jobs[0].model, carried.hashes)

        def here(task: Task | None) -> Task | None:
            return task and replace(task, job=replace(task.job, model=model))

        sources = tuple(self._source(one, carried.files) for one in order.sources)
        return replace(order, slots=tuple(map(here, order.slots)), sources=sources)

    def _word(self, word: Any, hashes: Mapping[str, str]) -> Any:
        return self._model(word, hashes) if isinstance(word, LocalModel) else word

    def _check_target(self, unit: Unit, probe: str) -> None:
        """Whether the pictures of this machine would lie where the others do."""
        folder = unit.target.folder
        if probe and isinstance(folder, Path) and not is_file(folder / probe):
            raise OutputError(
                f"{self.name} does not share the folder {folder}",
                hint="-o FOLDER must be one that all machines share, or s3://bucket/folder",
            )

    def _model(self, model: LocalModel, hashes: Mapping[str, str]) -> LocalModel:
        key = (model.name, str(model.folder), model.added, tuple(hashes.values()))
        if key not in self._found:
            self._found[key] = self._search(model, hashes)
        return self._found[key]

    def _search(self, model: LocalModel, hashes: Mapping[str, str]) -> LocalModel:
        there = all(is_file(model.path_of(file)) for file in model.weights)
        found = model if there else self._by_name(model)
        self._check_added(found)
        if found.hashes() != hashes:
            raise ModelError(
                f"{self.name} has another {model.name}: its weights have other hashes",
                hint="give all machines the same model, best in one shared folder",
            )
        return found

    def _check_added(self, model: LocalModel) -> None:
        """Whether what is added to the model is here, and the same."""
        for one in model.added:
            is_here = is_file(one.path)
            if not is_here or hash_paths({one.key: one.path})[one.key] != one.sha256:
                raise ModelError(
                    f"{self.name} has {'another' if is_here else 'no'} {one.kind} {one.name}",
                    hint="put it into a folder that all machines share",
                )

    def _by_name(self, model: LocalModel) -> LocalModel:
        """The model of that name, with the same added to it."""
        try:
            found = find_model(model.name)
        except ModelError as error:
            raise ModelError(
                f"{self.name} has no model {model.name}: {error}",
                hint="put it into a folder that all machines share, or pull it on each",
            ) from error

        def moved(path: Path) -> Path:
            """Where a file lies that came with the model."""
            inside = path.is_relative_to(model.folder)
            return found.folder / path.relative_to(model.folder) if inside else path

        here = {one.key: replace(one, path=moved(one.path)) for one in model.added}
        return replace(
            model,
            folder=found.folder,
            layout=found.layout,
            loras=_each(model.loras, here),
            embeddings=_each(model.embeddings, here),
            controlnets=_each(model.controlnets, here),
            ip_adapters=_each(model.ip_adapters, here),
            vae=model.vae and here[model.vae.key],
            image_encoder=model.image_encoder and here[model.image_encoder.key],
        )

    def _source(self, source: Source, files: Mapping[str, bytes]) -> Source:
        """The picture, in a file of this machine."""
        path = self._folder / f"{source.file_sha256}{source.path.suffix}"
        if source.file_sha256 in files and not path.exists():
            path.write_bytes(files[source.file_sha256])
        return replace(source, path=path)


def _each(files: Sequence[Any], here: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(here[one.key] for one in files)


def _models(order: Unit | Ask) -> list[LocalModel]:
    if isinstance(order, Unit):
        return [order.jobs[0].model]
    return [word for word in order.words if isinstance(word, LocalModel)]
