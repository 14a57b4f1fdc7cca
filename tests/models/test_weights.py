"""The one door to weight files: what it lets through, and the reason for all else."""

import json
import os
import re
import struct
from pathlib import Path

import pytest
from safetensors import deserialize

from sdgen.errors import ModelError
from sdgen.models.local import find_model
from sdgen.models.weights import MAX_HEADER_BYTES, Tensor, check_weights

FOX = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}
OWL = {"dtype": "F16", "shape": [4], "data_offsets": [16, 24]}


def written(path: Path, header: object, numbers: int = 24) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"\0" * numbers)
    return path


def test_a_sound_file_tells_its_tensors(tmp_path: Path):
    path = written(tmp_path / "any.name", {"__metadata__": {"format": "pt"}, "b": OWL, "a": FOX})
    assert check_weights(path, "fox") == {
        "a": Tensor("F32", (2, 2), 0, 16), "b": Tensor("F16", (4,), 16, 24),
    }  # fmt: skip
    assert {name for name, _ in deserialize(path.read_bytes())} == {"a", "b"}


BROKEN = {
    "no known type": {"a": {**FOX, "dtype": "F7"}},
    "type and shape": {"a": {**FOX, "shape": [True, 16]}},
    "does not fit its bytes": {"a": {**FOX, "shape": [5]}},
    "whose shape does not fit": {"a": {**FOX, "shape": [1] * 33}},
    "no sound offsets": {"a": {**FOX, "data_offsets": [16, 0]}},
    "overlap": {"a": FOX, "b": {**OWL, "data_offsets": [8, 16]}},
    "leave gaps": {"a": FOX, "b": {**OWL, "data_offsets": [20, 28]}},
    "size does not fit": {"a": FOX},
    "notes that are no text": {"__metadata__": {"a": 1}},
    "not a table of tensors": {"a": {**FOX, "code": "x"}},
    "header is broken": b'{"a": 1, "a": 2}',
    "broken": json.dumps({"a": FOX, "b": OWL}).encode("utf-16-le"),
    "is broken": b' {"a": {}}',
    "too many entries": b'{"a": [' + b"[]," * 300_000 + b"[]]}",
    "more than 16 MiB": b" " * (MAX_HEADER_BYTES + 1),
}


@pytest.mark.parametrize(("reason", "header"), BROKEN.items(), ids=BROKEN)
def test_a_header_that_does_not_fit_itself_is_refused(tmp_path: Path, reason: str, header: object):
    with pytest.raises(ModelError, match=reason) as caught:
        check_weights(written(tmp_path / "w", header), "unet/fox.safetensors")
    assert str(caught.value).startswith("unet/fox.safetensors is not usable: ")
    assert "get the model again" in caught.value.hint


def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "w")
    with pytest.raises(ModelError, match="no regular file"):
        check_weights(tmp_path / "w", "w")


@pytest.mark.parametrize("name", ["fox.ckpt", "fox.safetensors"])
@pytest.mark.parametrize("head", [b"PK\x03\x04", b"\x80\x02", b"\x80\x05"])
def test_a_pickle_is_explained_whatever_it_is_called(tmp_path: Path, name: str, head: bytes):
    (tmp_path / name).write_bytes(head + b"\xff" * 100)
    for refused in (lambda: find_model(str(tmp_path / name)),
                    lambda: check_weights(tmp_path / name, name)):  # fmt: skip
        with pytest.raises(ModelError, match=r"pickle.*can run code") as caught:
            refused()
        assert re.search(r"convert (it elsewhere|the model)", caught.value.hint)
