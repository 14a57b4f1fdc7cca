import json

from sdgen.recipe.schedulers import SCHEDULERS


def test_lists_every_scheduler(sdgen):
    outcome = sdgen("schedulers")
    assert outcome.exit_code == 0
    names = [line.split()[0] for line in outcome.stdout.splitlines()[1:]]
    assert names == list(SCHEDULERS)


def test_lists_as_json(sdgen):
    lines = list(map(json.loads, sdgen("schedulers", "--json").stdout.splitlines()))
    assert [line["name"] for line in lines] == list(SCHEDULERS)
    assert all(line["summary"] and line["grade"] for line in lines)
