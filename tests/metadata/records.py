"""A red fox's record, and any record, for the tests of metadata and files."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from PIL import Image

from sdgen.errors import InputError
from sdgen.metadata.record import ModelRecord, Record, SchedulerRecord, SoftwareRecord, pixels_of
from sdgen.recipe.prompt.weights import Span, parse
from sdgen.recipe.schedulers import SCHEDULERS
from sdgen.recipe.settings import Settings


def fox_settings(**changes) -> Settings:
    return Settings.model_validate({"prompt": "a red fox", "seed": 7} | changes)


def fox_image(width: int = 16, height: int = 16) -> Image.Image:
    """Sky above snow, with a fox-coloured corner: no two rows alike."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    image.paste((200, 80, 20), (0, height // 2, max(1, width // 3), height))
    return image


def fox_record(image: Image.Image | None = None, **changes) -> Record:
    return Record(
        software=SoftwareRecord(version="1.2.3"),
        created=datetime(2026, 11, 24, 6, 0, tzinfo=UTC),
        settings=fox_settings(**changes),
        model=ModelRecord(
            name="fake",
            pipeline="StableDiffusionPipeline",
            files={"unet/model.safetensors": "0" * 64},
        ),
        scheduler=SchedulerRecord(class_name="EulerDiscreteScheduler", config={"steps_offset": 1}),
        environment={"device": "cpu", "threads": 2, "deterministic": True},
        image=pixels_of(image or fox_image()),
    )


def refusal(read: Callable[..., Any], *arguments: Any, error: type = InputError) -> str:
    """What `read` says of hostile input: the line of its error, empty where it accepts.

    Any other exception goes through, and fails the test.
    """
    try:
        read(*arguments)
    except error as refused:
        said = str(refused)
    else:
        return ""
    assert said
    assert "\n" not in said
    return said


TRICKY = (
    "a red fox",
    "红狐狸在雪地里",
    "🦊👩‍👩‍👧 ❄️",
    'says "hi", then\nleaves: <b>&amp;</b> \\n',
    "a fox\nNegative prompt: snow\nSteps: 9, Sampler: x, Seed: 1",
    "\ufeff\ufffe\uffff\u202efox\u2028",
    "]]> --> ?> </sdgen:record> &quot; &#34; {record}",
    "a\tfox  ",
)
"""Prompts that one container or another has mangled somewhere."""


_BREAK = Span("BREAK", 0)


def meaning(prompt: str, syntax: str) -> list[tuple[str, float]]:
    """Words and weights of a prompt, less the spaces at its ends."""
    spans = [(prompt, 1.0)]
    if syntax == "a1111":
        spans = [
            (span.text, span.weight) for section in parse(prompt) for span in (*section, _BREAK)
        ][:-1]
    if spans:
        spans[-1] = (spans[-1][0].rstrip(), spans[-1][1])
        spans[0] = (spans[0][0].lstrip(), spans[0][1])
    return [(text, weight) for text, weight in spans if text]


texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters="\t\n"), max_size=60
)
prompts = st.one_of(st.sampled_from(TRICKY), texts.filter(str.strip))


VARIED = {
    "variation_seed": st.integers(0, 2**63 - 1),
    "variation_strength": st.floats(0, 1, exclude_min=True),
}


def any_settings() -> st.SearchStrategy[Settings]:
    return st.sampled_from([{}, VARIED]).flatmap(_settings)


def _settings(more: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Settings]:
    return st.builds(
        Settings,
        prompt=prompts,
        negative_prompt=st.one_of(st.just(""), prompts),
        prompt_syntax=st.sampled_from(["a1111", "plain"]),
        model=prompts,
        lora=st.lists(st.sampled_from(["fur:0.5", "ink:1:0.2", "dusk:-1"]), unique=True),
        scheduler=st.sampled_from(sorted(SCHEDULERS)),
        steps=st.integers(1, 1000),
        guidance_scale=st.floats(0, 100),
        guidance_rescale=st.floats(0, 1),
        seed=st.integers(0, 2**63 - 1),
        width=st.integers(64, 4096),
        height=st.integers(64, 4096),
        eta=st.floats(0, 1),
        rng=st.sampled_from(["cpu", "gpu", "nv"]),
        ensd=st.one_of(st.just(0), st.integers(0, 2**63 - 1)),
        clip_skip=st.integers(1, 12),
        dtype=st.sampled_from(["auto", "float32", "float16", "bfloat16"]),
        **more,
    )
