"""Models that a recipe only names: by every kind of hash, then by name, and never by a path."""

import hashlib
import json
import struct
from pathlib import Path

import pytest

from sdgen.errors import ModelError
from sdgen.models.by_hash import known_of, model_meant, stem_of
from sdgen.models.local import find_model
from sdgen.models.other_hashes import named_by, said_by_itself, tensors_sha256
from tests.models.conftest import safetensors, write_mini


@pytest.fixture(autouse=True)
def _no_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def with_notes(**notes: str) -> bytes:
    header = json.dumps({"__metadata__": notes}).encode()
    return struct.pack("<Q", len(header)) + header


def test_a_file_is_known_by_its_hash_and_by_that_of_its_tensors(tmp_path):
    path, values = tmp_path / "a.safetensors", bytes(range(16))
    path.write_bytes(data := safetensors(values))
    for said in (
        sha256(data)[:10],
        sha256(data),
        f"sha256:{sha256(data)}",
        sha256(data)[:10].upper(),
    ):
        assert named_by(path, said) == "sha256"
    assert tensors_sha256(path) == sha256(values)
    for said in (sha256(values)[:12], f"0x{sha256(values)}"):
        assert named_by(path, said) == "tensors"
    for said in (
        "",
        "0123456789",
        "not a hash",
        sha256(data)[:9][::-1],
        "0" * 65,
        sha256(data)[:7],
    ):
        assert named_by(path, said) == ""


def test_what_a_file_says_of_itself_counts_as_in_a1111(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(with_notes(sshs_model_hash="ab" * 32))
    assert named_by(path, "abababababab") == "tensors"
    assert tensors_sha256(path) == sha256(b""), "what is written is what is true"
    path.write_bytes(with_notes(sshs_model_hash="no hash"))
    assert said_by_itself(path) == ""


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 7, b"\xff" * 16, struct.pack("<Q", 99) + b"{", b"PK"]
)
def test_what_is_no_safetensors_file_has_no_hash_of_tensors(tmp_path, data):
    path = tmp_path / "a.ckpt"
    path.write_bytes(data)
    assert tensors_sha256(path) == ""


def test_old_hashes_are_of_the_second_megabyte(tmp_path):
    path = tmp_path / "a.ckpt"
    path.write_bytes(b"\0" * 0x100000 + b"\1" * 0x10000 + b"\2")
    assert named_by(path, sha256(b"\1" * 0x10000)[:8]) == "old"
    path.write_bytes(b"short")
    assert named_by(path, sha256(b"")[:8]) == ""


def test_model_is_found_by_the_checkpoint_beside_its_parts(tmp_path):
    place = tmp_path / "models"
    write_mini(place / "other")
    mini = write_mini(place / "mini")
    (mini / "v1-5.safetensors").write_bytes(data := safetensors(b"\1" * 16))
    found = model_meant("dream", sha256(data)[:10], [place])
    assert (found.model.folder, found.known) == (mini, "hash")
    assert model_meant("", sha256(data)[:10], [mini]).model.folder == mini
    assert known_of(find_model(str(mini)), sha256(data)[:10]) == "hash"
    assert known_of(find_model(str(mini)), "0123456789") == "given"


def test_model_is_found_by_a_part_of_it(tmp_path):
    mini = write_mini(tmp_path / "mini")
    digest = sha256((mini / "text_encoder/model.safetensors").read_bytes())
    assert model_meant("x", digest, [tmp_path]).known == "hash"


@pytest.mark.parametrize("name", ["mini", "mini.safetensors", r"C:\me\mini.ckpt", "/home/me/mini"])
def test_name_counts_where_there_is_no_hash_or_none_fits(tmp_path, name):
    mini = write_mini(tmp_path / "mini")
    for said in ("", "0123456789", "random:1"):
        found = model_meant(name, said, [tmp_path])
        assert (found.model.folder, found.known) == (mini, "name")


def test_name_of_the_catalogue_is_known(tmp_path):
    assert model_meant("Storybook", "", []).model.name == "storybook"


def test_names_lead_nowhere_else(tmp_path, monkeypatch):
    write_mini(tmp_path / "mini")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    for name in ("../mini", "..", ".", "~", "", str(tmp_path / "mini")):
        with pytest.raises(ModelError):
            model_meant(name, "", [])


def test_a_checkpoint_alone_is_told():
    with pytest.raises(ModelError, match=r"'dream' \[0123456789\] of this recipe is not in"):
        model_meant("dream", "0123456789", [])
    with pytest.raises(ModelError, match="does not say its model"):
        model_meant("", "", [])


def test_a_pickle_that_is_the_model_is_told_with_what_to_do(tmp_path):
    (tmp_path / "v1-5.ckpt").write_bytes(data := b"PK\x03\x04 and so on")
    with pytest.raises(ModelError, match=r"v1-5\.ckpt is a zip archive") as refused:
        model_meant("v1-5", sha256(data)[:10], [tmp_path])
    assert "convert it" in refused.value.hint


def test_a_place_that_is_none_is_told(tmp_path):
    with pytest.raises(ModelError, match=r"the folder of models .*: no such file"):
        model_meant("dream", "0123456789", [tmp_path / "none"])


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a.safetensors", "a"), (r"m\a.CKPT", "a"), ("m/a.b", "a.b"), ("", ""), ("a/", "a")],
)
def test_stems_are_names_alone(name: str, stem: str):
    assert stem_of(name) == stem
    assert not Path(stem_of(name)).is_absolute()
