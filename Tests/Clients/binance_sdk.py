"""binance-sdk-spot (Binance's present official client) against the paper exchange: REST, market streams, and the user
stream by the WebSocket API. Answers pass through its typed models."""
import asyncio
import contextlib
import threading
from unittest import mock

import binance_common.utils
from binance_common.errors import BadRequestError, ClientError, UnauthorizedError
from binance_sdk_spot.spot import (
    ConfigurationRestAPI, ConfigurationWebSocketAPI, ConfigurationWebSocketStreams, Spot)

from paper import SYMBOL, D, Feed, Setting, check, limit, number, said
from story import Client, Story


def plain(answer):
    """The model as Binance's JSON."""
    model = answer.data() if hasattr(answer, "data") else answer
    if isinstance(model, list):
        return [plain(row) for row in model]
    return model.to_dict() if hasattr(model, "to_dict") else model


def plain_number(value):
    """A float, as the client wants it, but where it would write an exponent, which Binance does not take."""
    return number(value) if "e" in repr(float(value)) else float(value)


class Modern(Client):
    errors = (BadRequestError, UnauthorizedError, ClientError)

    def __init__(self, setting, key, secret):
        configuration = ConfigurationRestAPI(api_key=key, api_secret=secret, base_path=setting.http)
        self.client = Spot(config_rest_api=configuration).rest_api

    def info(self): return plain(self.client.exchange_info())
    def depth(self, limit): return plain(self.client.depth(symbol=SYMBOL, limit=limit))
    def account(self): return plain(self.client.get_account())
    def cancel(self, client_id): return plain(self.client.delete_order(symbol=SYMBOL, orig_client_order_id=client_id))
    def order(self, client_id): return plain(self.client.get_order(symbol=SYMBOL, orig_client_order_id=client_id))
    def open_orders(self): return plain(self.client.get_open_orders(symbol=SYMBOL))
    def my_trades(self, order_id): return plain(self.client.my_trades(symbol=SYMBOL, order_id=order_id))
    def code(self, error): return error.status_code
    def message(self, error): return error.error_message

    def place(self, client_id, side, type, quantity, price=None, timeInForce=None):
        words = dict(quantity=plain_number(quantity), new_client_order_id=client_id)
        if price is not None:
            words["price"] = plain_number(price)
        if timeInForce:
            words["time_in_force"] = timeInForce
        return plain(self.client.new_order(symbol=SYMBOL, side=side, type=type, **words))

    @contextlib.contextmanager
    def skewed(self, milliseconds):
        """The client asks the system's clock; here is one that is wrong."""
        right = binance_common.utils.get_timestamp
        with mock.patch.object(binance_common.utils, "get_timestamp", lambda: right() + milliseconds):
            yield


def event(message):
    """A stream's model as Binance's JSON, whichever of the possible ones it is. User data's models are called after their
    events and leave the name out."""
    model = getattr(message, "actual_instance", None) or message
    if not hasattr(model, "to_dict"):
        return model
    name = type(model).__name__
    return {"e": name[0].lower() + name[1:], **model.to_dict()}


class Streams:
    def __init__(self, setting):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.client = Spot(
            config_ws_api=ConfigurationWebSocketAPI(
                api_key=setting.alice[0], api_secret=setting.alice[1], stream_url=setting.ws + "/ws-api/v3"),
            config_ws_streams=ConfigurationWebSocketStreams(stream_url=setting.ws))
        self.api = self.call(self.client.websocket_api.create_connection())
        self.market = self.call(self.client.websocket_streams.create_connection())

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def follow(self, name, make):
        feed = Feed(name)

        async def begin():
            (await make(self.market)).on("message", lambda message: feed.put(event(message)))

        self.call(begin())
        return feed

    def user(self):
        feed = Feed("user data")

        async def begin():
            made = await self.api.user_data_stream_subscribe_signature()
            made.stream.on("message", lambda message: feed.put(event(message)))

        self.call(begin())
        return feed

    def by_socket_api(self, price, quantity):
        name = "sdk-by-socket"
        order = limit(price, quantity)
        made = plain(self.call(self.api.order_place(
            symbol=SYMBOL, side=order["side"], type=order["type"], time_in_force=order["timeInForce"],
            price=float(price), quantity=float(quantity), new_client_order_id=name)))
        check("client id by socket", made["result"]["clientOrderId"], name)
        gone = plain(self.call(self.api.order_cancel(symbol=SYMBOL, orig_client_order_id=name)))
        check("status by socket", gone["result"]["status"], "CANCELED")
        said("order.place and order.cancel by WebSocket API")


def main():
    setting = Setting()
    streams = Streams(setting)
    story = Story(
        "sdk", Modern(setting, *setting.alice), Modern(setting, *setting.bob),
        impostor=Modern(setting, setting.alice[0], "wrong" + setting.alice[1]),
        stranger=Modern(setting, "x" * 64, setting.alice[1]),
        user=streams.user(),
        depth=streams.follow("depth", lambda market: market.diff_book_depth(symbol="btcusdt", update_speed="100ms")),
        trades=streams.follow("trades", lambda market: market.trade(symbol="btcusdt")))
    story.run()
    bid, _ = story.touch()
    far = story.rules.price(bid * D("0.99"))
    streams.by_socket_api(far, story.rules.enough(far))
    prices = streams.follow("best prices", lambda market: market.book_ticker(symbol="btcusdt"))
    prices.wait("a best price", lambda m: D(m["b"]) > 0 and D(m["a"]) > D(m["b"]))
    said("best prices")


main()
import os  # noqa: E402
os._exit(0)
