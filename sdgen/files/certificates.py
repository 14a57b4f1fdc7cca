"""A person's certificate and private key, read and looked over before the work.

The key stays in this process and goes to the signing library alone: it is in no message, log,
record or file, and not in what is handed to other processes, which read it for themselves.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdgen.errors import InputError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MOST_BYTES = 2**20
"""A chain of certificates has a few thousand."""

_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_KINDS = "EC on P-256, P-384 or P-521, RSA of 2,048 bits or more, or Ed25519"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The chain of certificates, the signer's first, and its key, both in PEM; and how it signs."""

    certificates: bytes
    key: bytes = field(repr=False)
    algorithm: str


def read_credentials(certificate: Path, key: Path) -> Credentials:
    """Read and check both; once for files that have not changed since.

    Raises:
        InputError: One cannot be read or is none, they do not belong together, the certificate is
            a CA's, or it is not its time.
    """
    found, until = _read(certificate, key, _state(certificate), _state(key))
    if until < datetime.now(UTC):
        raise InputError(f"{certificate} was valid until {until:%Y-%m-%d}", hint="renew it")
    return found


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return found.st_mtime_ns, found.st_size


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be read: {(error.strerror or 'it is closed').lower()}")


@lru_cache(maxsize=4)
def _read(certificate: Path, key: Path, *_: object) -> tuple[Credentials, datetime]:
    """The two, and the moment until which the certificate holds."""
    from cryptography.hazmat.primitives import serialization

    text, chain = _bytes_of(certificate), _chain(certificate)
    private, own = _private_key(key), chain[0]
    algorithm = _algorithm(private, key)
    if private.public_key() != own.public_key():
        raise InputError(
            f"{key} is not the key of {certificate}",
            hint="the signer's own certificate must stand first in the file",
        )
    if _is_authority(own):
        raise InputError(
            f"{certificate} is the certificate of an authority, which signs no pictures",
            hint="sign with one that it issued",
        )
    if own.not_valid_before_utc > datetime.now(UTC):
        begins = f"{own.not_valid_before_utc:%Y-%m-%d}"
        raise InputError(f"{certificate} is valid from {begins} on")
    plain = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Credentials(text, plain, algorithm), own.not_valid_after_utc


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES)
    except OSError as error:
        raise _unreadable(path, error) from error


def _chain(path: Path) -> "list[Certificate]":
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(_bytes_of(path))
    except ValueError:
        raise InputError(
            f"{path} holds no certificate in PEM",
            hint="it begins with -----BEGIN CERTIFICATE-----",
        ) from None


def _private_key(path: Path) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(_bytes_of(path), password=None)
    except TypeError:
        raise InputError(
            f"the key in {path} is encrypted",
            hint=f"openssl pkcs8 -topk8 -nocrypt -in {path.name} -out plain.pem",
        ) from None
    except (ValueError, UnsupportedAlgorithm):  # whose words could hold some of the key
        raise InputError(
            f"{path} holds no private key in PEM",
            hint="it begins with -----BEGIN PRIVATE KEY-----",
        ) from None


def _algorithm(private: Any, path: Path) -> str:
    """How a key of this kind signs, by C2PA's list (C2PA 2.2, section 13.2)."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        return _CURVES[private.curve.name]
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= 2048:
        return "ps256"
    raise InputError(f"the key in {path} is of a kind that C2PA does not sign with", hint=_KINDS)


def _is_authority(certificate: "Certificate") -> bool:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return found.value.ca
