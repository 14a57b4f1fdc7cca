"""What the documents say of tests is true: they exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
PAGES = ("security.md", "reliability.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_is_there(page: str):
    named = NAMED.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert named
    missing = [f"{file}::{name}" for file, name in named if name not in _tests_in(ROOT / file)]
    assert not missing


def _tests_in(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_promise_names_a_test():
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    promises = page.partition("held by |")[2].partition("\n\n")[0].splitlines()[2:]
    assert len(promises) > 8
    assert all(NAMED.search(promise) for promise in promises)
