"""Signing with certificates made on the spot: every format and key, changes that show, silence."""

import http.server
import io
import pickle
import threading
from dataclasses import asdict
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat
from PIL import Image

from sdgen.errors import InputError, OutputError
from sdgen.files import certificates
from sdgen.files.encoding import encode
from sdgen.files.formats import suffix_of
from sdgen.files.reading import read_record_of
from sdgen.files.save import save_picture
from sdgen.files.signing import Signing, check_signing, is_signed, signature_of, signed
from sdgen.files.strip import stripped
from sdgen.files.writers import WriterPool
from sdgen.metadata.record import pixels_sha256
from tests.certificates import ROOT, ROOT_KEY, SERVER, key_pem, new_key, write_pair
from tests.metadata.records import fox_record

FORMATS = ("png", "jpeg", "webp", "avif")


@pytest.fixture(scope="module")
def signing(tmp_path_factory) -> Signing:
    return Signing(*write_pair(tmp_path_factory.mktemp("signing")))


@pytest.fixture(autouse=True)
def _none_read():
    yield
    certificates._read.cache_clear()


def picture() -> Image.Image:
    return Image.linear_gradient("L").resize((64, 48)).convert("RGB")


@pytest.mark.parametrize("format", FORMATS)
def test_a_signed_picture_is_sound_and_tells_the_same(signing, tmp_path, format):
    image, record = picture(), fox_record(picture())
    plain = encode(image, record, format)
    data = signed(plain, format, signing)
    path = tmp_path / f"fox{suffix_of(format)}"
    path.write_bytes(data)
    assert is_signed(data)
    assert not is_signed(plain)
    assert asdict(signature_of(path)) == {
        "signer": "Anna, Studio", "is_sound": True, "problems": (), "time": "",
    }  # fmt: skip
    assert read_record_of(path).settings == record.settings
    with Image.open(io.BytesIO(plain)) as before, Image.open(path) as after:
        assert pixels_sha256(before) == pixels_sha256(after)


@pytest.mark.parametrize("format", FORMATS)
def test_what_was_changed_since_shows(signing, tmp_path, format):
    data = bytearray(signed(encode(picture(), fox_record(picture()), format), format, signing))
    place = data.index(b"a red fox") if b"a red fox" in data else len(data) - 40
    data[place] ^= 1
    path = tmp_path / "fox.bin"
    path.write_bytes(data)
    found = signature_of(path)
    assert (found.is_sound, bool(found.problems)) == (False, True)


@pytest.mark.parametrize("format", FORMATS)
def test_strip_takes_it_out(signing, format):
    data = signed(encode(picture(), fox_record(picture()), format), format, signing)
    for keep_mark in (True, False):
        bare = stripped(data, keep_mark=keep_mark)
        assert not is_signed(bare)
        assert b"Anna" not in bare
        with Image.open(io.BytesIO(bare)) as image:
            assert image.size == (64, 48)


KEYS = {
    "P-256": new_key,
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


@pytest.mark.parametrize("kind", KEYS)
def test_how_to_sign_is_told_from_the_key(tmp_path, kind):
    signing = Signing(*write_pair(tmp_path, KEYS[kind]()))
    check_signing(signing)
    path = tmp_path / "fox.png"
    path.write_bytes(signed(encode(picture(), fox_record(picture())), "png", signing))
    assert signature_of(path).is_sound


def test_a_key_as_openssl_wrote_it_once_is_read_too(tmp_path):
    key = new_key()
    certificate, place = write_pair(tmp_path, key)
    place.write_bytes(key_pem(key, form=PrivateFormat.TraditionalOpenSSL))
    check_signing(Signing(certificate, place))


def expired(folder):
    return write_pair(folder, days=(-9, -2))


def not_yet(folder):
    return write_pair(folder, days=(2, 9))


def of_another(folder):
    certificate, key = write_pair(folder)
    key.write_bytes(key_pem(new_key()))
    return certificate, key


def authority(folder):
    certificate, key = write_pair(folder)
    certificate.write_bytes(pem_of(ROOT))
    key.write_bytes(key_pem(ROOT_KEY))
    return certificate, key


def pem_of(certificate):
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def swapped(folder):
    return tuple(reversed(write_pair(folder)))


def of_a_site(folder):
    return write_pair(folder, use=SERVER)


def encrypted(folder):
    return write_pair(folder, password=b"word")


def small(folder):
    return write_pair(folder, rsa.generate_private_key(65537, 1024))


def gone(folder):
    certificate, _ = write_pair(folder)
    return certificate, folder / "gone.pem"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (expired, r"cert\.pem was valid until 20\d\d-\d\d-\d\d"),
        (not_yet, r"cert\.pem is valid from 20\d\d-\d\d-\d\d on"),
        (of_another, r"key\.pem is not the key of .*cert\.pem"),
        (authority, r"cert\.pem is the certificate of an authority, which signs no pictures"),
        (swapped, r"key\.pem holds no certificate in PEM"),
        (of_a_site, r"cert\.pem cannot sign pictures: the certificate is invalid"),
        (encrypted, r"the key in .*key\.pem is encrypted"),
        (small, r"the key in .*key\.pem is of a kind that C2PA does not sign with"),
        (gone, r"gone\.pem cannot be read: no such file or directory"),
    ],
)
def test_what_cannot_sign_is_told_before_the_work(tmp_path, make, told):
    with pytest.raises(InputError, match=told) as refused:
        check_signing(Signing(*make(tmp_path)))
    assert "\n" not in str(refused.value)
    assert "PRIVATE" not in str(refused.value)


