import random
import unittest
from dataclasses import dataclass, field
from typing import Any

from mrmarket_sidecar.history import DAY, HistoryIncomplete, Page, Rules, done_orders, own_trades

NOW = 400 * DAY


@dataclass
class Exchange:
    """Rows as an exchange keeps them, told by its rules: those of its other markets, too, which ccxt takes out of the answer."""

    times: list[int]
    page: int | None = 50
    window: int | None = None
    newest_first: bool = False
    heeds_since: bool = True
    heeds_end: bool = True
    by_seconds: bool = False
    skips: bool = False
    # What is to be skipped counts pages instead of rows.
    skips_pages: bool = False
    excludes_end: bool = False
    # Of orders: what it sorts and cuts by.
    ends: list[int] = field(default_factory=list)
    others: int = 0
    asked: int = 0
    # How many rows its requests are seen to ask for.
    size: int | None = None

    def __post_init__(self) -> None:
        count = len(self.times)
        self.rows = [{"id": str(index), "timestamp": time, "symbol": "OTHER" if self.others and index % self.others else "MINE"}
                     for index, time in enumerate(self.times)]
        self.sorting = {row["id"]: (self.ends[index] if self.ends else row["timestamp"], index)
                        for index, row in zip(range(count), self.rows)}

    def wanted(self, since: int) -> list[str]:
        rows = [row for row in self.rows if row["timestamp"] >= since and row["symbol"] == "MINE"]
        return [row["id"] for row in sorted(rows, key=lambda row: (row["timestamp"], row["id"]))]

    async def ask(self, since: int, until: int | None, skip: int) -> Page:
        self.asked += 1
        start, end = since if self.heeds_since else 0, 10**15 if until is None or not self.heeds_end else until
        if self.excludes_end and until is not None:
            end -= 1
        if self.by_seconds:  # the beginning excluded, in whole seconds
            start, end = start // 1_000 * 1_000 + 1, end // 1_000 * 1_000 + 1_000
        if self.window is not None:
            end = min(end, start + self.window - 1)
        rows = [row for row in sorted(self.rows, key=lambda row: self.sorting[row["id"]], reverse=self.newest_first)
                if start <= self.sorting[row["id"]][0] <= end]
        rows = rows[(skip * (self.page or 1) if self.skips_pages else skip) if self.skips else 0:][:self.page]
        return Page([row for row in rows if row["symbol"] == "MINE" and (self.ends or row["timestamp"] >= since)], rows, self.size)


def spread(chance: random.Random, since: int, count: int) -> list[int]:
    """Some calm, some in bursts."""
    times = []
    while len(times) < count:
        time = chance.randrange(since - 2 * DAY, NOW)
        times += [min(time + step * chance.choice((0, 3, 400)), NOW) for step in range(chance.choice((1, 1, 12)))]
    return sorted(times[:count])


