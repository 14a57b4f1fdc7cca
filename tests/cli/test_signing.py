"""`--sign`: pictures of every command that draws, what `show` tells, and what is refused."""

import json
from pathlib import Path

import pytest
from PIL import Image

from sdgen.files.images import read_record_of
from sdgen.files.signing import signature_of
from tests.certificates import write_pair
from tests.cli.pictures import tamper


@pytest.fixture
def sign() -> tuple[str, ...]:
    certificate, key = write_pair(Path("own"))
    return "--sign", str(certificate), "--sign-key", str(key)


@pytest.fixture
def signed_fox(sdgen, sign) -> Path:
    done = sdgen("a red fox", "--seed", 7, *sign, "-o", "fox.png")
    assert (done.exit_code, done.stdout) == (0, "fox.png\n"), done.stderr
    return Path("fox.png")


def test_show_tells_who_signed_and_reproduce_is_as_before(sdgen, signed_fox):
    shown = " ".join(sdgen("show", signed_fox).stdout.split())
    assert "signed C2PA by Anna, Studio, sound" in shown
    found = json.loads(sdgen("show", signed_fox, "--json").stdout)
    assert found["signature"]["is_sound"] is True
    assert sdgen("reproduce", signed_fox).stdout.startswith("identical")
    told = signed_fox.with_suffix(".json").read_text()
    assert "own/" not in told
    assert "sign" not in json.loads(told)["settings"]


def test_what_was_changed_since_is_told(sdgen, sign):
    sdgen("a red fox", *sign, "-o", "fox.jpg")
    path = Path("fox.jpg")
    path.write_bytes(path.read_bytes().replace(b"a red fox", b"a rad fox"))
    shown = " ".join(sdgen("show", path).stdout.split())
    assert "signed C2PA by Anna, Studio, NOT SOUND: " in shown


def test_a_picture_without_a_signature_tells_nothing_of_one(sdgen, fox):
    assert "signed" not in sdgen("show", fox).stdout
    tamper(fox)
    assert "signed" not in sdgen("show", fox).stdout


def test_without_the_library_show_tells_the_way_to_it(sdgen, signed_fox, monkeypatch):
    monkeypatch.setattr("sdgen.files.signing.find_spec", lambda _: None)
    shown = sdgen("show", signed_fox).stdout
    assert "C2PA; pip install 'sdgen[c2pa]' to check it" in shown
    refused = sdgen("a fox", "--sign", "own/cert.pem", "--sign-key", "own/key.pem")
    assert refused.exit_code == 2
    assert "hint: pip install 'sdgen[c2pa]'" in refused.stderr


def test_batches_and_larger_pictures_are_signed_and_stripped_ones_are_not(sdgen, sign, signed_fox):
    Path("jobs.txt").write_text("a red fox\na blue fox\n")
    assert sdgen("batch", "jobs.txt", *sign, "-o", "jobs", "--format", "webp").exit_code == 0
    pictures = sorted(Path("jobs").glob("*.webp"))
    assert len(pictures) == 2
    for path in (*pictures, signed_fox):
        assert signature_of(path).is_sound
    assert sdgen("upscale", signed_fox, *sign, "-o", "large.jpg").exit_code == 0
    assert signature_of(Path("large.jpg")).is_sound
    assert read_record_of(Path("large.jpg")).settings.post == ("enlarge=2",)
    assert sdgen("strip", signed_fox, "-o", "bare.png").exit_code == 0
    assert signature_of(Path("bare.png")) is None
    converted = sdgen("convert", signed_fox, "--format", "webp")
    assert "fox.png: it is signed (C2PA), and the new file is not" in converted.stderr
    assert signature_of(Path("fox.webp")) is None


def test_nobodys_pictures_are_not_said_to_be_a_models(sdgen, sign):
    from tests.upscalers import FINE

    Image.new("RGB", (16, 16), "blue").save("photo.png")
    done = sdgen("upscale", "photo.png", "--with", FINE, *sign, "-o", "large.png")
    assert done.exit_code == 0, done.stderr
    assert "photo.png: not signed, since nothing says that a model made it" in done.stderr
    assert signature_of(Path("large.png")) is None


def test_a_persons_own_settings_sign_and_one_flag_does_not(sdgen, sign):
    Path("home/sdgen").mkdir(parents=True)
    Path("home/sdgen/config.yaml").write_text(
        "sign: ../../own/cert.pem\nsign_key: ../../own/key.pem\n"
    )
    assert sdgen("a fox", "-o", "a.png").exit_code == 0
    assert signature_of(Path("a.png")).is_sound
    assert sdgen("a fox", "--sign", "", "-o", "b.png").exit_code == 0
    assert signature_of(Path("b.png")) is None
    Path("mine.yaml").write_text("sign: own/cert.pem\n")
    refused = sdgen("a fox", "-c", "./mine.yaml")
    assert (refused.exit_code, "unknown setting 'sign'" in refused.stderr) == (2, True)
    Path("home/sdgen/config.yaml").write_text("sign: 7\n")
    assert "config.yaml, line 1: sign must be text" in sdgen("a fox", "-o", "c.png").stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--sign", "own/cert.pem"), "signing needs the certificate's key"),
        (("--sign-key", "own/key.pem"), "--sign-key does nothing without --sign"),
        (("--sign-time", "http://x"), "--sign-time does nothing without --sign"),
        (("--sign", "gone.pem", "--sign-key", "own/key.pem"), "gone.pem cannot be read: no such"),
        (("--sign", "own/key.pem", "--sign-key", "own/key.pem"), "holds no certificate in PEM"),
        (("--sign", "own/cert.pem", "--sign-key", "own/cert.pem"), "holds no private key in PEM"),
        (("--sign", "own/cert.pem", "--sign-key", "own/key.pem", "--sign-time", "time"),
         "'time' is no address of a timestamp authority"),
        (("--sign", "old/cert.pem", "--sign-key", "old/key.pem"), "cert.pem was valid until"),
        (("--sign", "own/cert.pem", "--sign-key", "old/key.pem"), "key.pem is not the key of own"),
    ],
)  # fmt: skip
def test_what_cannot_sign_is_one_line_code_2_and_no_picture(sdgen, sign, painter, words, told):
    write_pair(Path("old"), days=(-9, -2))
    refused = sdgen("a fox", *words)
    assert (refused.exit_code, painter.drawn) == (2, [])
    assert told in refused.stderr
    assert refused.stderr.count("error: ") == 1


def test_a_timestamp_authority_that_does_not_answer_is_code_5_and_no_picture(sdgen, sign):
    done = sdgen("a fox", *sign, "--sign-time", "http://127.0.0.1:9/", "-o", "out")
    assert done.exit_code == 5
    assert "the picture cannot be signed: " in done.stderr
    assert list(Path("out").glob("*.png")) == []
