"""When Python looks for cycles of garbage: seldom, and never among what is kept to the end."""

import gc

# How many more objects there are before Python looks again; its own number is 700.
SELDOM = 10_000
WHILE_LOADING = 100_000


def look_seldom() -> None:
    """Let what is loaded next be loaded: modules are no garbage."""
    gc.set_threshold(WHILE_LOADING)


def settle() -> None:
    """Take what is loaded by now for kept, and look at the rest only, now and then."""
    gc.freeze()
    gc.set_threshold(SELDOM)
