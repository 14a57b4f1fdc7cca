"""The exit codes: what is promised, what is documented, and what the program does are one."""

import re
import signal
from pathlib import Path

from sdgen import errors
from sdgen.errors import InterruptedRunError, SdgenError, did_you_mean, nearest

ROOT = Path(__file__).parents[1]


def test_the_documented_exit_codes_are_the_programs():
    family = [one for one in SdgenError.__subclasses__() if one is not InterruptedRunError]
    ours = {0, SdgenError.exit_code, *(one.exit_code for one in family), 129, 130, 143}
    table = re.findall(r"^\| ([\d, ]+) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert {int(code) for row in table for code in row.split(",")} == ours
    listed = re.findall(r"^ +[├└]── (\w+) +(\d+) ", str(errors.__doc__), re.MULTILINE)
    assert {(one.__name__, one.exit_code) for one in family} == {
        (name, int(code)) for name, code in listed if name != "InterruptedRunError"
    }
    assert (
        len({one.exit_code for one in family}) == len({one.code for one in family}) == len(family)
    )


def test_an_interruption_has_the_shells_code():
    assert InterruptedRunError("stopped").exit_code == 130
    for name, code in re.findall(r"(SIG\w+) (\d+)", str(errors.__doc__)):
        number = getattr(signal, name)
        assert InterruptedRunError("stopped", signal_number=number).exit_code == int(code)


def test_the_nearest_word_is_hinted_and_nothing_is_near_nothing():
    assert did_you_mean("Stepz", ["seed", "steps"]) == "did you mean steps?"
    assert did_you_mean("qqq", ["seed", "steps"]) == ""
    assert nearest("EULER", ["euler"]) == ["euler"]
