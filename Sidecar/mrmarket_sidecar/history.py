"""Own trades over any downtime: windows of time, pages within a window, each trade once, in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Trade = dict[str, Any]
# since, until (None: open), limit (None: the exchange's own)
Fetch = Callable[[int, "int | None", "int | None"], Awaitable[list[Trade]]]

DAY = 86_400_000
# More than anybody's downtime needs; a bound against an exchange that never lets the end come.
MOST_PAGES = 500


@dataclass(frozen=True)
class Rules:
    """What an exchange allows of a question for own trades."""

    page: int | None
    window: int | None  # milliseconds
    back: int | None  # milliseconds

    @staticmethod
    def of(feature: dict[str, Any] | None) -> "Rules":
        feature = feature or {}
        days, back, page = feature.get("untilDays"), feature.get("daysBack"), feature.get("limit")
        return Rules(
            page=int(page) if page else None, window=int(days * DAY) if days else None,
            back=int(back * DAY) if back else None)


class HistoryIncomplete(Exception):
    """There is more than could be read."""


def order(trade: Trade) -> tuple[int, str]:
    return (int(trade.get("timestamp") or 0), str(trade.get("id")))


async def own_trades(fetch: Fetch, rules: Rules, since: int, now: int, wanted: int) -> list[Trade]:
    """Trades from `since` on, oldest first, the first `wanted` of them.

    Asks window after window. A window whose page was full is asked again from its newest trade on, until nothing new
    comes; a page full of one and the same millisecond cannot be passed and says so.
    """
    if rules.back is not None:
        since = max(since, now - rules.back + 60_000)
    found: dict[str, Trade] = {}
    start, pages = since, 0
    while start <= now and len(found) < wanted:
        end = None if rules.window is None else min(start + rules.window - 1, now)
        while True:
            pages += 1
            if pages > MOST_PAGES:
                raise HistoryIncomplete(f"own trades did not end within {MOST_PAGES} pages")
            page = await fetch(start, end, rules.page)
            new = [trade for trade in page if str(trade.get("id")) not in found and order(trade)[0] >= since]
            for trade in new:
                found[str(trade.get("id"))] = trade
            newest = max((order(trade)[0] for trade in page), default=start)
            full = rules.page is not None and len(page) >= rules.page
            # Without a told page size, only a page that brings nothing new is surely the last.
            if not new or (rules.page is not None and not full) or len(found) >= wanted:
                break
            if newest <= start:
                if full:
                    raise HistoryIncomplete(f"more than {len(page)} own trades in one millisecond")
                break
            start = newest
        if end is None:
            break
        start = max(start, end + 1) if len(found) < wanted else now + 1
    return sorted(found.values(), key=order)[:wanted]
