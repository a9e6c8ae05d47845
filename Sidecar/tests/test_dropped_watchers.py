import asyncio
import json
import time
import unittest
from typing import Any

import aiohttp
import ccxt
from aiohttp import web
from ccxt.async_support.base.exchange import Exchange

from mrmarket_sidecar import lateness, sessions, streams
from mrmarket_sidecar.sessions import Session


def price(age: float) -> float:
    return float(100 * 1.01 ** int(max(0.0, age) / 0.05))


class Watching(Exchange):
    """ccxt's own connections, on a small exchange of this test's."""

    address, begun = "", 0.0

    async def watch_order_book(self, symbol: str, limit: Any = None, params: Any = None) -> Any:
        return await self.watch(self.address, symbol, {"symbol": symbol}, symbol)

    def handle_message(self, client: Any, message: Any) -> None:
        client.resolve(message, message["symbol"])

    async def fetch_order_book(self, symbol: str, limit: Any = None, params: Any = None) -> Any:
        now = price(time.monotonic() - self.begun)
        return {"symbol": symbol, "bids": [[now, 1]], "asks": [[now + 0.01, 1]]}


class WatchingSession(Session):
    def __init__(self, source: Watching) -> None:
        super().__init__("kraken", {}, {})
        self.api = self.source = source

    def abilities(self) -> dict[str, Any]:
        return {"streams": {"orderBook": True}}

    def market(self, symbol: Any) -> str:
        return str(symbol)

    async def books(self) -> Watching:
        return self.source

    def drop_watchers(self, source: Any) -> None:
        self.dropped_at = time.monotonic() - self.source.begun
        super().drop_watchers(source)


class DroppedWatcherTests(unittest.IsolatedAsyncioTestCase):
    """A late watcher of ccxt's begins anew, on a server that is slow to answer a close."""

    async def asyncSetUp(self) -> None:
        changes: list[tuple[Any, str, float]] = [
            (streams, "SHORTEST_WAIT", 0.05), (streams, "COMPARE_SOON", 0.05), (streams, "COMPARE_AFTER", 0.15),
            (streams, "POLLS_FOR", 1.0), (lateness, "BEFORE", 0.1), (sessions, "DROPS_EVERY", 0.8)]
        for module, name, value in changes:
            self.addCleanup(setattr, module, name, getattr(module, name))
            setattr(module, name, value)
        self.begun, self.connections, self.open, self.late = time.monotonic(), 0, 0, {"LATE"}
        self.stays_late = False
        app = web.Application()
        app.router.add_get("/", self.serve)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.addAsyncCleanup(self.runner.cleanup)
        self.source = Watching({"enableRateLimit": False, "newUpdates": True})
        self.source.begun = self.begun
        self.source.address = f"ws://127.0.0.1:{self.runner.addresses[0][1]}/"
        self.session = WatchingSession(self.source)
        self.addAsyncCleanup(self.source.close)
        self.told: dict[str, list[dict[str, Any]]] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoclose=False)
        await socket.prepare(request)
        self.connections, self.open = self.connections + 1, self.open + 1
        symbols: list[str] = []
        talking = asyncio.ensure_future(self.talk(socket, symbols, self.connections == 1 or self.stays_late))
        async for message in socket:
            if message.type == aiohttp.WSMsgType.TEXT:
                symbols.append(json.loads(message.data)["symbol"])
        talking.cancel()
        self.open -= 1
        await asyncio.sleep(0.6)
        return socket

    async def talk(self, socket: web.WebSocketResponse, symbols: list[str], is_late: bool) -> None:
        while not socket.closed:
            for symbol in list(symbols):
                delay = 1.0 if is_late and symbol in self.late else 0.0
                bid = price(time.monotonic() - self.begun - delay)
                await socket.send_str(json.dumps({"symbol": symbol, "bids": [[bid, 1]], "asks": [[bid + 0.01, 1]]}))
            await asyncio.sleep(0.01)

    def watch(self, symbol: str) -> None:
        words: list[dict[str, Any]] = []
        self.told[symbol] = words

        async def tell(message: dict[str, Any]) -> None:
            words.append({**message, "age": time.monotonic() - self.begun})

        arguments = {"stream": "orderBook", "symbol": symbol, "compareEvery": 200, "interval": 100}
        task = asyncio.ensure_future(streams.Stream(1, self.session, arguments, tell).run())
        self.addCleanup(task.cancel)
        self.tasks[symbol] = task

    def kinds(self, symbol: str) -> list[str]:
        return [word["t"] for word in self.told[symbol] if word["t"] != "event"]

    async def test_it_is_lost_at_once_and_the_others_of_its_connection_come_back(self) -> None:
        self.watch("LATE")
        self.watch("GOOD")
        await asyncio.sleep(3.5)
        for symbol in self.told:
            with self.subTest(symbol):
                # One that is not waiting in that moment finds the new connection without a word.
                self.assertIn(self.kinds(symbol), [["lost", "recovered"]] + [[]] * (symbol == "GOOD"))
                self.assertFalse(self.tasks[symbol].done())
                recent = [word for word in self.told[symbol] if word["age"] > 3]
                self.assertGreater(len(recent), 15, "it is watched again, not asked for")
        lost = next(word["age"] for word in self.told["LATE"] if word["t"] == "lost")
        self.assertLess(lost - self.session.dropped_at, 0.3, "nobody waits for the old connection's end")
        self.assertEqual((self.connections, self.open), (2, 1), "no connection is left behind")

    async def test_many_that_are_late_together_are_all_found_in_one_go(self) -> None:
        self.stays_late, streams.POLLS_FOR = True, 5.0
        self.late = {f"B{number}" for number in range(12)}
        for symbol in sorted(self.late):
            self.watch(symbol)
        await asyncio.sleep(3)
        for symbol, words in self.told.items():
            with self.subTest(symbol):
                late = [word["age"] for word in words if word["t"] == "event" and word["age"] > 1.5
                        and float(word["data"]["bids"][0][0]) < price(word["age"] - 0.5)]
                self.assertEqual(late, [])
                self.assertLessEqual(self.kinds(symbol).count("lost"), 2)

    async def test_they_begin_anew_only_so_often_and_what_is_being_opened_is_left_alone(self) -> None:
        class Client:
            def __init__(self, connection: Any) -> None:
                self.connection, self.error, self.resets, self.closes = connection, None, 0, 0

            def reset(self, error: Exception) -> None:
                self.resets += 1

            async def close(self) -> None:
                self.closes += 1
                raise OSError("what fails in the end concerns nobody")

        stands, opens = Client(object()), Client(None)
        self.source.clients = {"a": stands, "b": opens}
        self.session.drop_watchers(self.source)
        self.assertEqual(self.source.clients, {"b": opens})
        self.assertIsInstance(stands.error, ccxt.NetworkError)
        opens.connection = object()
        self.session.drop_watchers(self.source)
        await asyncio.sleep(0.05)
        self.assertEqual([stands.resets, stands.closes, opens.resets, opens.closes], [1, 1, 0, 0])
        sessions.DROPS_EVERY = 0.01
        self.session.drop_watchers(self.source)
        await asyncio.sleep(0.05)
        self.assertEqual([opens.resets, opens.closes, self.source.clients], [1, 1, {}])


if __name__ == "__main__":
    unittest.main()
