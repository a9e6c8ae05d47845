"""Unified values as they go over the wire: decimals as plain text, times as whole numbers, the raw payload left out."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

# Whole numbers that are no money.
WHOLE = frozenset({
    "timestamp", "lastTradeTimestamp", "lastUpdateTimestamp", "nonce", "limit", "daysBack", "untilDays", "updated",
    "eta", "created",
})
# The exchange's raw payload, and what only repeats another field.
LEFT_OUT = frozenset({"info", "datetime"})


def decimal_text(value: float | int | Decimal) -> str | None:
    """Plain digits without an exponent; None for what is no number. A float is told by the shortest text that means it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    text = format(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("", "-0", "-") else text


def wire(value: Any, key: str = "") -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if key in WHOLE else str(value)
    if isinstance(value, (float, Decimal)):
        if key in WHOLE and math.isfinite(value):
            return int(value)
        return decimal_text(value)
    if isinstance(value, dict):
        return {str(name): wire(member, str(name)) for name, member in value.items() if name not in LEFT_OUT}
    if isinstance(value, (list, tuple)):
        return [wire(element, key) for element in value]
    return str(value)


def candles(rows: list[list[Any]]) -> list[list[Any]]:
    """Time as a whole number, the rest as decimals."""
    return [[int(row[0]), *(wire(value) for value in row[1:6])] for row in rows]


def book(value: dict[str, Any], depth: int) -> dict[str, Any]:
    """The best levels of both sides, sorted by value: what came as text is not in order."""

    def levels(side: str, descending: bool) -> list[list[Any]]:
        rows = [(Decimal(str(row[0])), row[0], row[1]) for row in list(value.get(side) or []) if row[0] is not None]
        rows.sort(key=lambda row: row[0], reverse=descending)
        return [[wire(price), wire(amount)] for _, price, amount in rows[:depth]]

    return {
        "symbol": value.get("symbol"), "timestamp": wire(value.get("timestamp"), "timestamp"),
        "nonce": value["nonce"] if isinstance(value.get("nonce"), int) else None,
        "bids": levels("bids", True), "asks": levels("asks", False),
    }
