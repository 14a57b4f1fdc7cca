"""The lock: which models and which versions of the libraries a project draws with, to the byte.

A lock names models and never says where they are. What it holds is compared with what is here;
nothing in it is opened or fetched.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from sdgen.errors import InputError, ModelError
from sdgen.models.from_hub import find_referred
from sdgen.models.hub import pinned_reference
from sdgen.models.installed import installed_versions
from sdgen.models.local import LocalModel, find_model, is_bare_name
from sdgen.models.single_file import find_recorded

SCHEMA: Final = "sdgen.lock/1"

Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]

ADDED = {
    "lora": "loras",
    "vae": "vaes",
    "embedding": "embeddings",
    "controlnet": "controlnets",
    "ip_adapter": "ip_adapters",
    "image_encoder": "image_encoders",
    "upscaler": "upscalers",
}
"""Kinds of files that are added to models → the field of the lock that holds their hashes."""

IN_WORDS = {
    "lora": "LoRAs", "vae": "VAEs", "embedding": "embeddings", "controlnet": "ControlNets",
    "ip_adapter": "IP-Adapters", "image_encoder": "image encoders", "upscaler": "upscalers",
}  # fmt: skip
"""The same kinds → several of them, for people."""

SHOWN = 3
"""Changes that one line of an error names."""


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",  # an older sdgen must not overlook what a lock asks for
        strict=True,
        hide_input_in_errors=True,
        defer_build=True,
        populate_by_name=True,
    )


class LockedModel(_Part):
    """A model to the byte: every file that decides pixels, by its path in the model's folder."""

    pipeline: str
    repository: str | None = Field(default=None, description="on the hub, owner/name, if any")
    revision: str | None = Field(default=None, description="commit of the hub repository, if any")
    files: dict[str, Digest]


class LockedPlace(_Part):
    """Where on the hub an added file comes from."""

    repository: str
    revision: str = Field(description="commit")
    file: str


