"""python-binance against the paper exchange: REST by the plain client, streams by the asynchronous one."""
import asyncio
import contextlib
import threading

from binance import AsyncClient, BinanceSocketManager, Client as Binance
from binance.exceptions import BinanceAPIException

from paper import SYMBOL, D, Feed, Setting, check, check_that, limit, number, said
from story import Client, Story


class PythonBinance(Client):
    errors = (BinanceAPIException,)

    def __init__(self, key, secret):
        self.client = Binance(key, secret)

    def info(self): return self.client.get_exchange_info()
    def depth(self, limit): return self.client.get_order_book(symbol=SYMBOL, limit=limit)
    def account(self): return self.client.get_account()
    def cancel(self, client_id): return self.client.cancel_order(symbol=SYMBOL, origClientOrderId=client_id)
    def order(self, client_id): return self.client.get_order(symbol=SYMBOL, origClientOrderId=client_id)
    def open_orders(self): return self.client.get_open_orders(symbol=SYMBOL)
    def my_trades(self, order_id): return self.client.get_my_trades(symbol=SYMBOL, orderId=order_id)
    def code(self, error): return error.code
    def message(self, error): return error.message

    def place(self, client_id, **order):
        words = {name: number(value) if isinstance(value, D) else value for name, value in order.items()}
        return self.client.create_order(symbol=SYMBOL, newClientOrderId=client_id, **words)

    @contextlib.contextmanager
    def skewed(self, milliseconds):
        self.client.timestamp_offset = milliseconds
        try:
            yield
        finally:
            self.client.timestamp_offset = 0


class Streams:
    """A loop of its own on a thread of its own, as an asynchronous program would have."""

    def __init__(self, setting):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.client = self.call(AsyncClient.create(*setting.alice))
        self.sockets = self.call(self.manager())

    async def manager(self):
        # The client takes the loop of whoever makes a thing.
        return BinanceSocketManager(self.client)

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def follow(self, name, make):
        feed, opened = Feed(name), threading.Event()

        async def read():
            try:
                async with make(self.sockets) as stream:
                    self.loop.call_soon(opened.set)
                    while True:
                        feed.put(await stream.recv())
            except Exception as error:
                feed.put({"failed": repr(error)})
                raise

        asyncio.run_coroutine_threadsafe(read(), self.loop)
        check_that(opened.wait(15), f"{name} opens: {feed.messages}")
        return feed

    def by_socket_api(self, price, quantity):
        """An order by the WebSocket API, placed and cancelled."""
        name = "pb-by-socket"
        made = self.call(self.client.ws_create_order(
            symbol=SYMBOL, newClientOrderId=name,
            **{k: number(v) if isinstance(v, D) else v for k, v in limit(price, quantity).items()}))
        check("client id by socket", made["clientOrderId"], name)
        gone = self.call(self.client.ws_cancel_order(symbol=SYMBOL, origClientOrderId=name))
        check("status by socket", gone["status"], "CANCELED")
        said("order.place and order.cancel by WebSocket API")


def main():
    setting = Setting()
    for kind in (Binance, AsyncClient):
        kind.API_URL = setting.http + "/api"
        kind.MARGIN_API_URL = setting.http + "/sapi"
        kind.WS_API_URL = setting.ws + "/ws-api/v3"
    BinanceSocketManager.STREAM_URL = setting.ws + "/"
    streams = Streams(setting)
    story = Story(
        "pb", PythonBinance(*setting.alice), PythonBinance(*setting.bob),
        impostor=PythonBinance(setting.alice[0], "wrong" + setting.alice[1]),
        stranger=PythonBinance("x" * 64, setting.alice[1]),
        user=streams.follow("user data", lambda sockets: sockets.user_socket()),
        depth=streams.follow("depth", lambda sockets: sockets.depth_socket(SYMBOL, interval=100)),
        trades=streams.follow("trades", lambda sockets: sockets.trade_socket(SYMBOL)))
    story.run()
    bid, _ = story.touch()
    far = story.rules.price(bid * D("0.99"))
    streams.by_socket_api(far, story.rules.enough(far))
    combined = streams.follow("combined", lambda sockets: sockets.multiplex_socket(
        ["btcusdt@bookTicker", "btcusdt@depth5@100ms"]))
    combined.wait("a best price", lambda m: m.get("stream") == "btcusdt@bookTicker" and D(m["data"]["b"]) > 0)
    combined.wait("a partial book", lambda m: m.get("stream") == "btcusdt@depth5@100ms"
                  and len(m["data"]["bids"]) == 5)
    said("combined streams")


main()
