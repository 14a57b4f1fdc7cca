"""Features on the built-in model: what they are for is seen, and nothing of them is left."""

from pathlib import Path

import numpy as np
import pytest

from sdgen.api import Picture, generate

BLUEPRINT = Path(__file__).parent / "weights" / "blueprint.safetensors"
"""Trained for storybook by scripts/storybook/embedding.py: pictures turn to a dark blue."""

FOX = {"seed": 5, "steps": 3, "device": "cpu"}


def draw(prompt: str = "a red fox in a snowy forest", **said) -> Picture:
    return generate(prompt, **{**FOX, **said})


@pytest.fixture(scope="module")
def plain() -> Picture:
    return draw()


def seams(picture: Picture) -> tuple[float, float]:
    """Steps across the edges in units of the usual step between neighbours: left-right, up-down."""
    pixels = np.asarray(picture.image, float)
    inside = [np.abs(np.diff(pixels, axis=axis)).mean() for axis in (1, 0)]
    across = np.abs(pixels[:, 0] - pixels[:, -1]).mean(), np.abs(pixels[0] - pixels[-1]).mean()
    return across[0] / inside[0], across[1] / inside[1]


def test_edges_meet_where_they_are_asked_to_and_only_there(plain):
    beside, above = seams(plain)
    assert min(beside, above) > 3
    both, only_x = draw(tiling="xy"), draw(tiling="x")
    assert max(seams(both)) < 1.5
    assert seams(only_x)[0] < 1.5
    assert seams(only_x)[1] > 3
    assert draw().record.image == plain.record.image


def test_what_is_done_after_drawing_is_seen(plain):
    grey = draw(post=["saturation=0"])
    red, green, blue = (np.asarray(grey.image)[..., channel] for channel in range(3))
    assert np.array_equal(red, green)
    assert np.array_equal(red, blue)
    assert grey.record.image.before_post == plain.record.image.sha256


def test_a_trained_word_is_seen_and_forgotten(plain):
    assert BLUEPRINT.stat().st_size < 4_000
    said = "a red fox in a snowy forest, <blueprint>"
    taught = draw(said, embedding=[str(BLUEPRINT)])
    assert taught.record.added[0].name == "blueprint"
    light = [np.asarray(one.image, float).mean(axis=(0, 1)) for one in (plain, taught)]
    assert light[1].mean() < light[0].mean() - 30  # darker
    assert light[1][2] - light[1][0] > light[0][2] - light[0][0] + 10  # and bluer
    assert draw().record.image == plain.record.image


def test_files_say_what_they_are(capsys):
    from sdgen.cli import app
    from sdgen.models.catalogue import STORYBOOK

    vae = STORYBOOK / "vae" / "diffusion_pytorch_model.safetensors"
    assert app.run(["models", "info", str(BLUEPRINT)]) == 0
    assert app.run(["models", "info", str(vae)]) == 0
    said = capsys.readouterr().out
    assert "an embedding: --embedding FILE[:WORD]" in said
    assert "<blueprint>" in said
    assert "a VAE: --vae FILE" in said


def test_freeu_changes_the_picture_and_is_gone_in_the_next(plain):
    assert draw(freeu="1.2,1.4,0.9,0.2").record.image != plain.record.image
    assert draw().record.image == plain.record.image


def test_features_work_in_a_job_file_of_yaml(tmp_path: Path):
    from sdgen.batch.drafts import draft_jobs
    from sdgen.batch.jobfiles import read_job_file

    jobs = tmp_path / "jobs.yaml"
    jobs.write_text(
        "defaults: {tiling: x, post: [contrast: 1.1, sharpen: 1]}\n"
        "jobs:\n- a fox\n- {prompt: an owl, tiling: y, post: {gamma: 1.2}}\n"
    )
    fox, owl = [draft.settings for draft in draft_jobs(read_job_file(jobs)).items]
    assert (fox.tiling, fox.post) == ("x", ("contrast=1.1", "sharpen=1"))
    assert (owl.tiling, owl.post) == ("y", ("gamma=1.2",))
