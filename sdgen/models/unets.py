"""What a model's UNet takes, as far as its folder says: what is added to it must fit."""

from collections.abc import Mapping

from sdgen.errors import ModelError
from sdgen.models.folder import read_json
from sdgen.models.local import LocalModel
from sdgen.models.weights import Tensor


def refuse_misfit(name: str, text_widths: Mapping[str, int], model: LocalModel, kind: str) -> None:
    """Refuse weights for another kind of model before it is loaded.

    Args:
        name: Of the file, for messages.
        text_widths: A tensor's name → the width of text that it reads; the first one tells.
        model: Which it is added to.
        kind: What the file is, in words: `ControlNets`.

    Raises:
        ModelError: The model has no UNet, or one for text of another width.
    """
    if (model.parts / "transformer").is_dir():
        raise ModelError(f"{model.name} has no UNet, and sdgen has {kind} for UNets only")
    config = model.parts / "unet" / "config.json"
    if not config.is_file():
        return
    width = read_json(config, "unet/config.json").get("cross_attention_dim")
    for here in list(text_widths.values())[:1]:
        if here != width:
            raise ModelError(
                f"{name} was made for another model: its text is {here} numbers wide, and that of "
                f"{model.name} {width}"
            )


def text_widths(names: Mapping[str, Tensor], ending: str) -> dict[str, int]:
    """Of the tensors whose names end so, matrices from text: how many numbers they read."""
    return {
        name: tensor.shape[1]
        for name, tensor in names.items()
        if name.endswith(ending) and len(tensor.shape) == 2
    }
