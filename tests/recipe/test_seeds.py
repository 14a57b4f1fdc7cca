from hypothesis import given
from hypothesis import strategies as st

from sdgen.recipe.seeds import DRAWN_BELOW, derived_seed, seed_of_image


def test_pictures_of_one_call_count_up():
    assert [seed_of_image(7, i) for i in range(3)] == [7, 8, 9]
    assert seed_of_image(2**63 - 1, 1) == 0


@given(st.integers(0, 2**32 - 1), st.text(), st.text())
def test_derived_seeds_depend_on_base_and_content_only(base: int, a: str, b: str):
    assert derived_seed(base, a) == derived_seed(base, a)
    assert 0 <= derived_seed(base, a) < DRAWN_BELOW
    if a != b:
        assert derived_seed(base, a) != derived_seed(base, b)
