import random
import unittest
from typing import Any

from mrmarket_sidecar.history import DAY, HistoryIncomplete, Rules, own_trades


class Account:
    """Trades as an exchange keeps them, told by its rules."""

    def __init__(self, times: list[int], page: int | None, window: int | None) -> None:
        self.trades = [{"id": str(index), "timestamp": time} for index, time in enumerate(times)]
        self.page, self.window, self.asked = page, window, 0

    async def fetch(self, since: int, until: int | None, limit: int | None) -> list[dict[str, Any]]:
        self.asked += 1
        end = until if until is not None else 10**15
        if self.window is not None:
            end = min(end, since + self.window - 1)
        return [trade for trade in self.trades if since <= trade["timestamp"] <= end][:self.page]


class HistoryTests(unittest.IsolatedAsyncioTestCase):
    async def test_every_trade_of_any_downtime_comes_once_and_in_order(self) -> None:
        for seed in range(200):
            chance = random.Random(seed)
            now = 400 * DAY
            since = now - chance.randrange(1, 40) * DAY
            times = sorted(chance.randrange(since - DAY, now) for _ in range(chance.randrange(120)))
            page = chance.choice([None, 7, 50])
            account = Account(times, page, chance.choice([None, DAY, 7 * DAY]))
            rules = Rules(page=page, window=account.window, back=None)
            found = await own_trades(account.fetch, rules, since, now, 1_000)
            expected = [str(index) for index, time in enumerate(times) if time >= since]
            self.assertEqual([trade["id"] for trade in found], expected, f"seed {seed}")

    async def test_no_more_than_is_wanted(self) -> None:
        account = Account(list(range(DAY, DAY + 500)), 50, None)
        found = await own_trades(account.fetch, Rules(50, None, None), DAY, 2 * DAY, 120)
        self.assertEqual([trade["id"] for trade in found], [str(index) for index in range(120)])

    async def test_a_page_full_of_one_millisecond_is_not_taken_for_the_end(self) -> None:
        account = Account([DAY] * 80, 50, None)
        with self.assertRaises(HistoryIncomplete):
            await own_trades(account.fetch, Rules(50, None, None), DAY, 2 * DAY, 1_000)

    async def test_rules_of_features(self) -> None:
        self.assertEqual(Rules.of({"limit": 1_000, "untilDays": 1, "daysBack": None}), Rules(1_000, DAY, None))
        self.assertEqual(Rules.of(None), Rules(None, None, None))


if __name__ == "__main__":
    unittest.main()
