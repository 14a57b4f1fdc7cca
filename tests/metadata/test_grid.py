import json

import pytest

from sdgen.errors import InputError
from sdgen.metadata.grid import cell_of, grid_note
from sdgen.metadata.record import JobRecord
from sdgen.recipe.axes import sweep
from tests.metadata.records import fox_record

ASKED = sweep({"prompt": "a {red|white} fox", "steps": "10,20,30"})


def note() -> dict:
    records = [
        fox_record(prompt=said["prompt"], steps=int(said["steps"]))
        for said in map(ASKED.at, ASKED.cells())
    ]
    records[1] = records[1].model_copy(update={"job": JobRecord(id="x"), "notices": ["a"]})
    whole = grid_note(ASKED, [*records[:5], "no memory"], [f"{n}.png" for n in range(6)])
    return json.loads(json.dumps({"kind": "grid", **whole}))


def test_every_cell_has_its_whole_record():
    told = note()
    for row, column in ((1, 1), (1, 2), (2, 1), (3, 1)):
        record, file = cell_of(told, (row, column))
        expected = fox_record(prompt=["a red fox", "a white fox"][column - 1], steps=row * 10)
        assert record.settings == expected.settings
        assert record.scheduler == expected.scheduler
        assert file == f"{(row - 1) * 2 + column - 1}.png"
    assert cell_of(told, (1, 2))[0].job == JobRecord(id="x")
    assert cell_of(told, (1, 1, 1))[0].job is None


def test_only_what_differs_is_written():
    told = note()
    assert told["cells"][0]["changes"] == []
    paths = [".".join(path) for path, *_ in told["cells"][3]["changes"]]
    assert paths == ["settings.prompt", "settings.steps"]


@pytest.mark.parametrize("place", [(0, 1), (4, 1), (1, 3), (1, 1, 2), (9999, 9999)])
def test_a_cell_that_is_none_is_told(place: tuple[int, ...]):
    with pytest.raises(InputError, match=r"has no cell .*: 3 rows, 2 columns"):
        cell_of(note(), place)


def test_a_cell_without_a_picture_says_why():
    with pytest.raises(InputError, match="no picture in this cell: no memory"):
        cell_of(note(), (3, 2))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "contact sheet"}, {"axes": None}, {"axes": [{}]}, {"cells": []}, {"cells": 7},
        {"cells": [[]] * 6}, {"base": None}, {"base": {"schema": 3}}, {"cells": [{"changes": [7]}]},
        {"cells": [{"file": "x", "changes": [[["a", "b"]]]}] * 6},
        {"cells": [{"file": "x", "changes": [[[]]]}] * 6},
    ],
)  # fmt: skip
def test_damaged_notes_are_refused_in_a_line(change: dict):
    with pytest.raises(InputError):
        cell_of({**note(), **change}, (1, 1))
