"""Tensors that find no place are told as a misfit, and a lack of memory never is."""

import pytest

from sdgen.engine.tensors import fitting
from sdgen.errors import ModelError


def test_what_does_not_fit_is_said_with_its_reason():
    with pytest.raises(ModelError) as caught, fitting("fox was made for another model"):
        raise RuntimeError("Error(s) in loading:\n\tsize mismatch")
    assert str(caught.value) == "fox was made for another model: size mismatch"


@pytest.mark.parametrize("error", [
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    RuntimeError("CUDA out of memory."),
])  # fmt: skip
def test_a_lack_of_memory_is_no_misfit(error: RuntimeError):
    with pytest.raises(RuntimeError) as caught, fitting("fox was made for another model"):
        raise error
    assert caught.value is error
