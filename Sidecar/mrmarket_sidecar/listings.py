"""What a question asked for and what its answer held before ccxt took out other markets and older times: whether a page was full shows
nowhere else."""

from __future__ import annotations

import contextvars
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ORDERS, TRADES = "orders", "trades"
# Names of the parameter for how many rows are to be told.
SIZES = re.compile(r"(?i)limit|size|length|(?<!ac)count|per_?page|rows")


class Listing:
    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.rows: list[dict[str, Any]] = []
        # How many rows the requests ask for, where they do.
        self.sizes: list[int] = []

    @property
    def size(self) -> int | None:
        return min(self.sizes, default=None)


_listing: contextvars.ContextVar[Listing | None] = contextvars.ContextVar("listing", default=None)


@contextmanager
def listing(kind: str) -> Iterator[Listing]:
    """What is asked meanwhile, and the rows of one kind that ccxt reads, each as ccxt understands it."""
    seen = Listing(kind)
    token = _listing.set(seen)
    try:
        yield seen
    finally:
        _listing.reset(token)


def note(kind: str, row: Any) -> None:
    seen = _listing.get()
    if seen is not None and seen.kind == kind and isinstance(row, dict):
        seen.rows.append(row)


def note_request(parameters: Any) -> None:
    seen = _listing.get()
    if seen is not None and isinstance(parameters, dict):
        seen.sizes += [int(value) for name, value in parameters.items() if SIZES.search(str(name)) and str(value).isdigit()]
