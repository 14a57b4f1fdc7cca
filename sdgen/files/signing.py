"""Signing pictures by C2PA with a person's own certificate, and telling whether one is sound.

All of it is done by c2pa-python, the library of those who write the standard (an extra, loaded
where a picture is signed or a signed one is shown). It asks nobody on the network: no certificate's
status, no manifest that lies elsewhere, and a timestamp only where a person names who gives it.
"""

import io
import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image

from sdgen.errors import InputError, OutputError
from sdgen.files.certificates import Credentials, read_credentials
from sdgen.files.formats import Format, format_in
from sdgen.files.reading import head_of, readable
from sdgen.metadata.xmp import AI_MADE
from sdgen.version import __version__

_MANIFEST = bytes.fromhex("6332706100110010800000aa00389b71")
"""The kind of box that holds manifests (C2PA 2.2, section 11.1.4.1), in whatever container."""

MOST_BYTES_READ = 2**29
"""Of a picture whose signature is looked for."""

_SETTINGS: dict[str, Any] = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}
_SOFTWARE = {"name": "sdgen", "version": __version__}
_MADE = {
    "action": "c2pa.created", "digitalSourceType": AI_MADE, "softwareAgent": _SOFTWARE,
}  # fmt: skip
_CLAIM = {
    "claim_generator_info": [_SOFTWARE],
    "assertions": [{"label": "c2pa.actions", "data": {"actions": [_MADE]}}],
}
"""What is asserted of a picture: that a model made it, and which program. No words, no settings."""


@dataclass(frozen=True, slots=True)
class Signing:
    """Where certificate and key of a person lie. They are read where a picture is signed.

    `authority` is the address of a timestamp authority; nobody is asked where it is empty.
    """

    certificate: Path
    key: Path
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """What the manifest of a picture is worth.

    `is_sound` says that neither picture nor manifest was changed since, and `problems` why not; it
    is None where the library is not here to tell. Whether to trust the signer is for others to
    judge.
    """

    signer: str
    is_sound: bool | None
    problems: tuple[str, ...] = ()
    time: str = ""


def check_signing(signing: Signing) -> None:
    """Find out before the work whether pictures can be signed, by signing a small one.

    No timestamp is asked for.

    Raises:
        InputError: The library is missing, or certificate or key are no good.
    """
    if find_spec("c2pa") is None:
        raise InputError(
            "signing needs c2pa-python, which is not installed", hint="pip install 'sdgen[c2pa]'"
        )
    probe = io.BytesIO()
    Image.new("RGB", (8, 8)).save(probe, "PNG")
    credentials = read_credentials(signing.certificate, signing.key)
    try:
        _signed(probe.getvalue(), "png", credentials, "")
    except OutputError as error:
        raise InputError(
            f"{signing.certificate} cannot sign pictures: {error}",
            hint="C2PA wants one for signing (emailProtection or C2PA), with its issuers behind it",
        ) from error


def signed(data: bytes, format: Format, signing: Signing) -> bytes:
    """The picture file `data` with a manifest in it; its pixels and texts are the same bytes.

    Raises:
        InputError: Certificate or key are no good.
        OutputError: It cannot be signed: the timestamp authority does not answer, say.
    """
    credentials = read_credentials(signing.certificate, signing.key)
    try:
        return _signed(data, format, credentials, signing.authority)
    except OutputError as error:
        raise OutputError(f"the picture cannot be signed: {error}") from error


def _signed(data: bytes, format: Format, credentials: Credentials, authority: str) -> bytes:
    import c2pa

    info = c2pa.C2paSignerInfo(
        credentials.algorithm, credentials.certificates, credentials.key, authority or None
    )
    written = io.BytesIO()
    try:
        with (
            c2pa.Context.from_dict(_SETTINGS) as context,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(_CLAIM, context=context) as builder,
        ):
            builder.sign(signer, f"image/{format}", io.BytesIO(data), written)
    except c2pa.C2paError as error:
        raise OutputError(_reason(error)) from error
    return written.getvalue()


def _reason(error: Exception) -> str:
    """The library's words on one line, without its names for kinds of errors."""
    words = " ".join(str(error).split())
    kind, colon, rest = words.partition(": ")
    return rest if colon and kind.isalpha() else words


def is_signed(data: bytes) -> bool:
    """Whether there is a manifest in a picture file, be it sound or not."""
    return _MANIFEST in data


def signature_of(path: Path) -> Signature | None:
    """What the manifest in the file at `path` is worth; None where it has none, or is no picture.

    Raises:
        InputError: It cannot be read.
    """
    with readable(path) as file:
        format = format_in(head_of(file))
        if format in (None, "json"):
            return None
        file.seek(0)
        data = file.read(MOST_BYTES_READ)
    return _signature_in(data, format) if is_signed(data) else None  # type: ignore[arg-type]


def _signature_in(data: bytes, format: Format) -> Signature:
    """The file may be anybody's: it is read by the library's own parser, which fetches nothing."""
    if find_spec("c2pa") is None:
        return Signature("", is_sound=None)
    import c2pa

    try:
        with (
            c2pa.Context.from_dict(_SETTINGS) as context,
            c2pa.Reader(f"image/{format}", io.BytesIO(data), context=context) as reader,
        ):
            said, state = json.loads(reader.json()), reader.get_validation_state()
    except (c2pa.C2paError, ValueError) as error:
        return Signature("", is_sound=False, problems=(_reason(error),))
    return _signature(said, str(state))


def _signature(said: dict[str, Any], state: str) -> Signature:
    active = said.get("manifests", {}).get(said.get("active_manifest"), {})
    info = active.get("signature_info", {})
    names = [info.get("common_name"), info.get("issuer")]
    problems = [
        str(one.get("explanation") or one.get("code"))
        for one in said.get("validation_status", [])
        if one.get("code") != "signingCredential.untrusted"
    ]
    return Signature(
        ", ".join(str(name) for name in dict.fromkeys(names) if name),
        is_sound=state in ("Valid", "Trusted"),
        problems=tuple(dict.fromkeys(problems)),
        time=str(info.get("time") or ""),
    )
