import asyncio
import unittest
from typing import Any

from mrmarket_sidecar import streams
from mrmarket_sidecar.failures import Refusal


class Exchange:
    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.asked = 0

    async def watch_order_book(self, symbol: str) -> Any:
        value = await self.queue.get()
        if isinstance(value, BaseException):
            raise value
        return value

    watch_orders = watch_order_book

    async def fetch_order_book(self, symbol: str) -> Any:
        self.asked += 1
        return {"symbol": symbol, "bids": [["1", "1"]], "asks": [["2", "1"]]}


class Session:
    exchange, polls = "test", False

    def __init__(self, watches: bool) -> None:
        self.api = Exchange()
        self.watches = watches

    def abilities(self) -> dict[str, Any]:
        return {"streams": dict.fromkeys(("orderBook", "orders", "trades", "ticker", "ownTrades", "balance"), self.watches)}

    def market(self, symbol: str) -> str:
        return symbol

    def redact(self, text: str) -> str:
        return text

    async def books(self) -> Exchange:
        return self.api


class StreamTests(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        streams.SHORTEST_WAIT, streams.SETTLED_AFTER, streams.ALIVE_EVERY = 0.001, 0.01, 0.02

    async def tell(self, message: dict[str, Any]) -> None:
        await self.told.put(message)

    def start(self, watches: bool, **arguments: Any) -> tuple[Session, asyncio.Task[None]]:
        session = Session(watches)
        stream = streams.Stream(1, session, {"symbol": "A/B", **arguments}, self.tell)  # type: ignore[arg-type]
        task = asyncio.ensure_future(stream.run())
        self.addCleanup(task.cancel)
        return session, task

    async def kinds(self, count: int) -> list[str]:
        return [(await asyncio.wait_for(self.told.get(), 60))["t"] for _ in range(count)]

    async def test_a_break_is_told_once_and_so_is_the_return(self) -> None:
        session, _ = self.start(True, stream="orderBook")
        book = {"symbol": "A/B", "bids": [], "asks": []}
        for value in (book, OSError("gone"), OSError("gone"), book):
            session.api.queue.put_nowait(value)
        self.assertEqual(await self.kinds(4), ["event", "lost", "recovered", "event"])

    async def test_a_watcher_that_ccxt_cancels_ends_no_stream(self) -> None:
        for kind in ("orderBook", "orders"):
            with self.subTest(kind):
                session, task = self.start(True, stream=kind)
                session.api.queue.put_nowait(asyncio.CancelledError())
                if kind == "orderBook":
                    session.api.queue.put_nowait({"symbol": "A/B", "bids": [], "asks": []})
                self.assertEqual(await self.kinds(2), ["lost", "recovered"])
                self.assertFalse(task.done())
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                self.told = asyncio.Queue()

    async def test_a_silent_book_is_asked_for(self) -> None:
        session, _ = self.start(True, stream="orderBook", staleAfter=100)
        self.assertEqual(await self.kinds(2), ["event", "event"])
        self.assertGreaterEqual(session.api.asked, 2)

    async def test_a_watcher_that_never_works_is_given_up_for_asking(self) -> None:
        session, _ = self.start(True, stream="orderBook", interval=100)
        for _ in range(3):
            session.api.queue.put_nowait(OSError("refused"))
        self.assertEqual(await self.kinds(4), ["lost", "recovered", "event", "event"])

    async def test_a_quiet_account_says_that_it_lives(self) -> None:
        self.start(True, stream="orders")
        self.assertEqual(await self.kinds(2), ["alive", "alive"])

    async def test_own_orders_without_a_watcher_are_no_stream(self) -> None:
        with self.assertRaises(Refusal):
            streams.Stream(1, Session(False), {"symbol": "A/B", "stream": "orders"}, self.tell)  # type: ignore[arg-type]


if __name__ == "__main__":
    unittest.main()
