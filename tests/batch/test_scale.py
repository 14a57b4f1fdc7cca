"""The bench of large batches runs the run's own code, so that it must go with it."""

from pathlib import Path

from scripts.bench import scale


def test_the_table_of_workers_can_be_made(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setattr(scale, "WORKERS", (1, 2))
    scale.workers(tmp_path, 8)
    rows = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith(("| 1 ", "| 2 "))
    ]
    assert [row.split("|")[3].strip() for row in rows] == ["100.0%", "100.0%"]
