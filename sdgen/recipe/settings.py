"""The one list of settings: everything that decides the pixels of one image, and nothing else.

Flags, YAML keys, job-file columns, metadata, `--help` and the README's table are derived from
`Settings`. A name from elsewhere (`num_inference_steps`, `cfg_scale`) is accepted on input through
the aliases beside its field and never written.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from sdgen.errors import InputError
from sdgen.recipe.approximations import read_approximations
from sdgen.recipe.beside import NEEDS, UNSAID, WHOLE
from sdgen.recipe.control import fault_of as control_fault
from sdgen.recipe.control import read_controls, read_pictures, read_prepare
from sdgen.recipe.embeddings import read_embeddings
from sdgen.recipe.freeu import read_freeu
from sdgen.recipe.ip_adapter import fault_of as ip_fault
from sdgen.recipe.ip_adapter import read_ip_adapters
from sdgen.recipe.loras import read_loras
from sdgen.recipe.outpaint import canonical_margins
from sdgen.recipe.pixels import canonical_size
from sdgen.recipe.post import read_post
from sdgen.recipe.prompt.refused import refusal
from sdgen.recipe.schedulers import find_scheduler
from sdgen.recipe.texts import not_blank, sound_text

MAX_PIXELS = 4096 * 4096

PROMPTS = ("prompt", "negative_prompt")
"""The settings that are prompts, and read as `prompt_syntax` says."""

REFUSED = "prompt_refused"
"""The kind of pydantic error for a prompt that asks for what sdgen does not do."""

LACKS = "lacks"
"""The kind of pydantic error for a setting that cannot do without another."""


def _canonical_scheduler(name: str) -> str:
    try:
        return find_scheduler(name).name
    except InputError as error:
        hint = f" ({error.hint})" if error.hint else ""
        raise ValueError(f"{error}{hint}") from error


def _as_switch(value: Any) -> Any:
    """YAML reads `on` and `off` as true and false."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


Text = Annotated[str, AfterValidator(sound_text)]
Pixels = Annotated[int, Field(ge=64, le=4096)]


def _also(*aliases: str) -> dict[str, Any]:
    """Spellings of a field that are accepted on input."""
    return {"aliases": list(aliases)}


