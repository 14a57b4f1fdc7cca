"""`--sign`, `--sign-key`, `--sign-time`: whether pictures are signed, and with what."""

from pathlib import Path
from typing import Annotated

import typer

from sdgen.errors import InputError
from sdgen.files.configs import signing_in
from sdgen.files.signing import Signing, check_signing

Sign = Annotated[
    str | None,
    typer.Option(
        "--sign", metavar="CERT.pem",
        help="Sign pictures (C2PA) with this certificate; '' does not. Needs sdgen[c2pa].",
    ),
]  # fmt: skip
SignKey = Annotated[
    str | None,
    typer.Option("--sign-key", metavar="KEY.pem", help="The certificate's private key."),
]
SignTime = Annotated[
    str | None,
    typer.Option(
        "--sign-time", metavar="URL",
        help="Timestamp authority to ask for the time of each signature; else nobody is asked.",
    ),
]  # fmt: skip


def signing_of(sign: str | None, key: str | None, authority: str | None) -> Signing | None:
    """What the pictures of a command are signed with; None where they are not.

    What no flag says, the person's own `config.yaml` may say.

    Raises:
        InputError: One of the two is missing, or certificate or key are no good.
    """
    own = signing_in()
    if sign == "":
        return None
    certificate = sign or own.get("sign", "")
    if not certificate:
        if key or authority:
            raise InputError(f"--sign-{'key' if key else 'time'} does nothing without --sign")
        return None
    place = key or ("" if sign else own.get("sign_key", ""))
    if not place:
        raise InputError("signing needs the certificate's key", hint="--sign-key KEY.pem")
    asked = authority if authority is not None else own.get("sign_time", "")
    if asked and not asked.startswith(("http://", "https://")):
        raise InputError(f"{asked!r} is no address of a timestamp authority", hint="http://…")
    signing = Signing(Path(certificate).expanduser(), Path(place).expanduser(), asked)
    check_signing(signing)
    return signing
