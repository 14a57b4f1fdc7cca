"""`sdgen reproduce --locked`: drawn again with what the lock names, or not at all."""

from pathlib import Path

import pytest

from sdgen.files.lockfile import write_lock
from sdgen.models.lock import Lock, lock_of
from tests.fakes import FAKE_MODEL


@pytest.fixture
def fake_lock() -> Lock:
    """The lock of the painter's model."""
    lock = lock_of([FAKE_MODEL])
    write_lock(Path("sdgen.lock"), lock)
    return lock


DUSK = Path(__file__).parents[1] / "weights/dusk.safetensors"

CHANGES = ([], ["--check"], ["--steps", "9"])


@pytest.mark.parametrize("flags", CHANGES)
def test_what_is_locked_is_drawn_again(sdgen, fox, fake_lock, flags):
    assert sdgen("reproduce", fox, "--locked", *flags).exit_code == 0


@pytest.mark.parametrize("flags", CHANGES)
def test_a_model_that_is_not_in_the_lock_draws_nothing(sdgen, fox, painter, fake_lock, flags):
    write_lock(Path("sdgen.lock"), fake_lock.model_copy(update={"models": {}}))
    done = sdgen("reproduce", fox, "--locked", *flags)
    assert (done.exit_code, len(painter.drawn)) == (4, 1)
    assert done.stderr.startswith("error: the model fake is not in the lock")


@pytest.mark.parametrize("flags", CHANGES)
def test_other_versions_than_the_locked_ones_draw_nothing(sdgen, fox, painter, fake_lock, flags):
    versions = {**fake_lock.versions, "torch": "1.13"}
    write_lock(Path("sdgen.lock"), fake_lock.model_copy(update={"versions": versions}))
    done = sdgen("reproduce", fox, "--locked", *flags)
    assert (done.exit_code, len(painter.drawn)) == (2, 1)
    assert done.stderr.startswith("error: sdgen.lock does not hold: torch 1.13 → ")


def test_a_lock_that_is_not_there_draws_nothing(sdgen, fox, painter):
    done = sdgen("reproduce", fox, "--locked")
    assert (done.exit_code, len(painter.drawn)) == (2, 1)
    assert "sdgen.lock: there is no such file" in done.stderr


def test_a_variation_draws_with_no_lora_that_is_not_in_the_lock(sdgen, fox, painter, fake_lock):
    done = sdgen("reproduce", fox, "--locked", "--lora", DUSK)
    assert (done.exit_code, len(painter.drawn)) == (4, 1)
    assert "dusk is not in the lock" in done.stderr
