"""binance-connector (Binance's older official client) against the paper exchange: REST, market streams, the user stream by
listen key, and the WebSocket API."""
import contextlib
import json
from unittest import mock

import binance.api
from binance.error import ClientError
from binance.spot import Spot
from binance.websocket.spot.websocket_api import SpotWebsocketAPIClient
from binance.websocket.spot.websocket_stream import SpotWebsocketStreamClient

from paper import SYMBOL, D, Feed, Setting, check, check_that, limit, number, said
from story import Client, Story


class Connector(Client):
    errors = (ClientError,)

    def __init__(self, setting, key, secret):
        self.client = Spot(key, secret, base_url=setting.http)

    def info(self): return self.client.exchange_info()
    def depth(self, limit): return self.client.depth(SYMBOL, limit=limit)
    def account(self): return self.client.account()
    def cancel(self, client_id): return self.client.cancel_order(SYMBOL, origClientOrderId=client_id)
    def order(self, client_id): return self.client.get_order(SYMBOL, origClientOrderId=client_id)
    def open_orders(self): return self.client.get_open_orders(SYMBOL)
    def my_trades(self, order_id): return self.client.my_trades(SYMBOL, orderId=order_id)
    def code(self, error): return error.error_code
    def message(self, error): return error.error_message

    def place(self, client_id, **order):
        words = {name: number(value) if isinstance(value, D) else value for name, value in order.items()}
        return self.client.new_order(SYMBOL, newClientOrderId=client_id, **words)

    @contextlib.contextmanager
    def skewed(self, milliseconds):
        """The client asks the system's clock; here is one that is wrong."""
        right = binance.api.get_timestamp
        with mock.patch.object(binance.api, "get_timestamp", lambda: right() + milliseconds):
            yield


def into(feed):
    return lambda _, text: feed.put(json.loads(text))


def follow(setting, name, subscribe):
    feed = Feed(name)
    stream = SpotWebsocketStreamClient(stream_url=setting.ws, on_message=into(feed))
    subscribe(stream)
    feed.wait("the acknowledgement", lambda m: "result" in m and m["result"] is None)
    return feed


def by_socket_api(setting, price, quantity):
    answers = Feed("WebSocket API")
    client = SpotWebsocketAPIClient(
        stream_url=setting.ws + "/ws-api/v3", api_key=setting.alice[0], api_secret=setting.alice[1],
        on_message=into(answers))
    name = "bc-by-socket"
    order = limit(price, quantity)
    client.new_order(id=7, symbol=SYMBOL, side=order["side"], type=order["type"], timeInForce=order["timeInForce"],
                     price=float(price), quantity=float(quantity), newClientOrderId=name)
    made = answers.wait("the answer to order.place", lambda m: m.get("id") == 7)
    check("status of order.place", (made["status"], made.get("error")), (200, None))
    check("client id by socket", made["result"]["clientOrderId"], name)
    client.cancel_order(id="eight", symbol=SYMBOL, origClientOrderId=name)
    gone = answers.wait("the answer to order.cancel", lambda m: m.get("id") == "eight")
    check("status by socket", gone["result"]["status"], "CANCELED")
    client.cancel_order(id=9, symbol=SYMBOL, origClientOrderId=name)
    again = answers.wait("the answer to a second cancel", lambda m: m.get("id") == 9)
    check("a refusal by socket", (again["status"], again["error"]["code"]), (400, -2011))
    client.stop()
    said("order.place and order.cancel by WebSocket API")


def main():
    setting = Setting()
    alice = Connector(setting, *setting.alice)
    key = alice.client.new_listen_key()["listenKey"]
    check_that(len(key) > 20, "a listen key")
    check("renewing a listen key", alice.client.renew_listen_key(key), {})
    story = Story(
        "bc", alice, Connector(setting, *setting.bob),
        impostor=Connector(setting, setting.alice[0], "wrong" + setting.alice[1]),
        stranger=Connector(setting, "x" * 64, setting.alice[1]),
        user=follow(setting, "user data", lambda s: s.user_data(listen_key=key)),
        depth=follow(setting, "depth", lambda s: s.diff_book_depth(symbol="btcusdt", speed=100)),
        trades=follow(setting, "trades", lambda s: s.trade(symbol="btcusdt")))
    story.run()
    bid, _ = story.touch()
    far = story.rules.price(bid * D("0.99"))
    by_socket_api(setting, far, story.rules.enough(far))
    combined = Feed("combined")
    stream = SpotWebsocketStreamClient(stream_url=setting.ws, on_message=into(combined), is_combined=True)
    stream.book_ticker(symbol="btcusdt")
    combined.wait("a best price", lambda m: m.get("stream") == "btcusdt@bookTicker" and D(m["data"]["b"]) > 0)
    said("combined streams")
    check("closing a listen key", alice.client.close_listen_key(key), {})


main()
# The client's reading threads are no daemons and have no way to be told.
import os  # noqa: E402
os._exit(0)
