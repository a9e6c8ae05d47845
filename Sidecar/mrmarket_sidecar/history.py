"""Lists that exchanges tell page by page, some newest first and some oldest first: read whole, or said to be incomplete.

What counts for whether there is more is what an answer held before ccxt took out other markets and older times (`Page.told`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]

DAY = 86_400_000
# More than anybody's downtime needs; a bound against an exchange that never lets the end come.
MOST_PAGES = 500
# So many rows are likely a page that is full, whatever is known of its size: exchanges allow less than is asked for.
TYPICAL_PAGES = frozenset({20, 25, 50, 100, 200, 250, 300, 500, 1_000, 1_500, 2_000})
# From so many on, even where more were asked for and ccxt says that more may be told.
SMALLEST_BOUND = 100
# Exchanges that count in seconds, and exclude one end or the other, miss nothing where questions overlap by so much.
OVERLAP = 1_000
# Trades of the last moments may come between two questions: what is older was there when the first was asked, though the exchange's clock
# may be behind ours.
SETTLED = 120_000


class HistoryIncomplete(Exception):
    """There is more than could be read, or may be."""


class EndIgnored(Exception):
    """The exchange does not care about the end of the time that it was asked for."""


@dataclass(frozen=True)
class Page:
    rows: list[Row]
    # Everything that was in the answer.
    told: list[Row]
    # How many rows the question is seen to ask for.
    asked: int | None = None


# since, until (None: now), rows to skip, counted from the newest
Ask = Callable[[int, "int | None", int], Awaitable[Page]]


@dataclass(frozen=True)
class Rules:
    """What an exchange allows of a question for a list."""

    page: int | None
    window: int | None  # milliseconds
    back: int | None  # milliseconds
    takes_end: bool = True
    skips: bool = False
    # How far before what was asked for an answer may begin and still heed it.
    slack: int = OVERLAP

    @staticmethod
    def of(feature: dict[str, Any] | None, takes_end: bool = True, skips: bool = False) -> "Rules":
        feature = feature or {}
        days, back, page = feature.get("untilDays"), feature.get("daysBack"), feature.get("limit")
        return Rules(
            page=int(page) if page else None, window=int(days * DAY) if days else None,
            back=int(back * DAY) if back else None, takes_end=takes_end, skips=skips)

    def may_have_more(self, page: Page) -> bool:
        return len(page.told) in TYPICAL_PAGES or self.is_full(page)

    def is_full(self, page: Page) -> bool:
        """Whether a number may have ended the page: the one that was asked for, or that ccxt names. One that no request carries is no
        bound that the exchange knows: it may have ended the page at any round number."""
        count = len(page.told)
        if any(size is not None and count >= size for size in (self.page, page.asked)):
            return True
        is_known = self.page is not None and page.asked == self.page
        return count in TYPICAL_PAGES and (not is_known or count >= SMALLEST_BOUND)


def order(row: Row) -> tuple[int, str]:
    return (int(row.get("timestamp") or 0), str(row.get("id")))


def _times(rows: Iterable[Row]) -> list[int]:
    return [time for row in rows if (time := int(row.get("timestamp") or 0)) > 0]


class Reading:
    """Questions for one list, counted, and what came of them."""

    def __init__(self, what: str, ask: Ask, rules: Rules, since: int, now: int) -> None:
        self.what, self.rules, self.since, self.now = what, rules, since, now
        self.found: dict[str, Row] = {}
        self._ask, self._pages = ask, 0

    async def page(self, start: int, end: int | None, skip: int = 0) -> Page:
        self._pages += 1
        if self._pages > MOST_PAGES:
            raise self.incomplete(f"did not end within {MOST_PAGES} pages")
        page = await self._ask(start, end, skip)
        for row in page.rows:
            # Both sides of a trade of the account with itself bear one id.
            self.found.setdefault(f"{row.get('id')} {row.get('order')} {row.get('side')}", row)
        return page

    def incomplete(self, why: str) -> HistoryIncomplete:
        return HistoryIncomplete(f"{self.what} {why}")

    def times(self, page: Page) -> list[int]:
        times = _times(page.told)
        if not times:
            raise self.incomplete("bear no times, and there may be more")
        return times

    def windows(self) -> Iterable[tuple[int, int | None]]:
        """Spans of time that may be asked for at once; the last has no end, what comes meanwhile may come along."""
        start, window = self.since, self.rules.window
        while window is not None and start + window <= self.now:
            yield start, start + window - 1
            # Some exclude the end that they are asked for.
            start += max(window - OVERLAP, 1)
        yield start, None

    def before(self, end: int) -> int:
        """How many of those that are wanted are known to be older."""
        return sum(self.since <= order(row)[0] < end for row in self.found.values())


def _news(page: Page, seen: set[tuple[int, str]]) -> list[int]:
    """Times of what was not seen before; it is now."""
    rows = [row for row in page.told if order(row) not in seen]
    seen.update(order(row) for row in rows)
    return _times(rows)


async def own_trades(ask: Ask, rules: Rules, since: int, now: int, wanted: int) -> list[Row]:
    """Trades from `since` on, oldest first, the first `wanted` of them.

    A full page is an unbroken run of trades, somewhere in the time that was asked for. So what lies before it and after it is asked
    for until nothing is left; the direction in which an exchange tells need not be known.
    """
    if rules.back is not None and since < now - rules.back:
        raise HistoryIncomplete(f"own trades are told of the last {rules.back / DAY:g} days only")
    reading = Reading("own trades", ask, rules, since, now)
    for start, end in reading.windows():
        if reading.before(start) >= wanted:
            break
        try:
            if not rules.takes_end:
                raise EndIgnored
            await _between(reading, start, end, wanted)
        except EndIgnored:
            await (_backwards(reading, start, None) if rules.skips else _onwards(reading, start))
    return sorted((row for row in reading.found.values() if order(row)[0] >= since), key=order)[:wanted]


async def _between(reading: Reading, start: int, end: int | None, wanted: int) -> None:
    """What was told from a time to another, by whichever direction, and asked for again around it."""
    spans = [(start, end)]
    while spans:
        start, end = spans.pop()
        # The oldest span comes first: what is older than it is all there.
        if reading.before(start) >= wanted:
            return
        page = await reading.page(start, end)
        if not reading.rules.may_have_more(page):
            continue
        times = reading.times(page)
        oldest, newest = min(times), max(times)
        if end is not None and newest > end + 2 * OVERLAP:
            raise EndIgnored
        # Told without regard to the beginning that was asked for: the newest there are, back to before it.
        if oldest < start - reading.rules.slack:
            continue
        if oldest + OVERLAP >= (reading.now if end is None else end) or newest - 1 <= start:
            if reading.rules.skips:
                await _backwards(reading, start, end)
            elif reading.rules.is_full(page):
                raise reading.incomplete(f"are more than {len(page.told)} around {oldest}")
            # Else it was the number alone that looked like a page's.
            continue
        spans += [(newest - 1, end), (start, oldest + OVERLAP)]


async def _backwards(reading: Reading, start: int, end: int | None) -> None:
    """From the newest on, skipping what was told but the last row, which has to come again: the exchange may count something else than rows."""
    skip, seen = 0, set[tuple[int, str]]()
    while True:
        page = await reading.page(start, end, skip)
        if skip and seen.isdisjoint(map(order, page.told)):
            raise reading.incomplete(f"do not go on where {skip} are skipped")
        if not reading.rules.may_have_more(page) or min(reading.times(page)) < start - reading.rules.slack:
            return
        if not _news(page, seen):
            raise reading.incomplete(f"are told {len(page.told)} at a time, again and again the same")
        skip += len(page.told) - 1


async def _onwards(reading: Reading, start: int) -> None:
    """Without an end to ask for: page after page, where the exchange is seen to tell the oldest first."""
    page, seen = await reading.page(start, None), set[tuple[int, str]]()
    _news(page, seen)
    is_oldest_first = False
    while reading.rules.may_have_more(page):
        times = reading.times(page)
        if min(times) < start - reading.rules.slack:
            return
        newest = max(times)
        if newest <= start:
            raise reading.incomplete(f"are more than {len(page.told)} in one millisecond")
        following = await reading.page(newest, None)
        # Had the first page been of the newest, nothing old could follow it.
        news = _news(following, seen)
        is_oldest_first = is_oldest_first or any(time < reading.now - SETTLED for time in news)
        if not is_oldest_first and reading.rules.is_full(page):
            raise reading.incomplete(f"are told {len(page.told)} at a time, and it cannot be shown that there are no more")
        if not news:
            return
        start, page = newest, following


def _ends(rows: Iterable[Row]) -> Iterable[int]:
    """When orders ended, where that is told for sure."""
    for row in rows:
        status = row.get("status")
        if status in ("closed", "canceled", "expired", "rejected"):
            time = row.get("lastUpdateTimestamp") or (row.get("lastTradeTimestamp") if status == "closed" else None)
            if time:
                yield max(int(time), order(row)[0])


async def done_orders(
    ask: Ask, rules: Rules, since: int, now: int, is_sought: Callable[[Row], bool] = lambda _: False
) -> list[Row]:
    """Orders of a list that were placed or ended from `since` on, all of them; no more once the one that is sought is among them.

    Exchanges sort them by either time, so what a full page leaves out may lie anywhere: it is asked for again in two halves. Only
    pages that are not full count, and those in which one has ended before the time that was asked for: the exchange has told the newest
    without regard to that, and by either time they reach back to before it.
    """
    if rules.back is not None and since < now - rules.back:
        raise HistoryIncomplete(f"orders that are done are told of the last {rules.back / DAY:g} days only")
    reading = Reading("orders that are done", ask, rules, since, now)
    for window in reading.windows():
        spans = [window]
        while spans:
            start, end = spans.pop()
            page = await reading.page(start, end)
            if any(is_sought(row) for row in page.rows):
                return page.rows
            if not rules.may_have_more(page) or any(time < start - rules.slack for time in _ends(page.told)):
                continue
            middle = (start + (now if end is None else end)) // 2
            if not rules.takes_end or middle - start < OVERLAP:
                raise reading.incomplete(f"are {len(page.told)} and maybe more from {start} on")
            # The older half comes first: an order that is sought has often ended soon.
            spans += [(middle - OVERLAP // 2, end), (start, middle + OVERLAP // 2)]
    return list(reading.found.values())
