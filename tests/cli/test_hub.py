"""Models of the hub by the command line, against a hub on loopback that fails in every way."""

import json
import os
from pathlib import Path

import pytest
from filelock import FileLock

from sdgen.cli import fetching
from sdgen.models import find_model, hub_client
from tests.cli.conftest import BIG, TOKEN


def everything(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def test_a_model_is_pulled_once_only_what_it_needs_and_drawn_with(sdgen, hub, tmp_path):
    pulled = sdgen("models", "pull", "some/mini")
    assert pulled.exit_code == 0, pulled.stderr
    folder = Path(pulled.stdout.strip())
    assert folder.name == hub.refs["some/mini"]
    assert not [
        name for name in everything(folder) if "unneeded" in (folder / name).read_text("latin1")
    ]
    assert "checked" in pulled.stderr
    asked = len(hub.seen)
    drawn = sdgen("a red fox", "--model", "some/mini", "--seed", "7", "-o", "fox.png")
    assert drawn.exit_code == 0, drawn.stderr
    assert len(hub.seen) == asked, "a model that is here asks nobody"
    settings = json.loads(Path("fox.json").read_text())["settings"]
    assert (settings["model"], settings["revision"]) == ("some/mini", folder.name)


def test_what_is_here_is_listed_verified_found_and_removed(sdgen, hub):
    sdgen("models", "pull", "some/mini")
    lines = [json.loads(line) for line in sdgen("models", "list", "--json").stdout.splitlines()]
    [line] = [line for line in lines if line["name"] == "some/mini"]
    assert line["ready"] is True
    assert line["bytes"] > len(BIG)
    assert "some/mini" in sdgen("models", "list").stdout
    assert sdgen("models", "verify", "some/mini").stdout.startswith("whole: some/mini")
    folder = Path(sdgen("models", "path", "some/mini").stdout.strip())
    assert "commit" in sdgen("models", "info", "some/mini").stdout
    (folder / "tokenizer/merges.txt").resolve().write_bytes(BIG[::-1])
    damaged = sdgen("models", "verify", "some/mini")
    assert (damaged.exit_code, damaged.stdout.split(":")[0]) == (4, "damaged")
    assert "tokenizer/merges.txt" in damaged.stderr
    assert sdgen("models", "pull", "some/mini").exit_code == 0, "it is fetched again"
    assert sdgen("models", "verify", "some/mini").exit_code == 0
    refused = sdgen("models", "rm", "some/mini")
    assert (refused.exit_code, folder.exists()) == (2, True)
    assert sdgen("models", "rm", "some/mini", "--yes").exit_code == 0
    assert not folder.exists()
    assert sdgen("models", "path", "some/mini").exit_code == 4


def test_what_nobody_promised_is_not_called_whole(sdgen, hub, mini):
    assert sdgen("models", "verify", "storybook").stdout.startswith("whole: storybook")
    outcome = sdgen("models", "verify", mini)
    assert (outcome.exit_code, "nobody promised which bytes mini has" in outcome.stderr) == (
        2,
        True,
    )


FAILURES = [
    ("401", "there is no some/mini on 127.0.0.1, or it is not for everybody"),
    ("404", "there is no some/mini on 127.0.0.1, or it is not for everybody"),
    ("429", "127.0.0.1 was asked too often and wants a pause"),
    ("500", "127.0.0.1 is out of order (status 500)"),
    ("503", "127.0.0.1 is out of order (status 503)"),
    ("418", "127.0.0.1 answers with status 418 about some/mini"),
    ("gated", "some/mini is gated, and the account of this token has no access yet"),
    ("token", "127.0.0.1 refuses the token"),
    ("hang", "127.0.0.1 does not answer for 1 seconds"),
    ("page", "127.0.0.1 answers with something else than data"),
    ("cut", "the connection to 127.0.0.1 broke"),
    ("wrong", "tokenizer/merges.txt of some/mini came with other bytes"),
    ("more", "127.0.0.1 sends more of tokenizer/merges.txt than there should be"),
    ("elsewhere", "127.0.0.1 leads to evil.example, a host that nobody named"),
    ("huge", "some/mini has"),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "said"), FAILURES)
