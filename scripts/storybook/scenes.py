"""The first leg: draw scenes and their captions in many processes."""

import math
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from networks import DOWNSCALE, SHARES, SIZES, TEXT_LENGTH
from numpy.typing import NDArray
from shards import Shard, write_shard
from transformers import CLIPTokenizer
from world import Scene, attributes, caption, is_held_out, render_with_focus, sample_scene
from world.draw.pen import Box

NOISE_WORD = 0.04
"""Share of captions that get a made-up word, so that unknown words do no harm."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Order:
    """What to render: see `scripts/storybook/train.py render --help`."""

    out: Path
    tokenizer: Path
    count: int
    seed: int = 0
    per_shard: int = 128
    captions: int = 6
    workers: int = 14
    held_out: bool = False
    square: bool = False
    minutes: float = 60.0


def render_all(order: Order) -> None:
    """Render `order.count` scenes, or for `order.minutes`; shards that exist are kept."""
    order.out.mkdir(parents=True, exist_ok=True)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    tokenize = load_tokenizer(order.tokenizer)
    until = time.time() + order.minutes * 60
    shards = -(-order.count // order.per_shard)
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(
            target=_work, args=(order, tokenize, range(n, shards, order.workers), until)
        )
        for n in range(order.workers)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise SystemExit("a renderer failed")


Tokenize = Callable[[list[str]], NDArray[np.int16]]


def load_tokenizer(folder: Path) -> Tokenize:
    """A function from n texts to (n, 77) token ids, padded and cut as the pipeline does it."""
    tokenizer = CLIPTokenizer.from_pretrained(folder)

    def tokenize(texts: list[str]) -> NDArray[np.int16]:
        batch = tokenizer(texts, padding="max_length", max_length=TEXT_LENGTH, truncation=True)
        return np.asarray(batch["input_ids"], dtype=np.int16)

    return tokenize


def _work(order: Order, tokenize: Tokenize, shards: range, until: float) -> None:
    for index in shards:
        if time.time() > until:
            return
        name = f"{index:06d}"
        if not (order.out / f"{name}.json").exists():
            count = min(order.per_shard, order.count - index * order.per_shard)
            write_shard(order.out, name, draw_shard(order, tokenize, index, count))


def draw_shard(order: Order, tokenize: Tokenize, index: int, count: int) -> Shard:
    """Draw the scenes of one shard; the same order and index give the same shard."""
    rng = random.Random(f"{order.seed}-{order.held_out}-{index}")
    width, height = SIZES[0] if order.square else rng.choices(SIZES, SHARES)[0]
    images = np.empty((count, height, width, 3), np.uint8)
    focus = np.zeros((count, height // DOWNSCALE, width // DOWNSCALE), np.bool_)
    texts: list[str] = []
    facts = []
    for n in range(count):
        scene = pick(rng, width, height, order.held_out)
        picture, boxes = render_with_focus(scene, rng.getrandbits(31))
        images[n] = np.asarray(picture)
        mark(focus[n], boxes)
        texts += [describe(scene, rng, k) for k in range(order.captions)]
        facts.append(attributes(scene))
    tokens = tokenize(texts).reshape(count, order.captions, TEXT_LENGTH)
    return Shard(images, tokens, focus, facts)


def mark(focus: NDArray[np.bool_], boxes: Sequence[Box]) -> None:
    """Set the latents (h/8, w/8) that any of the boxes touches."""
    for box in boxes:
        left, top = (max(0, math.floor(edge / DOWNSCALE)) for edge in box[:2])
        right, bottom = (max(0, math.ceil(edge / DOWNSCALE)) for edge in box[2:])
        focus[top:bottom, left:right] = True


def pick(rng: random.Random, width: int, height: int, held_out: bool) -> Scene:
    """A random scene, of the compositions that are held out of training or of the others."""
    while True:
        scene = sample_scene(rng, width, height)
        if is_held_out(scene) == held_out:
            return scene


def describe(scene: Scene, rng: random.Random, turn: int) -> str:
    """A caption, English and Chinese in turn, now and then with a word that means nothing."""
    language = ("en", "zh")[turn % 2]
    text: str = caption(scene, rng, language)
    if rng.random() < NOISE_WORD:
        noise = "".join(rng.choices(LETTERS, k=rng.randint(2, 8)))
        words = text.split(" ")
        words.insert(rng.randint(0, len(words)), noise)
        text = " ".join(words)
    return text
