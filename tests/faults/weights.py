"""Weight files that are damaged, hostile or pickles, and models that bring code of their own."""

import io
import json
import pickle
import random
import shutil
import struct
import zipfile
from collections.abc import Callable
from contextlib import chdir, suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, deserialize

from sdgen.errors import ModelError
from sdgen.models import find_model
from sdgen.models.lora import check_lora
from sdgen.models.weights import check_weights
from tests.faults.bounded import bounded
from tests.faults.long_runs import one_thread
from tests.faults.tally import Tally
from tests.models.conftest import write_mini

TENSORS = {
    "down.weight": {"dtype": "F32", "shape": [4, 3], "data_offsets": [0, 48]},
    "down.bias": {"dtype": "F16", "shape": [4], "data_offsets": [48, 56]},
    "scale": {"dtype": "BF16", "shape": [], "data_offsets": [56, 58]},
    "ids": {"dtype": "I64", "shape": [1, 2], "data_offsets": [58, 74]},
    "none": {"dtype": "U8", "shape": [0, 9], "data_offsets": [74, 74]},
}
NUMBERS = bytes(range(74))
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1, 7, 48, 74, 2**31, 2**62, 2**63, 2**64, 10**40, 1.0, "", "F32", "F64", "X",
    "\ud800", [], {}, [0, 0], [0, 48], [48, 0], [-1, 3], [0.0, 4.0], [2**62, 2**62, 0], [[]],
    {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, {"format": "pt"}, {"a": 1},
)  # fmt: skip


def sound() -> bytes:
    return joined(json.dumps({"__metadata__": {"format": "pt"}, **TENSORS}).encode())


def joined(header: bytes, numbers: bytes = NUMBERS) -> bytes:
    return struct.pack("<Q", len(header)) + header + numbers


def mutated_headers(home: Path, count: int) -> Tally:
    """Each is refused in one line, or read just as the library reads it."""
    path = home / "weights.safetensors"
    chance = random.Random(count)
    mutants = [_mutant(chance) for _ in range(count)]

    def read_all() -> list[str]:
        return [fault for number, data in enumerate(mutants) for fault in _read(path, number, data)]

    return Tally(count, let_in=bounded(read_all))


def _mutant(chance: random.Random) -> bytes:
    return chance.choice((_other_bytes, _other_bytes, _other_value, _other_length))(chance)


def _other_bytes(chance: random.Random) -> bytes:
    """Up to four bytes of the head are others, fewer or more."""
    data = bytearray(sound())
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) - len(NUMBERS))
        data[at : at + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 2))
    return bytes(data)


def _other_value(chance: random.Random) -> bytes:
    """A field of a tensor, a tensor, or a new one has an odd value."""
    header: dict[str, Any] = json.loads(json.dumps({"__metadata__": {}, **TENSORS}))
    name = chance.choice([*header, "new"])
    value = chance.choice(ODD)
    if chance.random() < 0.7 and name in TENSORS:
        header[name][chance.choice(("dtype", "shape", "data_offsets", "more"))] = value
    else:
        header[name] = value
    return joined(json.dumps(header).encode())


def _other_length(chance: random.Random) -> bytes:
    """The head says another length, or the file ends elsewhere."""
    data = sound()
    if chance.random() < 0.5:
        return data[: chance.randrange(len(data))] + b"\0" * chance.choice((0, 0, 1, 200))
    length = chance.choice((0, 1, 2, 2**31, 2**63, 2**64 - 1, chance.randrange(2**12)))
    return struct.pack("<Q", length) + data[8:]


def _read(path: Path, number: int, data: bytes) -> list[str]:
    path.write_bytes(data)
    try:
        tensors = check_weights(path, "weights")
    except ModelError as error:
        return [f"{number}: more than one line"] if "\n" in str(error) else []
    except Exception as error:  # noqa: BLE001  # anything else is let in
        return [f"{number}: {type(error).__name__}: {error}"]
    try:
        library = {name: _as_tensor(said) for name, said in deserialize(data)}
    except SafetensorError as error:
        return [f"{number}: let through what the library refuses: {error}"]
    start = len(data) - max((one.end for one in tensors.values()), default=0)
    ours = {
        name: (one.dtype, list(one.shape), data[start + one.begin : start + one.end])
        for name, one in tensors.items()
    }
    return [] if ours == library else [f"{number}: read in another way than the library does"]


def _as_tensor(said: Any) -> tuple[str, list[int], bytes]:
    return said["dtype"], list(said["shape"]), bytes(said["data"])


