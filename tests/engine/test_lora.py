"""LoRAs on real pipelines at toy size, and the trained one on the built-in model."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from sdgen.engine import Drawing, loader
from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.lora import Change
from sdgen.errors import MemoryExhaustedError, ModelError, SdgenError
from sdgen.models import LocalModel
from sdgen.models.resolve import plan
from sdgen.recipe.layers import layer_from
from sdgen.recipe.settings import Settings
from tests.loras import write_lora


@pytest.fixture(scope="module")
def generator() -> DiffusersGenerator:
    return DiffusersGenerator("cpu")


@pytest.fixture(scope="module")
def lora(tiny_sd, tmp_path_factory) -> Path:
    return write_lora(tiny_sd, tmp_path_factory.mktemp("loras") / "fur.safetensors")


def planned(folder: Path, **said) -> tuple[Settings, LocalModel]:
    said = {"prompt": "a red fox", "seed": 7, "steps": 2, "model": str(folder), **said}
    found = plan([layer_from("test", said)])
    return found.settings, found.model


def draw(generator: DiffusersGenerator, folder: Path, **said) -> Drawing:
    return generator.generate(*planned(folder, **said))


def pixels(generator: DiffusersGenerator, folder: Path, **said) -> str:
    return draw(generator, folder, **said).record.image.sha256


def loaded_parts() -> list[torch.nn.Module]:
    [loaded] = loader._kept.values()
    return [loaded.pipeline.unet, loaded.pipeline.text_encoder]


def tree() -> list[tuple[str, str]]:
    return [(name, type(module).__name__) for part in loaded_parts()
            for name, module in part.named_modules()]  # fmt: skip


def hooks_left() -> list[Change]:
    """Ours; transformers has hooks of its own, which stay."""
    hooks = [hook for part in loaded_parts() for module in part.modules()
             for hook in module._forward_hooks.values()]  # fmt: skip
    return [hook for hook in hooks if isinstance(hook, Change)]


def weights() -> dict[str, bytes]:
    return {f"{n}.{name}": value.numpy().tobytes() for n, part in enumerate(loaded_parts())
            for name, value in part.state_dict().items()}  # fmt: skip


def test_a_picture_after_one_with_a_lora_is_the_one_before_it(generator, tiny_sd, lora):
    before = pixels(generator, tiny_sd)
    modules, numbers = tree(), weights()
    assert pixels(generator, tiny_sd, lora=[str(lora)]) != before
    assert pixels(generator, tiny_sd) == before
    assert tree() == modules
    assert weights() == numbers
    assert not hooks_left()


def test_no_trace_is_left_when_the_drawing_breaks_off(generator, tiny_sd, lora):
    class Broken(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Broken

    before = pixels(generator, tiny_sd)
    settings, model = planned(tiny_sd, lora=[str(lora)])
    with pytest.raises((Broken, SdgenError)):
        generator.generate(settings, model, stop)
    assert not hooks_left()
    assert pixels(generator, tiny_sd) == before


def test_the_scale_matters_and_none_is_as_without(generator, tiny_sd, lora):
    without = pixels(generator, tiny_sd)
    assert pixels(generator, tiny_sd, lora=[f"{lora}:0"]) == without
    drawn = [pixels(generator, tiny_sd, lora=[f"{lora}:{scale}"]) for scale in (0.5, 1, -1)]
    assert len({without, *drawn}) == 4


def test_each_part_has_its_own_scale(generator, tiny_sd, lora):
    ways = ("0:0", "1:0", "0:1", "1:1")
    drawn = [pixels(generator, tiny_sd, lora=[f"{lora}:{scales}"]) for scales in ways]
    assert len(set(drawn)) == 4


@pytest.mark.parametrize("names", ["kohya", "old"])
def test_other_programs_names_draw_the_same(generator, tiny_sd, lora, tmp_path, names):
    other = write_lora(tiny_sd, tmp_path / f"{names}.safetensors", names)
    drawn = draw(generator, tiny_sd, lora=[str(other)]).record
    assert drawn.added[0].left_out == 0
    expected = draw(generator, tiny_sd, lora=[str(lora)])
    difference = np.asarray(expected.image).astype(int) - np.asarray(
        draw(generator, tiny_sd, lora=[str(other)]).image
    )
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("names", ["diffusers", "kohya"])
def test_sdxl_has_both_text_encoders_changed(generator, tiny_sdxl, tmp_path, names):
    path = write_lora(tiny_sdxl, tmp_path / "fur.safetensors", names)
    before = pixels(generator, tiny_sdxl)
    drawn = draw(generator, tiny_sdxl, lora=[str(path)]).record
    assert drawn.image.sha256 != before
    assert drawn.added[0].left_out == 0
    assert pixels(generator, tiny_sdxl) == before
    both = load_file(path)
    second = {name: tensor for name, tensor in both.items()
              if name.startswith(("text_encoder_2", "lora_te2"))}  # fmt: skip
    save_file(second, tmp_path / "second.safetensors")
    alone = draw(generator, tiny_sdxl, lora=[str(tmp_path / "second.safetensors")]).record
    assert 0 < alone.added[0].modules < drawn.added[0].modules
    assert alone.image.sha256 not in (before, drawn.image.sha256)


def test_a_lora_is_the_sum_of_its_matrices_and_the_weights(generator, tiny_sd, lora, tmp_path):
    """Drawn beside the weights it must be what a model with the sum in its weights draws."""
    import shutil

    fused = tmp_path / "fused"
    shutil.copytree(tiny_sd, fused)
    for part, file in (("unet", "diffusion_pytorch_model.safetensors"),
                       ("text_encoder", "model.safetensors")):  # fmt: skip
        own, added = load_file(fused / part / file), load_file(lora)
        for name in own:
            place = f"{part}.{name.removesuffix('.weight').removeprefix('text_model.')}"
            if f"{place}.lora_A.weight" in added:
                down, up = (added[f"{place}.lora_{side}.weight"] for side in "AB")
                own[name] += (up.flatten(1) @ down.flatten(1)).reshape(own[name].shape)
        save_file(own, fused / part / file, metadata={"format": "pt"})
    beside = np.asarray(draw(generator, tiny_sd, lora=[str(lora)]).image).astype(int)
    assert np.abs(beside - np.asarray(draw(generator, fused).image)).max() <= 1


def test_several_are_added_together_in_any_scales_and_orders(generator, tiny_sd, lora, tmp_path):
    other = write_lora(tiny_sd, tmp_path / "ink.safetensors", seed=1)
    orders = ([f"{lora}:0.5", f"{other}:1"], [f"{lora}:1", f"{other}:0.5"], [str(lora)], [])
    first = [pixels(generator, tiny_sd, lora=order) for order in orders]
    assert len(set(first)) == 4
    again = [pixels(generator, tiny_sd, lora=order) for order in reversed(orders)]
    assert again == first[::-1]
    swapped = draw(generator, tiny_sd, lora=orders[0][::-1])
    straight = draw(generator, tiny_sd, lora=orders[0])
    difference = np.asarray(straight.image).astype(int) - np.asarray(swapped.image)
    assert np.abs(difference).max() <= 1


def test_another_model_in_between_changes_nothing(generator, tiny_sd, tiny_sdxl, lora):
    first = pixels(generator, tiny_sd, lora=[str(lora)])
    pixels(generator, tiny_sdxl)
    assert pixels(generator, tiny_sd, lora=[str(lora)]) == first


def test_a_tag_in_the_prompt_is_a_lora_and_no_words(generator, tiny_sd, lora, monkeypatch):
    monkeypatch.chdir(lora.parent)
    tagged = draw(generator, tiny_sd, prompt="a red fox<lora:fur:0.5>")
    assert tagged.record.image.sha256 == pixels(generator, tiny_sd, lora=["fur:0.5"])
    assert tagged.record.settings.lora == ()
    assert tagged.record.added[0].name == "fur"


def test_the_record_tells_name_hash_and_layers_and_no_path(generator, tiny_sd, lora):
    import hashlib

    record = draw(generator, tiny_sd, lora=[f"{lora}:0.5"]).record
    [added] = record.added
    assert record.settings.lora == ("fur:0.5",)
    assert (added.kind, added.name, added.left_out) == ("lora", "fur", 0)
    assert added.sha256 == hashlib.sha256(lora.read_bytes()).hexdigest()
    assert added.modules == len(load_file(lora)) // 2
    assert str(lora.parent) not in record.to_json()


def test_pictures_of_one_call_share_their_loras(generator, tiny_sd, lora):
    settings, model = planned(tiny_sd, lora=[str(lora)])
    slots = [settings, settings.model_copy(update={"seed": 8}), None]
    first, second = generator.generate_batch(slots, model)
    assert isinstance(first, Drawing)
    assert isinstance(second, Drawing)
    assert first.record.added == second.record.added
    [again] = generator.generate_batch([None, slots[1], None], model)
    assert isinstance(again, Drawing)
    assert again.record.image.sha256 == second.record.image.sha256
    plain, _ = planned(tiny_sd)
    with pytest.raises(ValueError, match="one shape"):
        generator.generate_batch([settings, plain], model)


def test_a_second_try_after_a_lack_of_memory_has_the_lora_once(
    generator, tiny_sd, lora, monkeypatch
):
    from sdgen.engine import together

    settings, model = planned(tiny_sd, lora=[str(lora)])
    alone = generator.generate(settings, model).record.image
    whole, calls = together.denoise, []

    def first_fails(loaded, rows, *more):
        calls.append(len(rows))
        if len(calls) == 1:
            raise torch.OutOfMemoryError("no more")
        return whole(loaded, rows, *more)

    monkeypatch.setattr(together, "denoise", first_fails)
    first, _ = DiffusersGenerator("cpu").generate_batch([settings, settings], model)
    assert calls == [2, 1, 1]
    assert isinstance(first, Drawing)
    assert first.record.image == alone
    assert not hooks_left()


def test_a_lack_of_memory_for_the_lora_itself_is_the_pictures_failure(
    generator, tiny_sd, lora, monkeypatch
):
    settings, model = planned(tiny_sd, lora=[str(lora)])
    other = settings.model_copy(update={"lora": (f"{settings.lora[0].split(':')[0]}:0.31",)})

    def no_room(*_):
        raise torch.OutOfMemoryError("no more")

    monkeypatch.setattr("sdgen.engine.lora._fitted", no_room)
    [outcome] = generator.generate_batch([other], model)
    assert isinstance(outcome, MemoryExhaustedError)
    with pytest.raises(MemoryExhaustedError, match="a LoRA on"):
        generator.notices(other, model)


def test_layers_that_the_model_does_not_have_are_told(generator, tiny_sd, lora, tmp_path):
    tensors = load_file(lora)
    for side in "AB":
        tensors[f"unet.extra.lora_{side}.weight"] = torch.zeros(2, 2)
    path = tmp_path / "more.safetensors"
    save_file(tensors, path)
    settings, model = planned(tiny_sd, lora=[str(path)])
    told = f"more: 1 of its {len(tensors) // 2} layers are not in this model and are left out"
    assert told in generator.notices(settings, model)
    record = generator.generate(settings, model).record
    assert told in record.notices
    assert record.added[0].left_out == 1


def test_a_lora_of_another_model_is_refused(generator, tiny_sd, tiny_sdxl, tmp_path):
    path = write_lora(tiny_sdxl, tmp_path / "big.safetensors")
    with pytest.raises(ModelError, match=r"^big was made for another model: it changes unet\."):
        draw(generator, tiny_sd, lora=[str(path)])


def test_a_lora_without_a_layer_of_the_model_is_refused(generator, tiny_sd, tmp_path):
    path = tmp_path / "none.safetensors"
    matrices = {f"unet.extra.lora_{side}.weight": torch.zeros(2, 2) for side in "AB"}
    save_file(matrices, path)
    with pytest.raises(ModelError, match="none was made for another model: this one has none of"):
        draw(generator, tiny_sd, lora=[str(path)])


@pytest.mark.parametrize(
    ("down", "up", "alpha"),
    [((0, 8), (8, 0), ()), ((2, 8), (8, 3), ()), ((2,), (8, 2), ()), ((2, 8), (8, 2), (2,))],
)
def test_matrices_that_fit_nothing_are_refused_on_one_line(
    generator, tiny_sd, tmp_path, down, up, alpha
):
    place = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
    path = tmp_path / "odd.safetensors"
    save_file({f"{place}.lora_A.weight": torch.zeros(down), f"{place}.lora_B.weight":
               torch.zeros(up), f"{place}.alpha": torch.ones(alpha)}, path)  # fmt: skip
    with pytest.raises(ModelError, match=r"^odd ") as caught:
        draw(generator, tiny_sd, lora=[str(path)])
    assert "\n" not in str(caught.value)


def test_a_file_that_changes_between_plan_and_drawing_is_noticed(generator, tiny_sd, tmp_path):
    path = write_lora(tiny_sd, tmp_path / "fur.safetensors")
    settings, model = planned(tiny_sd, lora=[str(path)])
    write_lora(tiny_sd, path, seed=1)
    with pytest.raises(ModelError, match="fur was changed while it was in use"):
        generator.generate(settings, model)


def test_half_precision_draws_with_a_lora_too(generator, tiny_sd, lora):
    plain = pixels(generator, tiny_sd, dtype="bfloat16")
    assert pixels(generator, tiny_sd, dtype="bfloat16", lora=[str(lora)]) != plain
    assert pixels(generator, tiny_sd, dtype="bfloat16") == plain
