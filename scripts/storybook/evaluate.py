"""Measure the model on compositions that training never showed.

    python scripts/storybook/evaluate.py --scenes SCENES --held-out HELD --run RUN --out TABLES

A judge (`classifier.py`) learns to read attributes off rendered scenes; how often it is right on
held-out renders is the ceiling. Then it reads what the model drew for the captions of held-out
scenes. An attribute counts only where the caption says it.
"""

import argparse
import json
import os
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from adapter import merge
from autoencoder import held_out_psnr, precision
from classifier import (
    HEADS,
    Facts,
    Gallery,
    Judge,
    Labels,
    load_judge,
    look,
    save_judge,
    things,
    train_judge,
)
from drawing import OWN, SAMPLERS, Drawer, sheet
from export import load_run
from pools import scale
from prompts import PREVIEW
from shards import Inbox
from train import TOKENIZER
from world import VOCABULARY, attributes, caption, is_held_out, sample_scene

TABLES = {head: head for head in HEADS} | {"clothing_colour": "colour", "animal_colour": "colour"}
SHOWN = ("place", "time", "weather", "style", "subject", "clothing", "clothing_colour", "object")
GOALS = {
    "place": 0.95,
    "time": 0.95,
    "subject": 0.95,
    "style": 0.95,
    "clothing_colour": 0.90,
    "object": 0.85,
}
Tally = Counter[tuple[str, bool]]


@dataclass(frozen=True)
class Case:
    """A caption and the facts of the scene that it describes."""

    prompt: str
    facts: Facts


def says(text: str, attribute: str, value: str) -> bool:
    """Whether a caption says a value, by any of its words."""
    names = VOCABULARY.get(TABLES.get(attribute, attribute), {}).get(value)
    if names is None:
        return False
    lowered = text.lower()
    english = any(re.search(rf"\b{re.escape(name.lower())}", lowered) for name in names["en"])
    return english or any(name.lower() in lowered for name in names["zh"])


def cases(count: int, language: str, seed: int = 7) -> list[Case]:
    """Captions of held-out scenes of 256 by 256."""
    rng = random.Random(seed)
    found: list[Case] = []
    while len(found) < count:
        scene = sample_scene(rng)
        if is_held_out(scene):
            found.append(Case(caption(scene, rng, language), attributes(scene)))
    return found


def tally(seen: Sequence[dict[str, Any]], wanted: Sequence[Case], everything: bool) -> Tally:
    """Count rights and wrongs by attribute; `everything` counts what the caption omits too."""
    counts: Tally = Counter()
    for picture, case in zip(seen, wanted, strict=True):
        for head in HEADS:
            value = case.facts[head]
            if value != "none" and (everything or says(case.prompt, head, value)):
                counts[head, picture[head] == value] += 1
        for name in things(case.facts):
            if everything or says(case.prompt, "object", name):
                counts["object", name in picture["object"]] += 1
    return counts


def share(counts: Tally, attribute: str) -> float | None:
    """Part that is right, None if there was none."""
    total = counts[attribute, True] + counts[attribute, False]
    return counts[attribute, True] / total if total else None


def measure(judge: Judge, drawer: Drawer, held: Gallery, options: argparse.Namespace) -> Any:
    """The ceiling and the model's own rates in both languages."""
    device = held.device
    renders = [Case("", facts) for facts in held.facts]
    shown = held.images[: len(held.facts)].split(128)
    seen = [fact for part in shown for fact in look(judge, scale(part))]
    rates: dict[str, Tally] = {"ceiling": tally(seen, renders, everything=True)}
    for language in ("en", "zh"):
        wanted = cases(options.prompts, language)
        found = []
        for start in range(0, len(wanted), options.batch):
            part = wanted[start : start + options.batch]
            seeds = range(start, start + len(part))
            with precision(device):
                pictures = drawer.draw(
                    [case.prompt for case in part],
                    seeds,
                    **settings(options),
                )
            found += look(judge, pictures)
        rates[language] = tally(found, wanted, everything=False)
    names = [*HEADS, "object"]
    return {key: {name: share(counts, name) for name in names} for key, counts in rates.items()}


def settings(options: argparse.Namespace) -> dict[str, Any]:
    """How the pictures are drawn."""
    return {"steps": options.steps, "guidance": options.guidance, "sampler": options.scheduler}


