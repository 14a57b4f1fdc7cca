"""Names on the hub: `owner/name`, perhaps with `@revision`; nothing here asks anybody.

A name is judged before it becomes part of a path or an address, whoever wrote it: a person, a
record or the hub.
"""

import re
from dataclasses import dataclass, field

COMMIT = re.compile(r"[0-9a-f]{40}")
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_REPOSITORY = re.compile(rf"{_PART}/{_PART}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}(/[A-Za-z0-9][A-Za-z0-9._+-]{0,99}){0,3}")
_FILE_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ +=,()-]{0,199}")

MOST_FOLDERS = 8
"""So deep may a file of a repository lie."""


ANY_FILE = "*"


@dataclass(frozen=True, slots=True)
class Reference:
    """Weights on the hub that somebody named.

    Attributes:
        name: What the record calls them.
        repository: `owner/name`.
        revision: Branch, tag or commit.
        variant: `fp16` where half-precision files are preferred, None where full ones are.
        about_bytes: How much there is to fetch, about; 0 where nobody said.
        gated: Whether terms are to be accepted first, as far as is known.
        file: The only file that is meant, ANY_FILE where the repository has but one; empty where
            the whole model is meant.
        exact: Whether weights in another variant than `variant` are others than those meant.
    """

    name: str
    repository: str
    revision: str = "main"
    variant: str | None = "fp16"
    about_bytes: int = field(default=0, compare=False)
    gated: bool = field(default=False, compare=False)
    file: str = ""
    exact: bool = False


def is_repository(name: str) -> bool:
    """Whether `name` is `owner/name` as the hub has it; it leads to no other folder."""
    return _REPOSITORY.fullmatch(name) is not None and ".." not in name and "--" not in name


def is_revision(text: str) -> bool:
    """Whether `text` can be a branch, a tag or a commit; it leads to no other folder."""
    return _REVISION.fullmatch(text) is not None and ".." not in text


def is_file(path: str) -> bool:
    """Whether `path` is a plain one inside a repository: relative, downwards, without surprises."""
    parts = path.split("/")
    return len(parts) <= MOST_FOLDERS and all(
        _FILE_PART.fullmatch(part) and not part.endswith((".", " ")) for part in parts
    )


def split_revision(name: str) -> tuple[str, str | None]:
    """`sd15@main` as `sd15` and `main`; what has no revision, as it is."""
    before, sign, after = name.rpartition("@")
    return (before, after) if sign and before and is_revision(after) else (name, None)