def test_without_the_library_the_way_to_it_is_told(signing, tmp_path, monkeypatch):
    path = tmp_path / "fox.png"
    path.write_bytes(signed(encode(picture(), fox_record(picture())), "png", signing))
    monkeypatch.setattr("sdgen.files.signing.find_spec", lambda _: None)
    with pytest.raises(InputError, match="needs c2pa-python, which is not installed") as refused:
        check_signing(signing)
    assert refused.value.hint == "pip install 'sdgen[c2pa]'"
    assert signature_of(path).is_sound is None


def test_the_key_is_in_nothing_that_is_shown_or_handed_on(signing):
    secret = signing.key.read_bytes().splitlines()[1]
    found = certificates.read_credentials(signing.certificate, signing.key)
    assert secret in found.key
    assert secret.decode() not in repr(found)
    assert secret not in pickle.dumps(signing)
    assert secret not in signed(encode(picture(), fox_record(picture())), "png", signing)


class _Counting(http.server.BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server():
    _Counting.asked = []
    with http.server.HTTPServer(("127.0.0.1", 0), _Counting) as found:
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


def test_a_timestamp_is_asked_for_where_one_names_who_gives_it(signing, server):
    asking = Signing(signing.certificate, signing.key, f"{server}/time")
    check_signing(asking)
    assert _Counting.asked == [], "to look things over asks nobody"
    with pytest.raises(OutputError, match="the picture cannot be signed: "):
        signed(encode(picture(), fox_record(picture())), "png", asking)
    assert _Counting.asked == ["/time"]


def test_to_show_a_picture_asks_nobody(signing, server, tmp_path):
    """Though its XMP says that another manifest lies at an address, and its own is damaged."""
    data = signed(encode(picture(), fox_record(picture()), "jpeg"), "jpeg", signing)
    lies = f' xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{server}/manifest"'
    data = data.replace(b' rdf:about=""', f' rdf:about=""{lies}'.encode(), 1)
    path = tmp_path / "fox.jpg"
    path.write_bytes(data)
    assert not signature_of(path).is_sound
    assert _Counting.asked == []


def test_threads_sign_side_by_side(signing, tmp_path):
    saved = []
    with WriterPool() as writers:
        for number in range(8):
            image = Image.new("RGB", (32, 32), (number, 0, 0))

            def write(turn, image=image, number=number):
                return save_picture(
                    image, fox_record(image), tmp_path, f"fox-{number}", turn=turn, signing=signing
                )

            writers.hand_in(write, saved.append)
    assert [one.path.name for one in saved] == [f"fox-{number}.png" for number in range(8)]
    for one in saved:
        assert signature_of(one.path).is_sound
        assert read_record_of(one.path) == read_record_of(one.sidecar)


def test_a_certificate_that_ends_under_way_ends_the_work(signing, tmp_path, monkeypatch):
    from datetime import datetime, timedelta

    real = certificates.datetime

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return real.now(tz) + timedelta(days=99)

    check_signing(signing)
    monkeypatch.setattr(certificates, "datetime", Later)
    with pytest.raises(InputError, match="was valid until"):
        save_picture(picture(), fox_record(picture()), tmp_path, "fox", signing=signing)
    assert list(tmp_path.iterdir()) == []


def test_pictures_without_a_manifest_have_none(tmp_path: Path):
    save_picture(picture(), fox_record(picture()), tmp_path, "fox")
    assert signature_of(tmp_path / "fox.png") is None
    assert signature_of(tmp_path / "fox.json") is None
