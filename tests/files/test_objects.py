"""Folders in object storage, against a server that speaks S3."""

import pickle

import pytest

from sdgen.errors import InputError, OutputError
from sdgen.files.objects import ObjectFolder, is_address, refuse_address
from tests.storage import KEYS, control, forget


@pytest.fixture
def folder(storage) -> ObjectFolder:
    return ObjectFolder.at("s3://pictures/cats")


def test_an_address_is_known_even_where_a_path_took_a_slash(tmp_path):
    assert ObjectFolder.at("s3:/pictures/cats/") == ObjectFolder.at("s3://pictures/cats")
    assert str(ObjectFolder.at("S3://pictures")) == "s3://pictures"
    assert [is_address(text) for text in ("s3://a", "s3:/a", "C:/a", "a/b", "./s3:/a")] == [
        True, True, False, False, False,
    ]  # fmt: skip
    with pytest.raises(InputError, match="no folder on this disk"):
        refuse_address(tmp_path.__class__("s3://pictures/cats"))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://example.org/cats", "does not write to http://"),
        ("s4://pictures", "does not write to s4://"),
        ("s3://KEY:secret@pictures/cats", "password"),
        ("s3://localhost:9000/cats", "port"),
        ("s3://a", "no name of a bucket"),
        ("s3:///cats", "no name of a bucket"),
        ("s3://pictures/../cats", "no folder in a bucket"),
        ("s3://pictures/a//b", "no folder in a bucket"),
        ("s3://pictures/a?versionId=1", "no folder in a bucket"),
        ("s3://pictures/a\x1b[31m", "no folder in a bucket"),
    ],
)
def test_what_is_no_folder_is_refused_and_no_secret_repeated(address: str, said: str):
    with pytest.raises(InputError, match=said) as refused:
        ObjectFolder.at(address)
    assert "secret" not in str(refused.value)
    assert refused.value.hint


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="gs:// needs gcsfs") as refused:
        ObjectFolder.at("gs://pictures/cats")
    assert refused.value.hint == "pip install 'sdgen[gs]'"


def test_a_name_is_claimed_once_and_what_is_there_stays(folder):
    names = ["a.png", "deep/b [1] ü*.png", "a.json"]
    assert [folder.claim(name, name.encode()) for name in names] == [True, True, True]
    assert not folder.claim("a.png", b"another")
    assert pickle.loads(pickle.dumps(folder)).sizes() == {n: len(n.encode()) for n in names}
    assert folder.read([*names, "none"]) == {name: name.encode() for name in names}
    folder.replace("a.png", b"new")
    assert (folder.size("a.png"), folder.has("deep"), folder.has("b.png")) == (3, False, False)
    folder.remove("a.png")
    folder.remove("a.png")
    assert ObjectFolder.at("s3://pictures").sizes().keys() == {
        "cats/deep/b [1] ü*.png", "cats/a.json"
    }  # fmt: skip
    assert ObjectFolder.at("s3://pictures/dogs").sizes() == {}


def everything(folder: ObjectFolder):
    """All that can be asked of a folder."""
    yield lambda: folder.claim("a.png", b"")
    yield lambda: folder.replace("a.png", b"")
    yield lambda: folder.remove("a.png")
    yield lambda: folder.read(["a.png"])
    yield lambda: folder.size("a.png")
    yield folder.sizes


def failures(folder: ObjectFolder) -> set[str]:
    said = set()
    for ask in everything(folder):
        with pytest.raises(OutputError) as failed:
            ask()
        assert failed.value.__cause__ is None
        assert KEYS["AWS_SECRET_ACCESS_KEY"] not in f"{failed.value} {failed.value.hint}"
        said.add(str(failed.value).partition(": ")[2])
    return said


def test_without_permission_nothing_is_taken_for_missing(folder, storage):
    control(storage, "reset-auth", "0")
    assert failures(folder) == {"no permission, or the wrong keys"}


def test_without_keys_that_is_said(folder, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    forget()
    assert failures(folder) == {"there are no keys for it here"}


def test_a_bucket_that_is_not_there_is_not_made(storage):
    nowhere = ObjectFolder.at("s3://nowhere/cats")
    for ask in (lambda: nowhere.claim("a.png", b""), nowhere.sizes):
        with pytest.raises(OutputError, match="no such bucket"):
            ask()


def test_a_storage_that_cannot_be_reached(folder, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    forget()
    with pytest.raises(OutputError, match="cannot be reached"):
        folder.claim("a.png", b"")
