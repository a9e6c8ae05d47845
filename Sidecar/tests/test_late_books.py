import asyncio
import unittest
from typing import Any

from mrmarket_sidecar import lateness, streams

from .test_streams import Session


class Market:
    """A market that rises by a hundredth each step, watched so many seconds late."""

    step = 0.02

    def __init__(self, delay: float) -> None:
        self.begun = asyncio.get_running_loop().time()
        self.delay, self.moves, self.breaks, self.asked, self.dropped = delay, True, False, 0, 0
        self.falls_at: int | None = None

    def book(self, delay: float = 0) -> dict[str, Any]:
        age = max(0.0, asyncio.get_running_loop().time() - self.begun - delay)
        price = 100 * (1.01 ** int(age / self.step)) if self.moves else 100
        return {"symbol": "A/B", "bids": [[price, 1]], "asks": [[price + 0.01, 1]]}

    async def watch_order_book(self, symbol: str) -> Any:
        await asyncio.sleep(0.005)
        if self.asked == self.falls_at:
            self.falls_at = None
            raise OSError("fallen")
        return self.book(self.delay)

    async def fetch_order_book(self, symbol: str) -> Any:
        self.asked += 1
        if self.breaks:
            raise OSError("down")
        return self.book()


class SnapshotMarket(Market):
    """As exchanges do it: a subscription begins with a book of now, to which words from before change nothing."""

    # Slow enough for the first answer to be reached by what it began with.
    step = 0.15
    subscribed: float | None = None

    def book(self, delay: float = 0) -> dict[str, Any]:
        now = asyncio.get_running_loop().time()
        if delay and self.subscribed is None:
            self.subscribed = now
        return super().book(min(delay, now - self.subscribed) if delay and self.subscribed is not None else 0)


class MarketSession(Session):
    def __init__(self, market: Market) -> None:
        super().__init__(True)
        self.api: Any = market

    def drop_watchers(self, source: Any) -> None:
        source.dropped += 1
        source.subscribed = None


class LateBookTests(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.told: list[dict[str, Any]] = []
        names = ("SHORTEST_WAIT", "COMPARE_SOON", "COMPARE_AFTER", "POLLS_FOR")
        self.kept = [(streams, name, getattr(streams, name)) for name in names] + [(lateness, "BEFORE", lateness.BEFORE)]
        streams.SHORTEST_WAIT, streams.COMPARE_SOON, streams.COMPARE_AFTER, streams.POLLS_FOR = 0.001, 0.02, 0.1, 0.3
        lateness.BEFORE = 0.05

    def tearDown(self) -> None:
        for module, name, value in self.kept:
            setattr(module, name, value)

    async def tell(self, message: dict[str, Any]) -> None:
        self.told.append({**message, "at": asyncio.get_running_loop().time()})

    def stream(self, market: Market) -> streams.Stream:
        arguments = {"stream": "orderBook", "symbol": "A/B", "compareEvery": 100, "interval": 100}
        return streams.Stream(1, MarketSession(market), arguments, self.tell)  # type: ignore[arg-type]

    async def watch(self, market: Market, seconds: float) -> None:
        task = asyncio.ensure_future(self.stream(market).run())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def late(self, market: Market, after: float) -> list[dict[str, Any]]:
        """What was told more than a step behind the market, from so many seconds on."""
        events = [word for word in self.told if word["t"] == "event" and word["at"] > market.begun + after]
        self.assertGreater(len(events), 3)

        def truth(moment: float) -> float:
            return float(100 * (1.01 ** int((moment - market.begun) / market.step)))

        return [word for word in events if float(word["data"]["bids"][0][0]) < truth(word["at"] - 0.2)]

    async def test_a_late_book_is_lost_asked_for_instead_and_never_told_again_while_it_is_late(self) -> None:
        market = Market(delay=0.6)
        await self.watch(market, 3)
        self.assertIn("lost", [word["t"] for word in self.told])
        self.assertIn("talks of some time ago", next(word["message"] for word in self.told if word["t"] == "lost"))
        self.assertGreaterEqual(market.dropped, 2, "it is tried again and again")
        self.assertEqual(self.late(market, after=1), [])

    async def test_a_new_subscription_that_begins_with_a_book_of_now_shows_nothing(self) -> None:
        market = SnapshotMarket(delay=0.6)
        await self.watch(market, 4)
        self.assertGreaterEqual(market.dropped, 2)
        self.assertEqual(self.late(market, after=1.7), [])

    async def test_one_that_breaks_while_it_is_in_question_has_to_be_shown_to_be_in_time(self) -> None:
        market = Market(delay=0.6)
        # There is a second question as the first was missed.
        market.falls_at = 2
        await self.watch(market, 2)
        lost = next(word for word in self.told if word["t"] == "lost")
        self.assertEqual(lost["message"], "fallen")
        self.assertEqual(self.late(market, after=lost["at"] - market.begun), [])

    async def test_a_question_that_fails_is_no_reason_to_ask_again_soon(self) -> None:
        market = Market(delay=0.6)
        market.breaks = True
        stream = self.stream(market)
        for is_doubted in (False, True):
            stream._is_doubted = is_doubted
            self.assertTrue(await stream._is_in_time())
        self.assertEqual((stream._comparison.misses, stream._comparison.is_proven), (0, False))

    async def test_one_that_is_in_time_again_is_told_again(self) -> None:
        market = Market(delay=0.6)
        running = asyncio.ensure_future(self.watch(market, 3))
        await asyncio.sleep(1)
        market.delay = 0
        await running
        last = [word for word in self.told if word["at"] > market.begun + 2.5]
        # Asking alone brings one in a tenth of a second.
        self.assertGreater(len(last), 20)
        self.assertEqual({word["t"] for word in last}, {"event"})

    async def test_one_in_time_is_never_called_late_nor_one_that_stands_still(self) -> None:
        for moves, delay in [(True, 0.01), (False, 0.6)]:
            with self.subTest(moves=moves):
                self.told.clear()
                market = Market(delay)
                market.moves = moves
                await self.watch(market, 1.5)
                self.assertEqual({word["t"] for word in self.told}, {"event"})
                self.assertGreater(market.asked, 3)
                self.assertLess(market.asked, 40)

    async def test_questions_that_fail_hold_nothing_up(self) -> None:
        market = Market(delay=0.01)
        market.breaks = True
        await self.watch(market, 1)
        self.assertEqual({word["t"] for word in self.told}, {"event"})
        self.assertGreater(len(self.told), 60)


if __name__ == "__main__":
    unittest.main()
