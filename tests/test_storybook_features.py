"""Features on the built-in model: what they are for is seen, and nothing of them is left."""

from pathlib import Path

import numpy as np
import pytest

from sdgen.api import Picture, generate

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