def headers_that_cost(home: Path, _: int) -> Tally:
    """Headers made to take memory or time when they are read."""
    most = 16 * 2**20
    heads = {
        "lists": b'{"a":[' + b"[]," * (most // 3 - 10) + b"[]]}",
        "tables": b'{"a":[' + b"{}," * (most // 3 - 10) + b"{}]}",
        "depth": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "digits": b'{"a":' + b"9" * (most - 10) + b"}",
        "numbers": b'{"a":[' + b"1.5," * (most // 4 - 10) + b"1]}",
        "dimensions": b'{"a":{"dtype":"F32","data_offsets":[0,74],"shape":['
        + b"4611686018427387904," * (most // 20 - 10) + b"1]}}",
        "one name": b'{"' + b"a" * (most - 10) + b'":1}',
        "emoji": b'{"__metadata__":{"a":"' + "🦊".encode() * (most // 4 - 10) + b'"}}',
        "too long": b'{"a":' + b" " * (most + 10) + b"1}",
    }  # fmt: skip
    tally = Tally(len(heads))
    path = home / "weights.safetensors"
    for word, head in heads.items():
        path.write_bytes(joined(head))
        found = bounded(lambda: [] if _is_refused(lambda: check_weights(path, "w")) else ["loaded"])
        tally.let_in += [f"{word}: {fault}" for fault in found]
    return tally


def _is_refused(action: Callable[[], object]) -> str:
    """What is said where `action` is refused as a model."""
    try:
        action()
    except ModelError as error:
        return f"{error} {error.hint}"
    return ""


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


def pickles(home: Path, _: int) -> Tally:
    """Every kind of pickle, in every place, under every name: explained, and never run."""
    tally, marker = Tally(), home / "marker"
    kinds = _kinds(Trap(marker))
    for part in ("unet", "vae", "text_encoder"):
        stem = "model" if part == "text_encoder" else "diffusion_pytorch_model"
        for kind, data in kinds.items():
            for ending in (".safetensors", ".SafeTensors", ".bin", ".ckpt", ".pt", ".fp16.bin"):
                mini = write_mini(home / f"mini-{tally.tried}")
                (mini / part / f"{stem}.safetensors").unlink()
                (mini / part / f"{stem}{ending}").write_bytes(data)
                said = _is_refused(lambda mini=mini: find_model(str(mini)))
                is_named = part in said and (ending == ".SafeTensors" or "pickle" in said)
                _count(tally, bool(is_named), f"{kind} as {part}{ending}: {said!r}")
    for kind, data in kinds.items():
        for name in ("fox.ckpt", "fox.safetensors", "fox"):
            (home / name).write_bytes(data)
            said = _is_refused(lambda name=name: find_model(str(home / name)))
            _count(tally, "pickle" in said, f"{kind} as a model called {name}: {said!r}")
            said = _is_refused(lambda name=name: check_lora(home / name))
            _count(tally, "pickle" in said, f"{kind} as a LoRA called {name}: {said!r}")
    if marker.exists():
        tally.let_in.append("a pickle was run")
    return tally


def _count(tally: Tally, is_well: bool, fault: str) -> None:
    tally.tried += 1
    if not is_well:
        tally.let_in.append(fault)


def _kinds(trap: Trap) -> dict[str, bytes]:
    kinds = {f"protocol {number}": pickle.dumps(trap, number) for number in range(2, 6)}
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(trap))
    return kinds | {"zip": zipped.getvalue()}


CODE = (
    "pipeline", "model", "modeling", "diffusers", "transformers", "torch", "None", "code",
    "stable_diffusion", "StableDiffusionPipeline", "unet", "__init__", "sdgen", "PIL",
)  # fmt: skip
"""Names under which some library or other looks for Python in a model's folder."""


def models_with_code(home: Path, _: int) -> Tally:
    """Python in every folder of a model, while it is loaded and draws: never run."""
    from sdgen.engine import open_generator
    from sdgen.recipe.settings import Settings
    from tests.tiny_models import build_sd

    tally, marker = Tally(), home / "marker"
    plain = build_sd(home / "plain")
    settings = Settings(prompt="a fox", seed=1, width=64, height=64, steps=1)
    for name in CODE:
        tiny = Path(shutil.copytree(plain, home / f"with-{name}"))
        for folder in ("", "unet", "vae", "text_encoder", "tokenizer", "scheduler"):
            (tiny / folder / f"{name}.py").write_text(f"open({str(marker)!r}, 'w')\n")
        with chdir(tiny), one_thread(), suppress(ModelError):  # refused is well, too
            open_generator("cpu").generate(settings, find_model(str(tiny)))
        _count(tally, not marker.exists(), f"{name}.py in a model's folder was run")
    return tally
