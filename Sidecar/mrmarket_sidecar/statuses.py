"""The state of an order, where ccxt takes an exchange's word for something under way for an end: an order that is told as over and still
trades would be forgotten with what it fills."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

ENDS = frozenset({"closed", "canceled", "expired", "rejected"})
UNDER_WAY = re.compile(r"(?i)pending|sent(?![a-z])|process(?!ed)|progress|await|queue|suspend|calculated|done_for|ing(?![a-z])")
PARTIAL = re.compile(r"(?i)partial(?!.*(cancel|reject|expire|clos))")
# Codes that are no words (ccxt 4.5.90), by the comments on them: test_statuses reads all that there are.
CODES = {"lbank": {"4": "canceling"}}
# Ends that ccxt has no word for, and hands on as they stand.
UNREAD = ((re.compile(r"(?i)(\w+_)?cancell?ed"), "canceled"), (re.compile(r"(?i)(order_status_)?expired"), "expired"),
          (re.compile(r"(?i)(order_status_)?rejected"), "rejected"))
# ccxt's methods that understand such a word.
READERS = re.compile(r"^parse_(\w+_)?order_status$")


def settled(exchange: str, word: Any, status: Any) -> Any:
    """What ccxt made of the exchange's word; what is under way is no end."""
    if status not in ENDS:
        if UNDER_WAY.search(str(word)) or "not" in str(word).lower():
            return status
        unread = next((end for form, end in UNREAD if form.fullmatch(str(word))), None) if status in (word, None) else None
        return unread or status
    if code := CODES.get(exchange, {}).get(str(word)):
        return code
    if UNDER_WAY.search(str(word)):
        return "canceling" if "cancel" in str(word).lower() else "open"
    return "open" if PARTIAL.search(str(word)) else status


def settling(kind: type) -> dict[str, Callable[..., Any]]:
    """The methods of this exchange that understand words for states, each with ends that are ends."""
    def around(name: str) -> Callable[..., Any]:
        read = getattr(kind, name)

        def understand(self: Any, status: Any = None, *rest: Any) -> Any:
            return settled(kind.__name__, status, read(self, status, *rest))

        return understand

    return {name: around(name) for name in dir(kind) if READERS.search(name)}


def still_open(order: dict[str, Any]) -> dict[str, Any]:
    """An order of a list of open ones: what has not filled whole has not ended so."""
    amount, filled = order.get("amount"), order.get("filled")
    if order.get("status") == "closed" and amount is not None and filled is not None and float(filled) < float(amount):
        return {**order, "status": "open"}
    return order
