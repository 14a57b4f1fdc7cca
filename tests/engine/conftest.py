"""The tests of the engine mean the same on every CPU."""

import pytest


@pytest.fixture(autouse=True)
def same_on_every_cpu(float32_is_usual: None) -> None:
    """`auto` is float32."""
