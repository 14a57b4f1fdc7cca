"""Every failure that is tried: in the tests in short, by `scripts/faults` in full."""

from tests.faults import files, killing, long_runs, places, saving, weights, words
from tests.faults.tally import Case

CASES = (
    Case("each call on the disk fails: full, I/O error, read-only", saving.each_call_fails, 1, 3),
    Case("from each call on the disk takes nothing", saving.each_call_begins_the_end, 1, 3),
    Case("killed at each call on the disk", saving.killed_at_each_call, 3, 1),
    Case("power cut at each call on the disk", saving.power_cut_at_each_call, 3, 1),
    Case("SIGKILL at a random moment", killing.killed, 5, 25),
    Case("SIGINT at a random moment", killing.interrupted, 4, 20),
    Case("SIGKILL of one worker of two at a random moment", killing.worker_killed, 2, 15),
    Case("two runs on one folder at once", killing.two_at_once, 1, 5),
    Case("full disk", places.full_disk, 4, 24),
    Case("limit on file sizes", places.limited_file_sizes, 6, 24),
    Case("folder or file closed to us", places.closed_folders, 1, 1),
    Case("link swapped in at each call on the disk", places.links_swapped_in, 5, 1),
    Case("clock jumping back and forth", places.clock_going_back, 10, 100),
    Case("safetensors header mutated", weights.mutated_headers, 3000, 30_000),
    Case("safetensors header that costs memory", weights.headers_that_cost, 1, 1),
    Case("pickle in place of weights", weights.pickles, 1, 1),
    Case("hostile picture", files.hostile_pictures, 1, 1),
    Case("hostile record", files.hostile_records, 1, 1),
    Case("hostile YAML", files.hostile_configs, 1, 1),
    Case("hostile job file", files.hostile_prompts, 1, 1),
    Case("pipe, device, folder or loop in place of a file", files.special_files, 1, 1),
    Case("prompt and template as a name", words.names_of_files, 500, 5000),
    Case("word on the terminal", words.words_on_a_terminal, 60, 300),
    Case("place instead of a model's name in a record", words.models_in_records, 200, 5000),
)
"""Those that need no torch; a process with its threads should not be forked."""

CASES_WITH_TORCH = (
    Case("Python beside the weights", weights.models_with_code, 1, 1),
    Case("a thousand pictures in one process", long_runs.many_pictures, 150, 1000),
)