class Lock(_Part):
    """What a lock file says. Names stand in alphabetical order, so that two of them compare."""

    schema_: Literal["sdgen.lock/1"] = Field(default=SCHEMA, alias="schema")
    versions: dict[str, str] = Field(description="package → version, and python's")
    models: dict[str, LockedModel]
    loras: dict[str, Digest] | None = Field(default=None, description="name → SHA-256 of the file")
    vaes: dict[str, Digest] | None = Field(default=None, description="the same of VAEs")
    embeddings: dict[str, Digest] | None = Field(default=None, description="and of embeddings")
    controlnets: dict[str, Digest] | None = Field(default=None, description="and of ControlNets")
    ip_adapters: dict[str, Digest] | None = Field(default=None, description="and of IP-Adapters")
    image_encoders: dict[str, Digest] | None = Field(default=None, description="and theirs")
    upscalers: dict[str, Digest] | None = Field(default=None, description="and of upscalers")

    on_hub: dict[str, LockedPlace] | None = Field(
        default=None, description="kind and name of an added file → where on the hub it comes from"
    )

    def added(self, kind: str) -> dict[str, str]:
        """Name → SHA-256 of the files of this kind."""
        return getattr(self, ADDED[kind]) or {}


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that is not as it was locked; None where one side does not have it.

    `model` is None for a version of a library, and of a file that was added, its kind.
    """

    model: str | None
    name: str
    locked: str | None
    here: str | None

    def __str__(self) -> str:
        if self.model is None:
            return f"{self.name} {self.locked or 'not locked'} → {self.here or 'not installed'}"
        return f"{self.model}: {self.name} {self._of_model()}"

    def _of_model(self) -> str:
        if self.name in ("pipeline", "repository", "revision"):
            return f"{self.locked} → {self.here}"
        if self.here is None:
            return "is missing"
        return "is not in the lock" if self.locked is None else "has other bytes"


def lock_of(models: Iterable[LocalModel]) -> Lock:
    """The lock of `models`, every byte of which is read, and of the libraries that are installed.

    Raises:
        ModelError: A file cannot be read, or two different models have one name.
    """
    locked: dict[str, LockedModel] = {}
    every = list(models)
    for model in {(model.name, model.folder): model for model in every}.values():
        found = _locked_as(model, read_all=True)
        if locked.setdefault(model.name, found) != found:
            raise ModelError(
                f"two different models are called {model.name}",
                hint="give one of the folders another name",
            )
    return Lock(
        versions=installed_versions(),
        models=dict(sorted(locked.items())),
        loras=_added_of(every, "lora") or None,
        vaes=_added_of(every, "vae") or None,
        embeddings=_added_of(every, "embedding") or None,
        controlnets=_added_of(every, "controlnet") or None,
        ip_adapters=_added_of(every, "ip_adapter") or None,
        image_encoders=_added_of(every, "image_encoder") or None,
        upscalers=_added_of(every, "upscaler") or None,
        on_hub={
            one.key: LockedPlace(repository=one.repository, revision=one.revision, file=one.file)
            for model in every
            for one in model.added
            if one.repository
        }
        or None,
    )


def _added_of(models: Iterable[LocalModel], kind: str) -> dict[str, str]:
    """Name → SHA-256 of the files of this kind that are added to `models`."""
    added = {(one.name, one.sha256) for model in models for one in model.added if one.kind == kind}
    found: dict[str, str] = {}
    for name, sha256 in sorted(added):
        if found.setdefault(name, sha256) != sha256:
            raise ModelError(
                f"two different {IN_WORDS[kind]} are called {name}",
                hint="give one of the files another name",
            )
    return found


def _locked_as(model: LocalModel, *, read_all: bool) -> LockedModel:
    """`model` as a lock names it."""
    files = dict(sorted(model.hashes(read_all=read_all).items()))
    return LockedModel(
        pipeline=model.pipeline,
        repository=model.repository or None,
        revision=model.revision,
        files=files,
    )


def _changed_model(lock: Lock, model: LocalModel, *, read_all: bool) -> Iterator[Change]:
    locked = lock.models.get(model.name)
    if locked is None:
        named = ", ".join(lock.models) or "none"
        raise ModelError(f"the model {model.name} is not in the lock", hint=f"it names {named}")
    yield from _changes(model.name, _facts(locked), _facts(_locked_as(model, read_all=read_all)))


def _facts(model: LockedModel) -> dict[str, str]:
    hub = {"repository": model.repository, "revision": model.revision}
    known = {name: value for name, value in hub.items() if value is not None}
    return {"pipeline": model.pipeline, **known, **model.files}


def _changes(
    model: str | None, locked: Mapping[str, str], here: Mapping[str, str]
) -> Iterator[Change]:
    for name in sorted({*locked, *here}):
        if locked.get(name) != here.get(name):
            yield Change(model, name, locked.get(name), here.get(name))


def changes_in(lock: Lock, models: Iterable[LocalModel], *, read_all: bool = False) -> list[Change]:
    """What is not as `lock` says: of `models` first, then the versions of the libraries.

    Args:
        lock: What is allowed.
        models: What would draw; others in the lock need not be here.
        read_all: Read every byte of them; else remembered hashes do for big files.

    Raises:
        ModelError: A model is not in the lock, or a file of it cannot be read.
    """
    every = list(models)
    of_models = [
        change
        for model in {(model.name, model.folder): model for model in every}.values()
        for change in _changed_model(lock, model, read_all=read_all)
    ]
    of_added = [change for kind in ADDED for change in _changed_added(lock, every, kind)]
    return [*of_models, *of_added, *_changes(None, lock.versions, installed_versions())]


def _changed_added(lock: Lock, models: Sequence[LocalModel], kind: str) -> Iterator[Change]:
    """Of the files that `models` use; others in the lock need not be here."""
    here, locked = _added_of(models, kind), lock.added(kind)
    return _changes(kind, {name: locked[name] for name in here if name in locked}, here)


def refuse_changes(changes: Sequence[Change], shown: str) -> None:
    """Do nothing if nothing changed.

    Args:
        changes: From `changes_in`.
        shown: The lock file's name for messages.

    Raises:
        ModelError: A model has other files.
        InputError: Only libraries have other versions.
    """
    if not changes:
        return
    first = ", ".join(map(str, changes[:SHOWN]))
    more = f" and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    kind = ModelError if any(change.model for change in changes) else InputError
    hint = "get what was locked, or lock what is here: sdgen lock"
    raise kind(f"{shown} does not hold: {first}{more}", hint=hint)


def models_of(lock: Lock, given: Iterable[LocalModel]) -> list[LocalModel]:
    """The models that `lock` names, where they are on this machine.

    Args:
        lock: It may only name them; a path in it would not be followed.
        given: Models whose place the user said; the others are looked up by name.

    Raises:
        ModelError: One is not here, or is named by a path.
    """
    known = {model.name: model for model in given}
    others = ((name, locked) for name, locked in lock.models.items() if name not in known)
    return [*known.values(), *(_named(name, locked) for name, locked in others)]


def _named(name: str, locked: LockedModel) -> LocalModel:
    files = locked.files
    if locked.repository is not None:
        pinned = (locked.repository, locked.revision, files)
        return find_referred(pinned_reference("lock", name, *pinned))
    if not is_bare_name(name):
        raise ModelError(f"the lock names {name!r}, which is not a model's name")
    try:
        return find_recorded(name, files) or find_model(name)
    except ModelError as error:
        raise ModelError(
            f"the locked model {name!r} is not here: {error}",
            hint="say where it is: --model FOLDER",
        ) from error