class TradeTests(unittest.IsolatedAsyncioTestCase):
    async def test_every_trade_of_any_downtime_comes_once_and_in_order(self) -> None:
        for seed in range(400):
            chance = random.Random(seed)
            since = NOW - chance.randrange(1, 40) * DAY
            page = chance.choice([None, 50, 100])
            exchange = Exchange(
                spread(chance, since, chance.randrange(700)), page, chance.choice([None, DAY, 7 * DAY]),
                newest_first=chance.random() < 0.5, by_seconds=chance.random() < 0.3, others=chance.choice((0, 0, 3)),
                excludes_end=chance.random() < 0.3)
            rules = Rules(page=chance.choice((page, None)) if page in (50, 100) else None, window=exchange.window, back=None)
            found = await own_trades(exchange.ask, rules, since, NOW, 1_000)
            self.assertEqual([trade["id"] for trade in found], exchange.wanted(since), f"seed {seed}")

    async def test_nothing_is_missed_silently_whatever_an_exchange_does_with_a_question(self) -> None:
        whole = 0
        for seed in range(1_500):
            chance = random.Random(seed)
            since = NOW - chance.randrange(1, 40) * DAY
            exchange = Exchange(
                spread(chance, since, chance.randrange(300)), 50, newest_first=chance.random() < 0.5,
                heeds_since=chance.random() < 0.7, heeds_end=chance.random() < 0.5, by_seconds=chance.random() < 0.3,
                others=chance.choice((0, 4)), skips=chance.random() < 0.3, skips_pages=chance.random() < 0.3,
                excludes_end=chance.random() < 0.3)
            if not exchange.heeds_since and not exchange.newest_first:
                continue  # nobody answers a question for the latest with the oldest there are
            rules = Rules(chance.choice((None, 50)), None, None, takes_end=chance.random() < 0.7, skips=exchange.skips)
            try:
                found = await own_trades(exchange.ask, rules, since, NOW, 1_000)
            except HistoryIncomplete:
                self.assertGreaterEqual(len(exchange.rows), 20, f"seed {seed}")
                continue
            whole += 1
            self.assertEqual([trade["id"] for trade in found], exchange.wanted(since), f"seed {seed}")
        self.assertGreater(whole, 700)

    async def test_the_oldest_first_need_no_end(self) -> None:
        exchange = Exchange([NOW - DAY + step * 1_000 for step in range(420)])
        found = await own_trades(exchange.ask, Rules(None, None, None, takes_end=False), NOW - 2 * DAY, NOW, 1_000)
        self.assertEqual(len(found), 420)

    async def test_the_newest_first_without_an_end_are_not_taken_for_all(self) -> None:
        exchange = Exchange([NOW - DAY + step * 1_000 for step in range(120)], newest_first=True)
        with self.assertRaisesRegex(HistoryIncomplete, "told 50 at a time"):
            await own_trades(exchange.ask, Rules(None, None, None, takes_end=False), NOW - 2 * DAY, NOW, 1_000)
        exchange.heeds_since = False
        found = await own_trades(exchange.ask, Rules(None, None, None, takes_end=False), NOW - DAY + 90_000, NOW, 1_000)
        self.assertEqual([trade["id"] for trade in found], [str(index) for index in range(90, 120)])

    async def test_a_page_of_other_markets_is_not_taken_for_the_end(self) -> None:
        exchange = Exchange([NOW - DAY + step * 60_000 for step in range(120)], newest_first=True, by_seconds=True)
        for row in exchange.rows[10:]:
            row["symbol"] = "OTHER"
        found = await own_trades(exchange.ask, Rules(None, None, None), NOW - 2 * DAY, NOW, 1_000)
        self.assertEqual([trade["id"] for trade in found], [str(index) for index in range(10)])

    async def test_many_of_one_moment_are_skipped_through_where_that_can_be_done(self) -> None:
        exchange = Exchange([NOW - DAY] * 130, newest_first=True, by_seconds=True, skips=True)
        found = await own_trades(exchange.ask, Rules(None, None, None, skips=True), NOW - 2 * DAY, NOW, 1_000)
        self.assertEqual(len(found), 130)
        exchange.skips = False
        for skips in (True, False):
            with self.assertRaises(HistoryIncomplete):
                await own_trades(exchange.ask, Rules(None, None, None, skips=skips), NOW - 2 * DAY, NOW, 1_000)

    async def test_what_skips_something_else_than_rows_is_not_taken_for_rows(self) -> None:
        exchange = Exchange([NOW - DAY + step * 1_000 for step in range(430)], 50, newest_first=True, skips=True)
        rules = Rules(50, None, None, takes_end=False, skips=True)
        self.assertEqual(len(await own_trades(exchange.ask, rules, NOW - 2 * DAY, NOW, 1_000)), 430)
        exchange.skips_pages = True
        with self.assertRaisesRegex(HistoryIncomplete, "do not go on where 49 are skipped"):
            await own_trades(exchange.ask, rules, NOW - 2 * DAY, NOW, 1_000)

    async def test_a_trade_of_the_moment_in_which_one_question_ends_is_told(self) -> None:
        since = NOW - 3 * DAY - 5_000
        times = [since + day * DAY + offset for day in (1, 2, 3) for offset in (-2, -1, 0)]
        exchange = Exchange(times, 50, window=DAY, excludes_end=True)
        found = await own_trades(exchange.ask, Rules(50, DAY, None), since, NOW, 1_000)
        self.assertEqual(len(found), len(times))

    async def test_no_more_than_is_wanted_and_not_all_is_asked_for(self) -> None:
        exchange = Exchange([NOW - DAY + step * 1_000 for step in range(5_000)], 50)
        found = await own_trades(exchange.ask, Rules(50, None, None), NOW - DAY, NOW, 120)
        self.assertEqual([trade["id"] for trade in found], [str(index) for index in range(120)])
        self.assertLess(exchange.asked, 12)

    async def test_a_calm_account_is_asked_once(self) -> None:
        exchange = Exchange([NOW - 5_000, NOW - 3_000])
        self.assertEqual(len(await own_trades(exchange.ask, Rules(50, DAY, None), NOW - 60_000, NOW, 1_000)), 2)
        self.assertEqual(exchange.asked, 1)

    async def test_what_the_exchange_has_put_away_is_said(self) -> None:
        with self.assertRaisesRegex(HistoryIncomplete, "of the last 1 days only"):
            await own_trades(Exchange([]).ask, Rules(50, None, DAY), NOW - 2 * DAY, NOW, 1_000)

    async def test_a_number_that_only_looks_like_a_page_stops_nothing_where_the_page_is_known(self) -> None:
        for count in (20, 25, 50):
            exchange = Exchange([NOW - DAY + step for step in range(count)], 100, size=100)
            for takes_end in (True, False):
                rules = Rules(100, None, None, takes_end=takes_end)
                self.assertEqual(len(await own_trades(exchange.ask, rules, NOW - 2 * DAY, NOW, 1_000)), count)

    async def test_a_page_is_no_bound_that_no_request_carries_or_that_the_exchange_lowers(self) -> None:
        cases = (
            # Told 25 at a time, where ccxt says 500: a sweep of one moment, and one of a second.
            ([NOW - 60_000] * 40, 25, None, Rules(500, None, 90 * DAY), NOW - 120_000),
            ([NOW - 60_000 + step * 22 for step in range(40)], 25, None, Rules(500, None, 90 * DAY), NOW - 120_000),
            # Without an end to ask by: 50 at a time where ccxt says 100, and 100 where 1000 are asked for.
            ([NOW - DAY + step * 60_000 for step in range(200)], 50, None, Rules(100, 30 * DAY, None, takes_end=False), NOW - DAY - 1),
            ([NOW - DAY + step * 60_000 for step in range(300)], 100, 1_000, Rules(1_000, None, None, takes_end=False), NOW - DAY - 1),
        )
        for times, page, size, rules, since in cases:
            exchange = Exchange(times, page, newest_first=True, size=size)
            with self.subTest(page=page), self.assertRaises(HistoryIncomplete):
                await own_trades(exchange.ask, rules, since, NOW, 1_000)

    async def test_a_trade_of_now_does_not_show_the_direction_though_the_exchange_s_clock_is_behind(self) -> None:
        exchange = Exchange([NOW - DAY + step * 1_000 for step in range(120)], newest_first=True)
        plain = exchange.ask

        async def ask(since: int, until: int | None, skip: int) -> Page:
            exchange.rows.append({"id": f"new{exchange.asked}", "timestamp": NOW - 60_000 + exchange.asked, "symbol": "MINE"})
            exchange.sorting[f"new{exchange.asked}"] = (NOW - 60_000 + exchange.asked, 1_000 + exchange.asked)
            return await plain(since, until, skip)

        with self.assertRaises(HistoryIncomplete):
            await own_trades(ask, Rules(None, None, None, takes_end=False), NOW - 2 * DAY, NOW, 1_000)

    async def test_both_sides_of_a_trade_with_oneself_are_told(self) -> None:
        async def ask(*_: Any) -> Page:
            rows = [{"id": "1", "order": order, "side": side, "timestamp": NOW - 5} for order, side in (("7", "buy"), ("8", "sell"))]
            return Page(rows, rows)

        self.assertEqual(len(await own_trades(ask, Rules(None, None, None), NOW - 10, NOW, 9)), 2)

    async def test_rules_of_features(self) -> None:
        self.assertEqual(Rules.of({"limit": 1_000, "untilDays": 1, "daysBack": None}), Rules(1_000, DAY, None))
        self.assertEqual(Rules.of(None), Rules(None, None, None))


