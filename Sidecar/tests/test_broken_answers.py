import asyncio
import unittest
from typing import Any

from mrmarket_sidecar.failures import Trace
from mrmarket_sidecar.server import Server
from mrmarket_sidecar.sessions import Session

from .test_order_options import Account

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BROKEN = {
    "cut": HEAD + b'Content-Length: 300\r\n\r\n{"symbol":"BTCUSDT","orderId":12',
    "chunks": HEAD + b'Transfer-Encoding: chunked\r\n\r\n20\r\n{"symbol":"BT',
    "header": b"HTTP/1.1 200 OK\r\nbad\x00header\r\n\r\n{}",
    "gzip": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
    "nothing": b"",
}


class BrokenAnswerTests(unittest.IsolatedAsyncioTestCase):
    """A placement leaves for a server on this machine, whose answer breaks off."""

    async def place(self, exchange: str, answer: bytes) -> tuple[Any, int]:
        left: list[bytes] = []

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            left.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
            writer.close()

        listener = await asyncio.start_server(handle, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"

        def local(urls: Any) -> Any:
            return {name: local(url) for name, url in urls.items()} if isinstance(urls, dict) else address

        session = Session(exchange, {"apiKey": "k" * 10, "secret": "c2VjcmV0" * 4, "password": "p"}, {})
        account = Account(exchange)
        session.api.urls["api"] = local(session.api.urls["api"])
        session.api.set_markets([account.rules()])
        session.api.options["adjustForTimeDifference"] = False
        server, said = Server(False), []

        async def say(message: Any) -> None:
            said.append(message)

        server.say = say  # type: ignore[method-assign]
        server.sessions["s"] = session
        await server._answer(1, {
            "t": "request", "id": 1, "within": 5_000, "method": "createOrder", "session": "s", "args": {
                "symbol": "BTC/USDT", "side": "buy", "type": "limit", "amount": "0.001", "price": "50000",
                "clientOrderId": "mrmabcdef012"}}, Trace("s"))
        await session.close()
        await account.api.close()
        listener.close()
        return said[-1], len(left)

    async def test_an_order_whose_answer_breaks_off_is_unknown(self) -> None:
        for exchange in ("binance", "bitget", "kraken"):
            for name, answer in BROKEN.items():
                with self.subTest(exchange=exchange, answer=name):
                    said, left = await self.place(exchange, answer)
                    self.assertGreater(left, 0)
                    self.assertEqual((said["t"], said["kind"]), ("error", "unknown"), said)

    async def test_one_that_is_answered_with_a_no_is_refused(self) -> None:
        body = b'{"code":-2010,"msg":"Account has insufficient balance for requested action."}'
        said, _ = await self.place("binance", HEAD.replace(b"200 OK", b"400 Bad Request") + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.assertEqual((said["kind"], said["name"]), ("refused", "InsufficientFunds"))


if __name__ == "__main__":
    unittest.main()
