"""Pictures that are drawn again: which of them share a call."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sdgen.batch.calls import Place, calls_of, place_of
from sdgen.metadata.record import BatchRecord, Record
from sdgen.recipe.settings import Settings
from tests.fakes import painted_record

PLACES = st.dictionaries(
    st.integers(), st.builds(Place, st.sampled_from("abc"), st.integers(0, 3)), max_size=40
)


@given(PLACES)
def test_each_picture_is_in_one_call(places: dict[int, Place]):
    found = [picture for call in calls_of(places) for picture in call]
    assert sorted(found) == sorted(places)


@given(PLACES)
def test_a_call_is_of_one_kind_and_no_slot_is_taken_twice(places: dict[int, Place]):
    for call in calls_of(places):
        assert len({places[picture].kind for picture in call}) == 1
        slots = [places[picture].slot for picture in call]
        assert len(slots) == len(set(slots)) > 0


@given(PLACES)
def test_no_fewer_calls_would_do(places: dict[int, Place]):
    needed: Counter[str] = Counter()
    for place, count in Counter(places.values()).items():
        needed[place.kind] = max(needed[place.kind], count)
    assert len(calls_of(places)) == needed.total()


@given(PLACES)
def test_the_order_of_the_pictures_is_kept(places: dict[int, Place]):
    order = list(places)
    calls = [[order.index(picture) for picture in call] for call in calls_of(places)]
    assert all(call == sorted(call) for call in calls)
    assert [call[0] for call in calls] == sorted(call[0] for call in calls)


SETTINGS = Settings(prompt="a fox", seed=1, width=64, height=64, steps=2)


@pytest.fixture
def record() -> Record:
    painted = painted_record(Image.new("RGB", (64, 64)), SETTINGS)
    return painted.model_copy(update={"batch": BatchRecord(size=4, slot=2)})


def test_prompts_seed_and_slot_may_differ_in_one_call(record: Record):
    said = {"prompt": "a cat", "negative_prompt": "red", "seed": 2}
    batch = BatchRecord(size=4, slot=1)
    settings = SETTINGS.model_copy(update=said)
    other = record.model_copy(update={"settings": settings, "batch": batch})
    assert place_of(other) == Place(place_of(record).kind, 1)
    assert place_of(record).slot == 2


APART = {
    "settings": SETTINGS.model_copy(update={"steps": 3}),
    "batch": BatchRecord(size=3, slot=2),
    "environment": {"device": "fake", "threads": 1, "torch": "2.13"},
}


@pytest.mark.parametrize("part", APART)
def test_another_shape_size_or_environment_is_another_call(record: Record, part: str):
    other = record.model_copy(update={part: APART[part]})
    assert place_of(other).kind != place_of(record).kind


def test_other_files_of_the_model_are_another_call(record: Record):
    model = record.model.model_copy(update={"files": {"unet.safetensors": "0" * 64}})
    other = record.model_copy(update={"model": model})
    assert place_of(other).kind != place_of(record).kind


def test_facts_that_are_equal_but_not_the_same_are_apart(record: Record):
    one, true = (
        record.model_copy(update={"environment": {"threads": value}}) for value in (1, True)
    )
    assert place_of(one).kind != place_of(true).kind


def test_the_order_in_which_facts_stand_means_nothing(record: Record):
    turned = dict(reversed(record.environment.items()))
    assert place_of(record.model_copy(update={"environment": turned})) == place_of(record)
