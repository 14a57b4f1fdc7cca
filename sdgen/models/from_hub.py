"""A model of the hub, made of what is in its cache; fetched only if somebody gave leave."""

from dataclasses import replace

from sdgen.errors import ModelError
from sdgen.models import local, single_file
from sdgen.models.catalogue import Entry, find_entry
from sdgen.models.consent import fetched
from sdgen.models.folder import CheckedFolder, IncompleteError, check_folder
from sdgen.models.hub import Located, locate, reference_of
from sdgen.models.hub_listing import INDEX
from sdgen.models.hub_names import Reference
from sdgen.recipe.sizes import SizeRule


def find_on_hub(name: str) -> local.LocalModel | None:
    """The model of this name on the hub; None if that is no name there.

    Raises:
        NotHereError: It is not here, and may not be fetched.
        ModelError: It is damaged, or nothing that sdgen draws with.
    """
    reference = reference_of(name)
    return None if reference is None else find_referred(reference)


def find_referred(reference: Reference) -> local.LocalModel:
    """The model that `reference` means.

    Raises:
        NotHereError: It is not here, and may not be fetched.
        ModelError: It is damaged, or nothing that sdgen draws with.
    """
    located = locate(reference)
    try:
        found = _opened(located, reference)
    except IncompleteError as error:
        fetched(reference, error.missing)
        located = locate(reference)
        found = _opened(located, reference)
    model = replace(
        found, name=reference.name, revision=located.commit, repository=reference.repository
    )
    entry = find_entry(reference.name)
    return as_entry(model, entry) if entry else model


def _opened(located: Located, reference: Reference) -> local.LocalModel:
    """The model in a snapshot, or in one file of it.

    Raises:
        IncompleteError: A file of it is missing.
    """
    if not reference.file:
        checked = _check_snapshot(located, reference)
        return local.from_folder(replace(checked, called=reference.repository.rpartition("/")[2]))
    path = located.folder / reference.file
    if not path.is_file():
        raise IncompleteError(f"{reference.repository} lacks {reference.file}", reference.file)
    return single_file.open_file(path)


def _check_snapshot(located: Located, reference: Reference) -> CheckedFolder:
    """What a snapshot holds, in the variant that is preferred, or in the only one that is meant."""
    if not (located.folder / INDEX).is_file():
        raise IncompleteError(f"{reference.name} lacks {INDEX}", INDEX)
    others = () if reference.exact else (None, "fp16")
    variants = dict.fromkeys((reference.variant, *others))
    try:
        return check_folder(located.folder, tuple(variants))
    except IncompleteError:
        raise
    except ModelError as error:  # it would be called by its commit, which says nothing to people
        message = str(error).replace(located.folder.name, reference.name)
        raise ModelError(message, hint=error.hint) from error


def as_entry(model: local.LocalModel, entry: Entry) -> local.LocalModel:
    """`model` with the name, the defaults and the sizes of the catalogue."""
    sizes = model.sizes if entry.sizes == SizeRule() else entry.sizes
    defaults = {**model.defaults, **entry.defaults}
    return replace(model, name=entry.name, defaults=defaults, sizes=sizes)
