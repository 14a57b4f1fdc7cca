import io
import os
import struct
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sdgen.errors import GenerationError, InputError
from sdgen.files.encoding import MAX_RECORD_BYTES, record_in
from sdgen.files.formats import FORMATS, MAX_SIDE, suffix_of
from sdgen.files.images import encode, open_pixels, read_record_of, records_disagree
from sdgen.files.png import encode_png
from sdgen.metadata.a1111 import parameters_text
from sdgen.metadata.record import pixels_sha256
from tests.metadata.records import any_settings, fox_image, fox_record, refusal

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def saved(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("format", FORMATS)
@in_one_folder
@given(any_settings())
def test_settings_survive_every_container(tmp_path, format, settings):
    record = fox_record().model_copy(update={"settings": settings})
    path = saved(tmp_path, "any.name", encode(fox_image(), record, format))
    assert read_record_of(path) == record_in(record, format)


@in_one_folder
@given(any_settings())
def test_settings_survive_the_sidecar(tmp_path, settings):
    record = fox_record().model_copy(update={"settings": settings})
    path = saved(tmp_path, "fox.json", record.to_json(indent=2).encode())
    assert read_record_of(path) == record


@pytest.mark.parametrize("format", ["png", "webp"])
def test_lossless_files_hold_the_pixels_of_their_record(tmp_path, format):
    image = fox_image(33, 21)
    path = saved(tmp_path, "fox", encode(image, fox_record(image), format))
    record = read_record_of(path)
    assert not record.image.lossy
    assert record.image.sha256 == pixels_sha256(open_pixels(path))


def test_jpeg_says_that_its_pixels_are_near(tmp_path):
    image = fox_image(64, 64)
    path = saved(tmp_path, "fox", encode(image, fox_record(image), "jpeg"))
    record = read_record_of(path)
    assert record.image.lossy
    assert record.image.sha256 == pixels_sha256(image)
    near = zip(open_pixels(path).tobytes(), image.tobytes(), strict=True)
    assert max(abs(one - other) for one, other in near) < 40


def test_plain_pillow_reads_what_everybody_reads():
    record = fox_record(prompt="红狐狸 🦊", negative_prompt="x")
    image = Image.open(io.BytesIO(encode(fox_image(), record, "png")))
    assert image.info["parameters"] == parameters_text(record)
    for format in ("jpeg", "webp"):
        image = Image.open(io.BytesIO(encode(fox_image(), record, format)))
        comment = image.getexif().get_ifd(0x8769)[0x9286]
        assert comment[:8] == b"UNICODE\0"
        assert comment[8:].decode("utf-16-be") == parameters_text(record)
        assert b"trainedAlgorithmicMedia" in image.info["xmp"]


def test_png_says_it_was_made_by_a_model():
    assert b"trainedAlgorithmicMedia" in encode(fox_image(), fox_record(), "png")


def test_other_modes_are_drawn_as_rgb(tmp_path):
    image = fox_image().convert("RGBA")
    path = saved(tmp_path, "fox.png", encode(image, fox_record()))
    assert open_pixels(path).tobytes() == fox_image().tobytes()


@pytest.mark.parametrize("format", ["png", "webp"])
def test_longest_prompts_fit(tmp_path, format):
    record = fox_record(prompt="🦊" * 10_000, negative_prompt="<" * 10_000, model="狐" * 10_000)
    path = saved(tmp_path, "fox", encode(fox_image(), record, format))
    assert read_record_of(path) == record
    with Image.open(path) as image:
        assert "parameters" not in image.info


def test_record_too_long_for_jpeg_says_what_to_do():
    record = fox_record(prompt="🦊" * 10_000, negative_prompt="🦊" * 10_000)
    with pytest.raises(GenerationError, match="jpeg holds 65,504") as caught:
        encode(fox_image(), record, "jpeg")
    assert "PNG" in caught.value.hint


def test_jpeg_takes_records_up_to_its_limit(tmp_path):
    spare = MAX_RECORD_BYTES["jpeg"] - 3_000
    record = fox_record(prompt="🦊" * 10_000, negative_prompt="a" * min(10_000, spare - 40_000))
    path = saved(tmp_path, "fox", encode(fox_image(), record, "jpeg"))
    assert read_record_of(path).settings == record.settings


def test_content_decides_not_the_suffix(tmp_path):
    record = fox_record()
    for format in FORMATS:
        data = encode(fox_image(), record, format)
        for suffix in (".png", ".jpg", ".webp", ".json", ""):
            assert read_record_of(saved(tmp_path, "fox" + suffix, data)).settings.seed == 7
    sidecar = saved(tmp_path, "fox.png", b"\xef\xbb\xbf \n" + record.to_json().encode())
    assert read_record_of(sidecar) == record


def bomb(width: int, height: int) -> bytes:
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    crc = struct.pack(">I", zlib.crc32(b"IHDR" + body))
    return encode(fox_image(), fox_record())[:8] + b"\0\0\0\x0dIHDR" + body + crc


BROKEN = {
    "empty": (b"", "is empty"),
    "text": (b"a red fox", "neither a picture"),
    "gif": (b"GIF89a" + b"\0" * 50, "neither a picture"),
    "png magic": (b"\x89PNG\r\n\x1a\n", "ends too early"),
    "png header": (encode(fox_image(), fox_record())[:40], "ends too early"),
    "jpeg magic": (b"\xff\xd8\xff", "ends too early"),
    "jpeg rubbish": (b"\xff\xd8\xff\xe0\0\x04abXXXX", "damaged JPEG"),
    "jpeg length": (b"\xff\xd8\xff\xe1\0\0", "ends too early"),
    "webp magic": (b"RIFF\0\0\0\0WEBP", "no record"),
    "webp cut": (b"RIFF\0\0\0\0WEBPXMP \0\1\0\0abc", "ends too early"),
    "json": (b'{"seed": 7}', "not a record"),
    "json broken": (b'{"seed": ', "not valid JSON"),
    "json large": (b"{" + b" " * 2**20, "more than 1024 KiB"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_one_line(tmp_path, name):
    data, reason = BROKEN[name]
    path = saved(tmp_path, "fox.png", data)
    with pytest.raises(InputError, match=reason) as caught:
        read_record_of(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_things_that_are_no_files_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name, reason in {
        "none.png": "no such file", "": "is a folder", "pipe": "not a regular file",
        "loop": "cannot be read", "a\0b": "cannot be read", "n" * 300: "cannot be read",
    }.items():  # fmt: skip
        for read in (read_record_of, open_pixels):
            with pytest.raises(InputError, match=reason):
                read(tmp_path / name)


@pytest.mark.parametrize("format", FORMATS)
def test_every_cut_picture_is_a_record_or_an_error(tmp_path, format):
    data = encode(fox_image(), fox_record(), format)
    for length in range(0, len(data), 7):
        path = saved(tmp_path, "fox", data[:length])
        if not refusal(read_record_of, path):
            assert read_record_of(path).settings == fox_record().settings


@pytest.mark.parametrize("format", FORMATS)
@in_one_folder
@given(noise=st.binary(min_size=1, max_size=8), at=st.integers(0, 2500))
def test_any_damage_is_a_record_or_an_error(tmp_path, format, noise, at):
    data = encode(fox_image(), fox_record(), format)
    path = saved(tmp_path, "fox", data[:at] + noise + data[at + len(noise) :])
    for read in (read_record_of, open_pixels):
        said = refusal(read, path)
        assert not said or said.startswith(f"{path}: ")


@pytest.mark.parametrize("format", FORMATS)
def test_cut_pixels_are_an_error(tmp_path, format):
    image = Image.effect_noise((64, 64), 90).convert("RGB")
    data = encode(image, fox_record(), format)
    path = saved(tmp_path, "fox", data[: len(data) * 2 // 3])
    with pytest.raises(InputError, match="cannot be read as a picture"):
        open_pixels(path)


@pytest.mark.parametrize("size", [(20_000, 20_000), (2**31 - 1, 2**31 - 1), (0, 5)])
def test_bombs_are_refused_at_once(tmp_path, size):
    path = saved(tmp_path, "bomb.png", bomb(*size))
    start = time.process_time()
    with pytest.raises(InputError, match=r"cannot be read|more than are read"):
        open_pixels(path)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(("format", "most"), MAX_SIDE.items())
def test_the_longest_side_is_read_again_and_one_more_is_refused(tmp_path, format, most):
    image = Image.new("RGB", (most, 8))
    path = saved(tmp_path, "long", encode(image, fox_record(image), format))
    assert open_pixels(path).size == (most, 8)
    with pytest.raises(GenerationError, match=f"{format} holds .* a side, and") as refused:
        encode(Image.new("RGB", (8, most + 1)), fox_record(image), format)
    assert "--format png" in refused.value.hint


def test_what_the_library_refuses_is_a_failure_of_the_picture(monkeypatch):
    monkeypatch.setitem(MAX_SIDE, "webp", 20_000)
    with pytest.raises(GenerationError, match="webp cannot hold the picture: encoding error 5"):
        encode(Image.new("RGB", (16_384, 8)), fox_record(), "webp")


@pytest.mark.parametrize("format", FORMATS)
def test_pictures_of_other_programs_are_told_so(tmp_path, format):
    text = "a fox\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1"
    path = tmp_path / f"other{suffix_of(format)}"
    if format == "png":
        path.write_bytes(encode_png(fox_image(), {"parameters": text}))
    else:
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode("utf-16-le")
        fox_image().save(path, exif=exif.tobytes())
    with pytest.raises(InputError, match="no record of sdgen, only 'parameters' of another"):
        read_record_of(path)


@pytest.mark.parametrize("format", FORMATS)
def test_bare_picture_has_no_record(tmp_path, format):
    path = tmp_path / f"bare{suffix_of(format)}"
    fox_image().save(path)
    with pytest.raises(InputError, match=r"has no record of sdgen$"):
        read_record_of(path)


def test_bare_picture_is_read_from_its_sidecar(tmp_path):
    fox_image().save(tmp_path / "fox.png")
    saved(tmp_path, "fox.json", fox_record().to_json().encode())
    assert read_record_of(tmp_path / "fox.png") == fox_record()


def test_sidecar_that_is_no_record_does_not_hide_the_reason(tmp_path):
    fox_image().save(tmp_path / "fox.png")
    saved(tmp_path, "fox.json", b'{"my": "data"}')
    with pytest.raises(InputError, match=r"fox\.png: has no record") as caught:
        read_record_of(tmp_path / "fox.png")
    assert "fox.json" in caught.value.details[0]


def test_picture_called_json_does_not_look_beside_itself(tmp_path):
    fox_image().save(tmp_path / "fox.json", "PNG")
    with pytest.raises(InputError, match="no record"):
        read_record_of(tmp_path / "fox.json")


@pytest.mark.parametrize("format", FORMATS)
def test_disagreeing_records_name_the_fields(tmp_path, format):
    name = f"fox{suffix_of(format)}"
    path = saved(tmp_path, name, encode(fox_image(), fox_record(), format))
    assert records_disagree(path) == []
    kept = record_in(fox_record(), format)
    saved(tmp_path, "fox.json", kept.to_json().encode())
    assert records_disagree(path) == records_disagree(tmp_path / "fox.json") == []
    other = kept.model_copy(
        update={"settings": fox_record(seed=8, steps=9).settings, "notices": ["x"]}
    )
    saved(tmp_path, "fox.json", other.to_json().encode())
    assert records_disagree(path) == ["settings.steps", "settings.seed", "notices"]


def test_picture_is_compared_itself_when_another_has_its_stem(tmp_path):
    saved(tmp_path, "fox.png", encode(fox_image(), fox_record()))
    saved(tmp_path, "fox.json", fox_record().to_json().encode())
    path = saved(tmp_path, "fox.webp", encode(fox_image(), fox_record(seed=8), "webp"))
    assert records_disagree(path) == ["settings.seed"]


def test_records_without_a_partner_do_not_disagree(tmp_path):
    assert records_disagree(saved(tmp_path, "a.json", fox_record().to_json().encode())) == []
    fox_image().save(tmp_path / "a.png")
    assert records_disagree(tmp_path / "a.png") == []
