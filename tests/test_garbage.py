"""The search for garbage is off while modules load, and nobody else's process notices."""

import gc
import subprocess
import sys

import pytest

from sdgen.garbage import unsearched


def test_it_is_off_within_and_on_afterwards():
    frozen = gc.get_freeze_count()
    with unsearched():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen == 0


def test_who_had_it_off_has_it_off_afterwards():
    gc.disable()
    try:
        with unsearched():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_failing_import_turns_it_on_again():
    with pytest.raises(ImportError), unsearched():
        raise ImportError
    assert gc.isenabled()


def test_the_program_searches_again_once_it_runs():
    script = (
        "import gc, sys, sdgen.__main__, sdgen.cli.app as app; sys.argv = ['sdgen', '--version'];"
        "app.main = lambda: print(gc.isenabled(), gc.get_freeze_count() > 10_000);"
        "sdgen.__main__.main(); print(gc.isenabled())"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "True", "True"], done.stderr
