"""The measuring of the built-in model: what counts, and the judge at toy size."""

from collections import Counter

import pytest
import torch

SCENES = [
    {"place": "beach", "object": "tree", "object2": "boat", "subject": "girl"},
    {"place": "forest", "object": "none", "object2": "none", "subject": "cat"},
]


def full(facts):
    from classifier import HEADS

    return dict.fromkeys(HEADS, "none") | facts


@pytest.mark.parametrize(
    ("text", "attribute", "value", "said"),
    [
        ("a girl in red on a beach", "place", "beach", True),
        ("a girl in red on a beach", "clothing_colour", "red", True),
        ("a girl in red on a beach", "clothing_colour", "blue", False),
        ("a scattered cover", "clothing_colour", "red", False),
        ("夕阳下的海滩", "place", "beach", True),
        ("夕阳下的海滩", "time", "night", False),
    ],
)
def test_says(text, attribute, value, said):
    from evaluate import says

    assert says(text, attribute, value) is said


def test_tally_counts_only_what_the_caption_says():
    from evaluate import Case, share, tally

    facts = full(SCENES[0])
    seen = [facts | {"object": {"tree"}}]
    counts = tally(seen, [Case("a tree on a beach", facts)], everything=False)
    assert counts == Counter({("place", True): 1, ("object", True): 1})
    assert share(counts, "place") == 1
    assert share(counts, "time") is None
    everything = tally(seen, [Case("", facts)], everything=True)
    assert everything["object", False] == 1


def test_cases_are_held_out_and_repeat():
    from evaluate import cases

    first, again = cases(3, "en"), cases(3, "en")
    assert first == again
    assert len({case.prompt for case in first}) == 3


def test_judge_learns_saves_and_looks(tmp_path):
    from classifier import Gallery, Labels, load_judge, look, save_judge, train_judge
    from shards import Inbox

    images = torch.zeros(8, 256, 256, 3, dtype=torch.uint8)
    images[::2] = 255
    facts = [full(SCENES[n % 2]) for n in range(8)]
    gallery = Gallery(Labels.of(facts), 16, torch.device("cpu"))
    gallery.add(images, facts)
    judge = train_judge(gallery, Inbox(tmp_path), minutes=0.02, batch=4)
    save_judge(judge, tmp_path / "judge.pt")
    same = load_judge(tmp_path / "judge.pt", torch.device("cpu"))
    pictures = torch.rand(2, 3, 256, 256)
    assert look(judge, pictures) == look(same, pictures)
    assert set(look(judge, pictures)[0]["object"]) <= {"tree", "boat"}