def test_each_failure_has_its_own_sentence(sdgen, hub, mode, said, tmp_path, monkeypatch):
    if mode == "hang":
        monkeypatch.setattr(hub_client, "WAITS", ())
    hub.mode = mode
    outcome = sdgen("models", "pull", "some/mini")
    assert outcome.exit_code == 4
    [line] = [line for line in outcome.stderr.splitlines() if line.startswith("error: ")]
    assert line.startswith(f"error: {said}")
    assert "Traceback" not in outcome.stderr
    assert TOKEN not in outcome.stdout + outcome.stderr
    assert not list((tmp_path / "hf").rglob("refs/main")), "what did not come is not noted"


def test_a_gated_model_without_a_token_says_how_to_get_one(sdgen, hub, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    hub.mode = "gated"
    outcome = sdgen("models", "pull", "some/mini")
    assert "its terms are to be accepted first" in outcome.stderr
    assert f"accept them at {hub.address}/some/mini, then: hf auth login" in outcome.stderr


def test_nobody_there_is_a_sentence_too(sdgen, hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    outcome = sdgen("models", "pull", "some/mini")
    assert (outcome.exit_code, "127.0.0.1 cannot be reached" in outcome.stderr) == (4, True)


@pytest.mark.parametrize("address", ["nonsense", "ftp://x", "http://[", "http://x:y", "https://"])
def test_an_endpoint_that_is_none_is_said(sdgen, hub, monkeypatch, address):
    monkeypatch.setenv("HF_ENDPOINT", address)
    outcome = sdgen("models", "pull", "some/mini")
    assert (outcome.exit_code, "HF_ENDPOINT must be" in outcome.stderr) == (2, True)


def test_a_password_in_the_address_is_not_shown(sdgen, hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub.address.replace("http://", "http://me:secretword@"))
    for mode in ("gated", "404", "500", "page"):
        hub.mode = mode
        outcome = sdgen("models", "pull", "some/mini")
        assert outcome.exit_code == 4
        assert "secretword" not in outcome.stdout + outcome.stderr


@pytest.mark.parametrize("mode", ["500", "429", "cut"])
def test_what_passes_is_tried_again(sdgen, hub, mode):
    hub.mode, hub.fails = mode, 2
    assert sdgen("models", "pull", "some/mini").exit_code == 0


def test_a_stopped_download_goes_on_where_it_was(sdgen, hub, tmp_path):
    hub.mode = "cut"
    assert sdgen("models", "pull", "some/mini").exit_code == 4
    [part] = (tmp_path / "hf").rglob("*.part")
    have = part.stat().st_size
    assert 0 < have < len(BIG)
    hub.mode = "good"
    hub.seen.clear()
    assert sdgen("models", "pull", "some/mini").exit_code == 0
    ranges = [headers["range"] for _, headers in hub.seen if "range" in headers]
    assert ranges == [f"bytes={have}-"]
    assert not list((tmp_path / "hf").rglob("*.part"))


def test_ctrl_c_leaves_what_came(sdgen, hub, tmp_path, monkeypatch):
    real, came = fetching._Seldom.received, []

    def interrupted(self, count, file):
        real(self, count, file)
        came.append(count)
        if file == "tokenizer/merges.txt" and count:
            raise KeyboardInterrupt

    monkeypatch.setattr(fetching._Seldom, "received", interrupted)
    outcome = sdgen("models", "pull", "some/mini")
    assert outcome.exit_code == 130
    assert "hint: the same command goes on from there" in outcome.stderr
    assert not list((tmp_path / "hf").rglob("refs/main"))
    monkeypatch.setattr(fetching._Seldom, "received", real)
    asked = len([path for path in hub.paths if "/resolve/" in path])
    assert sdgen("models", "pull", "some/mini").exit_code == 0
    assert asked > 3, "most of it had come"
    assert sdgen("models", "verify", "some/mini").exit_code == 0


def test_a_server_that_begins_anew_is_followed(sdgen, hub):
    hub.mode = "cut"
    sdgen("models", "pull", "some/mini")
    hub.mode = "plain"
    assert sdgen("models", "pull", "some/mini").exit_code == 0
    assert sdgen("models", "verify", "some/mini").exit_code == 0


def test_too_little_room_is_said_before_anything_is_fetched(sdgen, hub, monkeypatch, tmp_path):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("sdgen.models.hub_fetch.shutil.disk_usage", lambda _: usage)
    outcome = sdgen("models", "pull", "some/mini")
    assert (outcome.exit_code, "has 1 kB left" in outcome.stderr) == (5, True)
    assert not [path for path in hub.paths if "merges" in path]


def test_no_token_is_shown_written_or_sent_elsewhere(sdgen, hub, tmp_path):
    pull, none = ("models", "pull", "some/mini"), ("models", "pull", "some/none")
    for words in (pull, (*pull, "--json"), ("models", "list"), ("models", "info", "some/mini"),
                  ("a fox", "--model", "some/mini", "--seed", "1"), ("doctor", "--quick"),
                  none, ("--debug", *none)):  # fmt: skip
        outcome = sdgen(*words)
        assert TOKEN not in outcome.stdout + outcome.stderr
    assert any("authorization" in headers for _, headers in hub.seen), (
        "it was sent where it belongs"
    )
    written = [p for p in tmp_path.rglob("*") if p.is_file() and TOKEN.encode() in p.read_bytes()]
    assert not written


HOSTILE = [
    "../../evil.json",
    "/etc/evil.json",
    "tokenizer/../../evil.json",
    "..\\evil",
    "~/evil",
    "a\0b",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_list_that_names_places_elsewhere_is_refused(sdgen, hub, path, tmp_path):
    hub.listed = [{"rfilename": path, "size": 3, "blobId": "a" * 40}]
    before = everything(tmp_path)
    outcome = sdgen("models", "pull", "some/mini")
    assert outcome.exit_code == 4
    assert "names a place outside of it" in outcome.stderr
    assert everything(tmp_path) == before


LIES = [{"size": 10**15}, {"size": -1}, {"size": True}, {"size": "3"}, {"blobId": "../../x"},
        {"blobId": None}, {"lfs": {"sha256": "x"}}, {"size": 10**9}]  # fmt: skip


@pytest.mark.parametrize("fault", LIES)
def test_a_list_that_lies_about_a_needed_file_is_refused(sdgen, hub, fault, tmp_path):
    entry = {"rfilename": "tokenizer/vocab.json", "size": 3, "blobId": "a" * 40}
    hub.listed = [{**entry, **fault}]
    outcome = sdgen("models", "pull", "some/mini")
    assert (outcome.exit_code, "tokenizer/vocab.json" in outcome.stderr) == (4, True)


def test_what_sdgen_does_not_draw_with_is_not_fetched(sdgen, hub):
    files = hub.repositories["some/mini"][hub.refs["some/mini"]]
    index = json.loads(files["model_index.json"]) | {"_class_name": "AudioPipeline"}
    hub.add("some/audio", {**files, "model_index.json": json.dumps(index).encode()})
    outcome = sdgen("models", "pull", "some/audio")
    assert (outcome.exit_code, "holds a AudioPipeline" in outcome.stderr) == (4, True)
    assert [path for path in hub.paths if "/resolve/" in path] == [hub.paths[-1]]


def test_two_at_a_time_do_not_fetch_the_same(sdgen, hub, tmp_path):
    folder = tmp_path / "hf/hub/models--some--mini"
    folder.mkdir(parents=True)
    with FileLock(folder / ".sdgen.lock"):
        outcome = sdgen("models", "pull", "some/mini")
    assert (outcome.exit_code, "another sdgen fetches some/mini" in outcome.stderr) == (8, True)


def test_a_repository_of_pickles_is_refused(sdgen, hub):
    files = dict(hub.repositories["some/mini"][hub.refs["some/mini"]])
    hub.add(
        "some/old",
        {name: data for name, data in files.items() if not name.endswith(".safetensors")},
    )
    outcome = sdgen("models", "pull", "some/old")
    assert outcome.exit_code == 4
    assert "the weights of unet only as a pickle (diffusion_pytorch_model.bin)" in outcome.stderr
    assert not [path for path in hub.paths if path.endswith(".bin")]


def test_what_is_no_model_is_refused(sdgen, hub):
    hub.add("some/data", {"README.md": b"words"})
    assert "is no diffusers model" in sdgen("models", "pull", "some/data").stderr
    assert "no revision 'v9'" in sdgen("models", "pull", "some/mini@v9").stderr
    assert sdgen("models", "pull", "nothing").exit_code == 2
    assert "did you mean sd21 or sd15" in sdgen("models", "pull", "sd51").stderr


NEEDS_LEAVE = [("a red fox",), ("batch", "jobs.txt"), ("batch", "jobs.txt", "--dry-run"),
               ("grid", "a fox", "--steps", "1,2"), ("film", "a fox", "-o", "f.webp"),
               ("tokens", "a fox")]  # fmt: skip


@pytest.mark.parametrize("words", NEEDS_LEAVE)
def test_nothing_is_fetched_without_leave(sdgen, hub, jobs, words, tmp_path):
    before = everything(tmp_path)
    outcome = sdgen(*words, "--model", "some/mini")
    assert outcome.exit_code == 4, outcome.stderr
    assert "some/mini is not on this machine: model_index.json is missing" in outcome.stderr
    assert (hub.seen, everything(tmp_path)) == ([], before)


def test_download_is_leave(sdgen, hub, jobs):
    named = ("--name", "{model}/{index}", "-o", "named")
    assert sdgen("batch", "jobs.txt", "--model", "some/mini", "--download", *named).exit_code == 0
    [folder] = {path.parent.name for path in Path("named").rglob("*.png")}
    assert "/" not in folder
    assert folder.startswith("some")
    assert sdgen("batch", "jobs.txt", "--model", "some/mini", "--download").exit_code == 0
    assert len(list(Path("outputs").glob("*.png"))) == 3


def test_a_revision_is_a_setting_and_what_is_recorded_is_the_commit(sdgen, hub, tmp_path):
    old = hub.refs["some/mini"]
    new = hub.add(
        "some/mini", {**hub.repositories["some/mini"][old], "tokenizer/merges.txt": BIG * 2}
    )
    said = ("--model", "some/mini", "--seed", "7", "--download", "--overwrite")
    for revision, commit in ((old, old), ("main", new)):
        drawn = sdgen("a fox", *said, "--revision", revision, "-o", "fox.png")
        assert drawn.exit_code == 0, drawn.stderr
        assert json.loads(Path("fox.json").read_text())["settings"]["revision"] == commit
    assert sdgen("a fox", "--model", f"some/mini@{old}", "--seed", "7").exit_code == 0
    refused = sdgen("a fox", "--revision", "main")
    assert (refused.exit_code, "storybook has no revisions" in refused.stderr) == (2, True)
    assert sdgen("a fox", *said, "--revision", "../up").exit_code == 2
    assert sdgen("models", "rm", f"some/mini@{old}", "--yes").exit_code == 0
    assert sdgen("models", "verify", "some/mini").exit_code == 0, "the other commit is whole"


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_offline_names_the_file_that_is_missing(sdgen, hub, how, monkeypatch):
    assert sdgen("models", "pull", "some/mini").exit_code == 0
    folder = Path(sdgen("models", "path", "some/mini").stdout.strip())
    (folder / "tokenizer/merges.txt").unlink()
    find_model.cache_clear()
    hub.seen.clear()
    words = ["a red fox", "--model", "some/mini"]
    if how == "flag":
        words.append("--offline")
    else:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        words.append("--download")
    outcome = sdgen(*words)
    assert outcome.exit_code == 4
    assert "some/mini is not on this machine: tokenizer/" in outcome.stderr
    assert "it may not be fetched: HF_HUB_OFFLINE or --offline" in outcome.stderr
    assert not hub.seen


def test_download_and_offline_are_opposites(sdgen, hub):
    assert sdgen("a fox", "--download", "--offline").exit_code == 2


def test_pulling_tells_programs_how_far_it_is(sdgen, hub):
    outcome = sdgen("models", "pull", "some/mini", "--json")
    events = [json.loads(line) for line in outcome.stderr.splitlines()]
    assert [event["event"] for event in events] == ["fetching", "fetched"]
    assert json.loads(outcome.stdout)["commit"] == hub.refs["some/mini"]
    assert os.sep in json.loads(outcome.stdout)["folder"]
