"""Assemble the diffusers folder of the model from the parts that training wrote.

python scripts/storybook/export.py RUN sdgen/models/storybook
"""

import hashlib
import json
import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers import __version__ as VERSION
from drawing import SCHEDULER
from networks import PLANS, build_text_encoder, build_unet, build_vae
from parts import has_parts, load_parts, note, save_parts
from transformers import CLIPTextModel, CLIPTokenizer

INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": VERSION,
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DPMSolverMultistepScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
Networks = tuple[UNet2DConditionModel, CLIPTextModel, AutoencoderKL, CLIPTokenizer]


def load_run(run: Path, tokenizer: Path, plan: str, device: torch.device) -> Networks:
    """The networks of a training run, ready to draw; with the later decoder if there is one."""
    pieces = CLIPTokenizer.from_pretrained(tokenizer)
    text = build_text_encoder(PLANS[plan], len(pieces), pieces.bos_token_id, pieces.eos_token_id)
    unet, vae = build_unet(PLANS[plan]), build_vae(PLANS[plan])
    load_parts(unet, run, "unet")
    load_parts(text, run, "text")
    load_parts(vae, run, "decoded" if has_parts(run, "decoded") else "vae")
    for module in (unet, text, vae):
        module.requires_grad_(False).eval().to(device)
    return unet, text, vae, pieces


def write(networks: Networks, folder: Path) -> None:
    """Write weights in float16, configurations and hashes; the tokenizer is there already."""
    unet, text, vae, _ = networks
    for name, module in (("unet", unet), ("text_encoder", text), ("vae", vae)):
        module.half().save_pretrained(folder / name)
    # transformers loads in the type that is named here unless it is told another.
    change(folder / "text_encoder/config.json", dtype="float32")
    (folder / "scheduler").mkdir(exist_ok=True)
    kind = {"_class_name": "DPMSolverMultistepScheduler", "_diffusers_version": VERSION}
    change(folder / "scheduler/scheduler_config.json", **kind, **SCHEDULER)
    change(folder / "model_index.json", **INDEX)
    for path in folder.rglob("*.safetensors"):
        path.chmod(0o644)
    write_hashes(folder)


def change(path: Path, **entries: object) -> None:
    """Set entries of a JSON file, which need not exist."""
    content = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(content | entries, indent=2, ensure_ascii=False) + "\n")


def write_hashes(folder: Path) -> None:
    """Write SHA256SUMS over all files that drawing reads, as `sha256sum -c` reads it."""
    left_out = ("SHA256SUMS", "README.md", "evaluation.json", "storybook-turbo.json")
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in left_out)
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in files
    ]
    (folder / "SHA256SUMS").write_text("".join(lines))


def restore(folder: Path, run: Path) -> None:
    """Write the parts of an exported model, and the note that its autoencoder is done."""
    for name, kind, subfolder in (
        ("unet", UNet2DConditionModel, "unet"),
        ("text", CLIPTextModel, "text_encoder"),
        ("vae", AutoencoderKL, "vae"),
    ):
        save_parts(kind.from_pretrained(folder / subfolder), run, name)
    note(run / "vae.json", exported=str(folder))


def main(run: Path, folder: Path, plan: str = "full") -> None:
    """Export one run."""
    write(load_run(run, folder / "tokenizer", plan, torch.device("cpu")), folder)


if __name__ == "__main__":
    if sys.argv[1] == "--back":
        restore(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
