"""What an answer held before ccxt took out other markets and older times: whether a page was full shows nowhere else."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ORDERS, TRADES = "orders", "trades"


class Listing:
    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.rows: list[dict[str, Any]] = []


_listing: contextvars.ContextVar[Listing | None] = contextvars.ContextVar("listing", default=None)


@contextmanager
def listing(kind: str) -> Iterator[list[dict[str, Any]]]:
    """The rows of one kind that ccxt reads meanwhile, each as ccxt understands it."""
    seen = Listing(kind)
    token = _listing.set(seen)
    try:
        yield seen.rows
    finally:
        _listing.reset(token)


def note(kind: str, row: Any) -> None:
    seen = _listing.get()
    if seen is not None and seen.kind == kind and isinstance(row, dict):
        seen.rows.append(row)