class DoneOrderTests(unittest.IsolatedAsyncioTestCase):
    async def test_all_orders_placed_since_are_told_or_it_is_said_that_they_are_not(self) -> None:
        whole = 0
        for seed in range(800):
            chance = random.Random(seed)
            since = NOW - chance.randrange(1, 100) * 60_000
            times = sorted(chance.randrange(since - 600_000, NOW - 1_000) for _ in range(chance.randrange(300)))
            ends = [chance.choice((time + chance.randrange(3_000), chance.randrange(time, NOW))) for time in times]
            exchange = Exchange(
                times, 50, newest_first=chance.random() < 0.5, heeds_since=chance.random() < 0.8, by_seconds=chance.random() < 0.3,
                heeds_end=chance.random() < 0.8, ends=chance.choice(([], ends)), others=chance.choice((0, 3)))
            try:
                found = await done_orders(exchange.ask, Rules(chance.choice((None, 50)), None, None, chance.random() < 0.8), since, NOW)
            except HistoryIncomplete:
                continue
            whole += 1
            self.assertLessEqual(set(exchange.wanted(since)), {row["id"] for row in found}, f"seed {seed}")
        self.assertGreater(whole, 300)

    async def test_one_that_has_ended_soon_after_its_placing_is_found_in_few_questions(self) -> None:
        times = [NOW - 36_000_000 + step * 5_000 for step in range(7_000)]
        exchange = Exchange(times, 100, newest_first=True, ends=[time + 4_000 for time in times])
        await done_orders(exchange.ask, Rules(100, None, None), times[0] - 600_000, NOW, lambda row: row["id"] == "3")
        self.assertLess(exchange.asked, 15)

    async def test_an_old_order_that_ended_just_now_does_not_make_a_full_page_reach_back(self) -> None:
        times = [NOW - 70_000] + [NOW - 60_000 + step * 1_000 for step in range(55)] + [NOW - 10 * DAY]
        ends = [NOW - 69_000] + [NOW - 59_500 + step * 1_000 for step in range(55)] + [NOW - 50_000]
        exchange = Exchange(times, 50, newest_first=True, ends=ends)
        found = await done_orders(exchange.ask, Rules(None, None, None), NOW - 130_000, NOW)
        self.assertIn("0", {row["id"] for row in found})

    async def test_an_order_that_ended_before_shows_that_a_page_of_the_newest_reaches_back(self) -> None:
        rows = [{"id": str(step), "timestamp": NOW - DAY + step, "status": "canceled", "lastUpdateTimestamp": NOW - step * 60_000}
                for step in range(50)]

        async def ask(*_: Any) -> Page:
            return Page(rows, rows)

        self.assertEqual(len(await done_orders(ask, Rules(50, None, None, takes_end=False), NOW - 600_000, NOW)), 50)
        with self.assertRaises(HistoryIncomplete):
            await done_orders(ask, Rules(50, None, None, takes_end=False), NOW - DAY, NOW)

    async def test_what_the_exchange_has_put_away_is_not_taken_for_what_never_was(self) -> None:
        with self.assertRaisesRegex(HistoryIncomplete, "of the last 7 days only"):
            await done_orders(Exchange([]).ask, Rules(50, None, 7 * DAY), NOW - 8 * DAY, NOW)


if __name__ == "__main__":
    unittest.main()
