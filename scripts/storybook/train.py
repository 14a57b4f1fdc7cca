"""Train the built-in model from nothing: one command a leg; see README.md beside this file.

    python scripts/storybook/train.py render  --out /tmp/s/scenes --count 250000
    python scripts/storybook/train.py vae     --scenes /tmp/s/scenes --out /tmp/s/run --minutes 7
    python scripts/storybook/train.py unet    --scenes /tmp/s/scenes --out /tmp/s/run --minutes 9
    python scripts/storybook/train.py decoder --scenes /tmp/s/scenes --out /tmp/s/run --minutes 2

Every leg continues where an earlier run of it with the same --out stopped. A leg may be started
before its input is complete: it compiles and waits.
"""

import argparse
import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TOKENIZER = Path(__file__).parents[2] / "sdgen/models/storybook/tokenizer"


def flags(parser: argparse.ArgumentParser, order: type[Any], **defaults: Any) -> None:
    """A flag for every field of an order, with the field's default."""
    for field in dataclasses.fields(order):
        name = "--" + field.name.replace("_", "-")
        default = defaults.get(field.name, field.default)
        if field.type is bool:
            parser.add_argument(name, action="store_true")
            continue
        kind = field.type if field.type in (int, float, str) else Path
        if default is dataclasses.MISSING:
            parser.add_argument(name, type=kind, required=True)
        else:
            parser.add_argument(name, type=kind, default=default, help=f"default: {default}")


def main(arguments: Sequence[str]) -> None:
    """Run one leg."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    from autoencoder import DecoderLeg, VaeLeg, VaeOrder
    from denoiser import UnetLeg, UnetOrder
    from scenes import Order, render_all

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    legs = parser.add_subparsers(dest="leg", required=True)
    flags(legs.add_parser("render"), Order, tokenizer=TOKENIZER, count=250_000)
    flags(legs.add_parser("vae"), VaeOrder)
    flags(legs.add_parser("unet"), UnetOrder, tokenizer=TOKENIZER)
    short = {"minutes": 2.0, "batch": 32, "rate": 1e-3, "capacity": 30_000}
    flags(legs.add_parser("decoder"), VaeOrder, **short)
    given = vars(parser.parse_args(arguments))
    leg = given.pop("leg")
    torch.set_float32_matmul_precision("high")
    if leg == "render":
        render_all(Order(**given))
    elif leg == "vae":
        VaeLeg(VaeOrder(**given)).run()
    elif leg == "unet":
        UnetLeg(UnetOrder(**given)).run()
    else:
        DecoderLeg(VaeOrder(**given)).run()


if __name__ == "__main__":
    main(sys.argv[1:])