def differences(drawer: Drawer, options: argparse.Namespace) -> dict[str, float]:
    """How far seeds and negative prompts move a picture: mean absolute levels of 255."""
    prompts, usual = PREVIEW[:9], settings(options)
    with precision(torch.device(options.device)):
        first = drawer.draw(prompts, range(9), **usual)
        other = drawer.draw(prompts, range(100, 109), **usual)
        away = drawer.draw(prompts, range(9), negative="night", **usual)
        weak = drawer.draw(prompts, range(9), **usual | {"guidance": 1.0})
    return {
        name: ((first - picture).abs().mean() * 127.5).item()
        for name, picture in (("seed", other), ("negative", away), ("guidance", weak))
    }


def markdown(result: dict[str, Any]) -> str:
    """The table of the model card."""
    lines = [
        "| attribute | ceiling | English | Chinese | en / ceiling | zh / ceiling | goal |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in [*SHOWN, *(head for head in HEADS if head not in SHOWN)]:
        top, en, zh = (result["rates"][key][name] for key in ("ceiling", "en", "zh"))
        if en is None or zh is None or not top:
            continue  # no caption of these says it
        cells = [f"{rate:.1%}" for rate in (top, en, zh, en / top, zh / top)]
        goal = f"{GOALS[name]:.0%}" if name in GOALS else ""
        lines.append(f"| {name.replace('_', ' ')} | {' | '.join(cells)} | {goal} |")
    moves = ", ".join(f"{name} {value:.1f}" for name, value in result["moves"].items())
    lines += ["", f"Autoencoder: {result['psnr']:.2f} dB PSNR on held-out scenes."]
    lines += [f"Mean change of a pixel (of 255) by another {moves}."]
    return "\n".join(lines) + "\n"


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--scenes", "--held-out", "--run", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, default=TOKENIZER)
    parser.add_argument("--plan", default="full")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--minutes", type=float, default=3.5, help="training of the judge")
    parser.add_argument(
        "--pictures", type=int, default=60_000, help="renders the judge learns from"
    )
    parser.add_argument("--minimum", type=int, default=6000, help="renders to begin with")
    parser.add_argument("--after", type=Path, help="wait for this file before drawing")
    parser.add_argument("--prompts", type=int, default=1000, help="in each language")
    parser.add_argument("--batch", type=int, default=250)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=5.0)
    parser.add_argument("--scheduler", choices=SAMPLERS, default=OWN)
    parser.add_argument("--lora", type=Path, help="a LoRA of the UNet, from turbo.py")
    parser.add_argument("--judge", type=Path, help="its file; default: judge.pt in OUT")
    return parser.parse_args()


def labels_of_the_world(scenes: int = 20_000) -> Labels:
    """All labels that scenes have."""
    rng = random.Random(3)
    return Labels.of([attributes(sample_scene(rng)) for _ in range(scenes)])


def find_judge(given: argparse.Namespace, device: torch.device) -> Judge:
    """The judge of an earlier measurement, or a new one, read back as the next will read it."""
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.judge or given.out / "judge.pt"
    if path.exists():
        return load_judge(path, device)
    gallery, inbox = Gallery(labels_of_the_world(), given.pictures, device), Inbox(given.scenes)
    while len(gallery.facts) < min(given.pictures, given.minimum):
        gallery.fill(inbox, 4)
    judge = train_judge(gallery, inbox, given.minutes)
    save_judge(judge, path)
    return load_judge(path, device)


def main() -> None:
    """Train the judge, measure, write `evaluation.json`, `evaluation.md` and `sheet.png`."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    given = options()
    device = torch.device(given.device)
    judge = find_judge(given, device)
    held = Gallery(judge.labels, 2048, device)
    held.fill(Inbox(given.held_out), 64)
    while given.after and not given.after.exists():
        time.sleep(0.2)
    unet, text, vae, tokenizer = load_run(given.run, given.tokenizer, given.plan, device)
    if given.lora:
        merge(unet, given.lora)
    drawer = Drawer(unet, text, vae, tokenizer)
    result = {
        "rates": measure(judge, drawer, held, given),
        "psnr": held_out_psnr(vae, given.held_out, device),
        "moves": differences(drawer, given),
        "settings": settings(given) | {"prompts": given.prompts, "lora": bool(given.lora)},
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "CPU",
    }
    (given.out / "evaluation.json").write_text(json.dumps(result, indent=1) + "\n")
    (given.out / "evaluation.md").write_text(markdown(result))
    with precision(device):
        pictures = drawer.draw(PREVIEW, range(len(PREVIEW)), **settings(given))
    sheet(pictures).save(given.out / "sheet.png")
    print(markdown(result))


if __name__ == "__main__":
    main()
