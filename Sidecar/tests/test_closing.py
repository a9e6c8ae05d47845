import asyncio
import unittest
from typing import Any

from mrmarket_sidecar.server import Server


class ClosingTests(unittest.IsolatedAsyncioTestCase):
    """A session that is slow to close, replaced or closed, keeps nobody waiting."""

    async def test_everybody_else_is_answered_meanwhile(self) -> None:
        server, said = Server(False), []

        async def say(message: Any) -> None:
            said.append((message["t"], message["id"]))

        server.say = say  # type: ignore[method-assign]
        released, closing = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            closing.set()
            await released.wait()

        def request(number: int, method: str) -> dict[str, Any]:
            return {"t": "request", "id": number, "within": 10_000, "method": method, "session": "kraken/a", "args": {"exchange": "kraken"}}

        await server._take(request(1, "open"))
        for number, method in ((2, "open"), (4, "close")):
            api = server.sessions["kraken/a"].api
            plain, api.close = api.close, slow
            closing.clear()
            await server._take(request(number, method))
            await server._take({"t": "ping", "id": number + 1})
            self.assertEqual(said[-2:], [("answer", number), ("pong", number + 1)])
            await closing.wait()
            await plain()
        released.set()
        await asyncio.gather(*server.work)
        self.assertEqual(server.sessions, {})


if __name__ == "__main__":
    unittest.main()
