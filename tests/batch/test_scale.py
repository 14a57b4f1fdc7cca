"""The bench of large batches runs the run's own code, so that it must go with it."""

from pathlib import Path

from scripts.bench import scale


def test_the_table_of_workers_can_be_made(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setattr(scale, "WORKERS", (1, 2))
    scale.workers(tmp_path, 8)
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if "%" in line]
    assert [row[1].strip() for row in rows] == ["1", "2"]
    assert not list(tmp_path.glob("out-*")), "what was drawn nowhere is gone"
