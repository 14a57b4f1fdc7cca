"""Python's search for garbage, which a start has no use for.

Modules make no garbage. With a million objects of torch, diffusers and transformers, looking for it
while they load takes a tenth of the start, and looking through all of them once more at the end of
the process takes a second, with the picture long on the disk.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unsearched() -> Iterator[None]:
    """While it is open, modules load without a search between them.

    In the program, what has loaded is not looked through again. In a process of somebody else's,
    which never called `stays`, all is afterwards as it was.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count():
            gc.freeze()
        if was_on:
            gc.enable()


def stays() -> None:
    """What is there by now stays to the end of the process; spare it every later search.

    For the program alone: garbage in circles, if there is some by now, is kept too.
    """
    gc.freeze()
