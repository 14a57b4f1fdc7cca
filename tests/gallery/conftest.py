from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sdgen.files.encoding import encode
from sdgen.metadata.record import ParentRecord, Record, pixels_of
from tests.fakes import painted_record
from tests.gallery.browser import find_browser
from tests.metadata.records import fox_settings

Paint = Callable[..., Record]


@pytest.fixture
def paint(tmp_path: Path) -> Paint:
    """`paint("fox.png", steps=9)`: a small picture below `tmp_path` with its record inside."""
    count = 0

    def painted(name: str, parent: Record | None = None, **changes: Any) -> Record:
        nonlocal count
        count += 1
        settings = fox_settings(seed=count, **changes)
        image = Image.new("RGB", (48, 32), (count % 256, count // 256, 99))
        record = painted_record(image, settings).model_copy(update={"image": pixels_of(image)})
        if parent is not None:
            changed = {"steps": parent.settings.steps}
            lineage = ParentRecord(pixels_sha256=parent.image.sha256, changed=changed)
            record = record.model_copy(update={"parent": lineage})
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(image, record))
        return record

    return painted


@pytest.fixture(scope="session")
def chromium() -> str:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium here: the gallery's page was not tried in a browser")
    return program