class Settings(BaseModel):
    """Everything that decides the pixels of one image; frozen, the same on any machine."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        defer_build=True,  # lists and help pages start without ever judging a value
    )

    prompt: Annotated[Text, AfterValidator(not_blank)] = Field(
        description="What the picture shows.", json_schema_extra=_also("text")
    )
    negative_prompt: Text = Field(
        "", description="What it should not show.", json_schema_extra=_also("negative", "uc")
    )
    prompt_syntax: Literal["a1111", "plain"] = Field(
        "a1111", description="How prompts are read: with weights and chunks, or as plain words."
    )
    model: Text = Field(
        "storybook", description="Model: a name of `sdgen models list`, folder, file, OWNER/NAME.",
        json_schema_extra=_also("sd_model", "checkpoint"),
    )  # fmt: skip
    revision: Annotated[Text, AfterValidator(not_blank)] | None = Field(
        None, description="Branch, tag or commit of a model on the hub; the record has the commit.",
        json_schema_extra={"metavar": "REVISION"},
    )  # fmt: skip
    lora: Annotated[tuple[Text, ...], BeforeValidator(read_loras)] = Field(
        (), description="Low-rank weights added to the model, with a scale; repeatable.",
        json_schema_extra=_also("loras") | {"metavar": "FILE[:SCALE]"},
    )  # fmt: skip
    embedding: Annotated[tuple[Text, ...], BeforeValidator(read_embeddings)] = Field(
        (), description="Words that the model learns from files (textual inversion); repeatable.",
        json_schema_extra=_also("embeddings", "textual_inversion") | {"metavar": "FILE[:WORD]"},
    )  # fmt: skip
    vae: Text = Field(
        "", description="VAE to decode with instead of the model's own.",
        json_schema_extra={"metavar": "FILE|FOLDER"},
    )  # fmt: skip
    upscaler: Text = Field(
        "", description="Weights of ESRGAN's kind that enlarge: for `post`, or a second pass.",
        json_schema_extra={"metavar": "FILE"},
    )  # fmt: skip
    scheduler: Annotated[str, AfterValidator(_canonical_scheduler)] = Field(
        "dpmpp_2m", description="How the noise is removed: a name from `sdgen schedulers`.",
        json_schema_extra=_also("sampler", "sampler_name", "sampling_method"),
    )  # fmt: skip
    prediction_type: Literal["epsilon", "v_prediction"] | None = Field(
        None, description="What the UNet predicts, where the model's files do not say it rightly.",
        json_schema_extra=_also("parameterization"),
    )  # fmt: skip
    steps: int = Field(
        20, ge=1, le=1000, description="Denoising steps.",
        json_schema_extra=_also("num_inference_steps", "ddim_steps", "n_steps"),
    )  # fmt: skip
    guidance_scale: float = Field(
        7.0, ge=0, le=100, description="Weight of the prompt; 1 or less turns guidance off.",
        json_schema_extra=_also("guidance", "cfg_scale", "cfg"),
    )  # fmt: skip
    guidance_rescale: float = Field(
        0.0, ge=0, le=1, description="Share of contrast taken back where guidance overdid it.",
        json_schema_extra=_also("cfg_rescale"),
    )  # fmt: skip
    seed: int = Field(ge=0, lt=2**63, description="Start of the noise; drawn if not given.")
    variation_seed: int | None = Field(
        None, ge=0, lt=2**63, description="Seed of the noise mixed in; drawn if not given.",
        json_schema_extra=_also("subseed"),
    )  # fmt: skip
    variation_strength: float = Field(
        0.0, ge=0, le=1, description="Share of the variation seed's noise; 0 is none of it.",
        json_schema_extra=_also("subseed_strength", "variation_seed_strength"),
    )  # fmt: skip
    width: Pixels = Field(512, description="Width in pixels.", json_schema_extra=_also("w"))
    height: Pixels = Field(512, description="Height in pixels.", json_schema_extra=_also("h"))
    image: Annotated[Text, AfterValidator(not_blank)] | None = Field(
        None, description="Picture to start from instead of plain noise.",
        json_schema_extra=_also("init_image", "init_img") | {"metavar": "FILE"},
    )  # fmt: skip
    strength: float | None = Field(
        None, ge=0, le=1, description="Share of the steps drawn over the image; 0.75 if not given.",
        json_schema_extra=_also("denoising_strength"),
    )  # fmt: skip
    fit: Literal["crop", "pad", "stretch"] | None = Field(
        None, description="How a picture of another size is brought to size; refused if not given."
    )
    mask: Annotated[Text, AfterValidator(not_blank)] | None = Field(
        None, description="Picture of the image's size: what is white in it is repainted.",
        json_schema_extra=_also("mask_image") | {"metavar": "FILE"},
    )  # fmt: skip
    mask_blur: int | None = Field(
        None, ge=0, le=64, description="Pixels over which the mask fades, inwards; 4 if not given."
    )
    extend: Annotated[str, AfterValidator(canonical_margins)] | None = Field(
        None, description="Pixels to draw beyond the image's edges: left=64,right=64 or all=32.",
        json_schema_extra=_also("outpaint") | {"metavar": "EDGE=PIXELS,..."},
    )  # fmt: skip
    controlnet: Annotated[tuple[Text, ...], BeforeValidator(read_controls)] = Field(
        (), description="Networks that follow a picture, with a scale; repeatable.",
        json_schema_extra=_also("controlnets") | {"metavar": "FILE[:SCALE[:START:END]]"},
    )  # fmt: skip
    control_image: Annotated[tuple[Text, ...], BeforeValidator(read_pictures)] = Field(
        (), description="Picture that a ControlNet follows; one for all, or one for each.",
        json_schema_extra=_also("control_images", "controlnet_image") | {"metavar": "FILE"},
    )  # fmt: skip
    control_prepare: Annotated[tuple[Text, ...], BeforeValidator(read_prepare)] = Field(
        (), description="What is made of it first: none, canny, invert, grey or blur.",
        json_schema_extra=_also("preprocessor") | {"metavar": "WAY[:NUMBER...]"},
    )  # fmt: skip
    control_mode: Literal["balanced", "guess"] | None = Field(
        None,
        description="Whether ControlNets act with the negative prompt too; balanced if not given.",
    )
    control_fit: Literal["crop", "pad", "stretch"] | None = Field(
        None, description="How their pictures are brought to size; crop if not given."
    )
    ip_adapter: Annotated[tuple[Text, ...], BeforeValidator(read_ip_adapters)] = Field(
        (), description="Weights that let the model look at pictures, with a scale; repeatable.",
        json_schema_extra=_also("ip_adapters") | {"metavar": "FILE[:SCALE]"},
    )  # fmt: skip
    ip_adapter_image: Annotated[tuple[Text, ...], BeforeValidator(read_pictures)] = Field(
        (), description="What they look at; one adapter may have several.",
        json_schema_extra=_also("ip_adapter_images") | {"metavar": "FILE"},
    )  # fmt: skip
    image_encoder: Text = Field(
        "", description="How they see: CLIP's image encoder; the one beside them if not given.",
        json_schema_extra={"metavar": "FOLDER"},
    )  # fmt: skip
    hires_scale: float | None = Field(
        None, ge=1, le=4, description="Enlarges the drawn picture by this, and draws over it.",
        json_schema_extra=_also("hr_scale", "hires_upscale"),
    )  # fmt: skip
    hires_size: Annotated[str, AfterValidator(canonical_size)] | None = Field(
        None, description="The same to a size of its own; what does not fit in is cut off.",
        json_schema_extra=_also("hires_resize") | {"metavar": "WxH"},
    )  # fmt: skip
    hires_strength: float | None = Field(
        None, ge=0, le=1, description="Share of the steps drawn over it; 0.35 (latent: 0.6).",
        json_schema_extra=_also("hr_strength"),
    )  # fmt: skip
    hires_steps: int | None = Field(
        None, ge=1, le=1000, description="Steps of that second pass; the first's if not given.",
        json_schema_extra=_also("hr_second_pass_steps"),
    )  # fmt: skip
    hires_upscaler: Literal["lanczos", "latent", "esrgan"] | None = Field(
        None, description="lanczos (if not given), latent, or esrgan: what `upscaler` says.",
        json_schema_extra=_also("hr_upscaler"),
    )  # fmt: skip
    eta: float = Field(
        0.0, ge=0, le=1, description="Share of fresh noise in each step (only ddim and tcd).",
        json_schema_extra=_also("ddim_eta"),
    )  # fmt: skip
    clip_skip: int = Field(
        1, ge=1, le=12, description="Text encoder layer: 1 the model's own, 2 the one before.",
        json_schema_extra=_also("clipskip"),
    )  # fmt: skip
    rng: Literal["cpu", "gpu", "nv"] = Field(
        "cpu", description="Where noise comes from; nv draws a GPU's on the CPU, as A1111 can.",
        json_schema_extra=_also("randn_source", "noise_source"),
    )  # fmt: skip
    ensd: int = Field(
        0, ge=0, lt=2**63, description="Added to the seed for noise in steps (A1111's ENSD).",
        json_schema_extra=_also("eta_noise_seed_delta"),
    )  # fmt: skip
    approximate: Annotated[tuple[Text, ...], BeforeValidator(read_approximations)] = Field(
        (), description="Left out to draw sooner, a little differently; repeatable.",
        json_schema_extra={"metavar": "NAME=AMOUNT"},
    )  # fmt: skip
    tiling: Literal["none", "x", "y", "xy"] = Field(
        "none", description="Edges that meet when the picture is laid beside itself."
    )
    freeu: Annotated[Text, BeforeValidator(read_freeu)] = Field(
        "", description="FreeU: factors of backbone and skips in the UNet; empty is without.",
        json_schema_extra={"metavar": "B1,B2,S1,S2"},
    )  # fmt: skip
    safety_checker: Annotated[Literal["on", "off"], BeforeValidator(_as_switch)] = Field(
        "on", description="Whether a model's own safety checker may refuse pictures."
    )
    post: Annotated[tuple[Text, ...], BeforeValidator(read_post)] = Field(
        (), description="Done after drawing, in this order: contrast, sharpen…; repeatable.",
        json_schema_extra={"metavar": "NAME=AMOUNT"},
    )  # fmt: skip
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field(
        "auto", description="Number format of the weights; auto takes what the device does well.",
        json_schema_extra=_also("precision"),
    )  # fmt: skip

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for name in WHOLE:
            needed = next((one for one in NEEDS[name] if getattr(self, one)), "")
            if needed and getattr(self, name) in UNSAID:
                reason = f"needs {'an' if name[0] in 'aeiou' else 'a'} {name}"
                raise PydanticCustomError(LACKS, "{reason}", {"field": needed, "reason": reason})
        for field, reason in filter(None, (control_fault(self), ip_fault(self))):
            raise PydanticCustomError(LACKS, "{reason}", {"field": field, "reason": reason})
        return self

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        for name in PROMPTS if self.prompt_syntax == "a1111" else ():
            if reason := refusal(getattr(self, name), is_negative=name == "negative_prompt"):
                raise PydanticCustomError(REFUSED, "{reason}", {"field": name, "reason": reason})
        return self


def _alias_table() -> Mapping[str, str]:
    table = {name: name for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        aliases = extra.get("aliases", []) if isinstance(extra, dict) else []
        assert isinstance(aliases, list)
        table.update({str(alias): name for alias in aliases})
    return MappingProxyType(table)


ALIASES: Mapping[str, str] = _alias_table()
"""Every accepted spelling of a field → the field's name; the names themselves are in it too."""


def canonical_name(key: str) -> str | None:
    """The field that `key` means (`Guidance-Scale`, `cfg_scale` → `guidance_scale`), or None."""
    return ALIASES.get(folded(key))


def folded(key: str) -> str:
    """`key` as the tables have it: `Guidance-Scale ` → `guidance_scale`."""
    return key.strip().lower().replace("-", "_").replace(" ", "_")
