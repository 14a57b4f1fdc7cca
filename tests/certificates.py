"""Certificates made for a test: an authority of one's own, and what it issued."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

EMAIL, SERVER = ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.SERVER_AUTH


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(common: str) -> x509.Name:
    names = ((NameOID.COMMON_NAME, common), (NameOID.ORGANIZATION_NAME, "Studio"))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in names])


def issued(common: str, key: Any, issuer: str, issuer_key: Any, *, days=(-1, 30), use=EMAIL):
    """A certificate for `key`; without a use it is one of an authority."""
    now, is_authority = datetime.now(UTC), use is None
    usage = {"digital_signature": not is_authority, "key_cert_sign": is_authority,
             "crl_sign": is_authority}  # fmt: skip
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
              "encipher_only", "decipher_only")  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage, **dict.fromkeys(others, False)), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    if use is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
    is_plain = isinstance(issuer_key, ed25519.Ed25519PrivateKey)
    return builder.sign(issuer_key, None if is_plain else hashes.SHA256())


ROOT_KEY = new_key()
ROOT = issued("Root", ROOT_KEY, "Root", ROOT_KEY, use=None)


def write_pair(folder: Path, key: Any = None, password: bytes = b"", **said: Any):
    """`cert.pem` with a chain and `key.pem` in `folder`; the two paths."""
    key = key or new_key()
    folder.mkdir(parents=True, exist_ok=True)
    chain = (issued("Anna", key, "Root", ROOT_KEY, **said), ROOT)
    pem = [one.public_bytes(serialization.Encoding.PEM) for one in chain]
    (folder / "cert.pem").write_bytes(b"".join(pem))
    (folder / "key.pem").write_bytes(key_pem(key, password))
    return folder / "cert.pem", folder / "key.pem"


def key_pem(key: Any, password: bytes = b"", form=serialization.PrivateFormat.PKCS8) -> bytes:
    lock = serialization.BestAvailableEncryption(password) if password else None
    return key.private_bytes(serialization.Encoding.PEM, form, lock or serialization.NoEncryption())
