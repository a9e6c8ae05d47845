import json
import unittest
from typing import Any
from unittest import mock

import ccxt
import ccxt.async_support

from mrmarket_sidecar import abilities, orders
from mrmarket_sidecar.failures import Refusal, UNSUPPORTED
from mrmarket_sidecar.sessions import Session

ASKED: dict[str, dict[str, Any]] = {
    "IOC": {"timeInForce": "IOC"}, "FOK": {"timeInForce": "FOK"}, "PO": {"postOnly": True}}
ALL = ("IOC", "FOK", "PO")

REFUSED = {
    "bigone": ("FOK",), "latoken": ALL, "bitstamp": ALL, "btcturk": ALL, "zebpay": ALL, "phemex": ALL, "delta": ALL,
    "coinsph": ("PO",), "alpaca": ("FOK", "PO"), "weex": ("PO",), "blockchaincom": ("PO",), "onetrading": ALL, "ndax": ALL,
    "bitrue": ALL, "lighter": ALL, "whitebit": ("FOK",), "bittrade": ALL,
}
TAKEN = {
    **{name: ALL for name in (
        "binance", "binanceus", "okx", "myokx", "gate", "gateeu", "kucoin", "bybit", "bybiteu", "kraken", "coinbase", "bitget",
        "htx", "mexc", "bitfinex", "cryptocom", "gemini", "woo", "btcmarkets", "backpack", "poloniex", "bitvavo")},
    "bigone": ("IOC", "PO"), "alpaca": ("IOC",), "coinsph": ("IOC", "FOK"), "weex": ("IOC", "FOK"), "whitebit": ("IOC", "PO"),
    "blockchaincom": ("IOC", "FOK"), "bingx": ("IOC", "PO"), "hashkey": ("IOC", "PO"),
}
# Where our word is the exchange's own, by ccxt's code, by its words on createOrder, or by the exchange's manual.
OWN_WORDS = {
    **{name: ALL for name in ("backpack", "btcmarkets", "bitvavo")},
    **{name: ("IOC", "FOK") for name in ("blockchaincom", "bybit", "bybiteu", "bybitid", "poloniex", "weex")},
    "kucoin": ALL, "bingx": ("IOC",), "hashkey": ("IOC",), "whitebit": ("PO",),
}
# Cannot be driven without an account; their createOrder was read instead, and maps what it claims.
READ = {"bullish", "coinbaseinternational", "derive", "hyperliquid"}


class Sent(Exception):
    pass


class Account:
    """A session of which nothing leaves: requests stop where they would be signed. What is asked before an order is answered empty."""

    def __init__(self, exchange: str) -> None:
        self.exchange = exchange
        self.sent: list[Any] = []
        self.api = getattr(ccxt.async_support, exchange)({
            "apiKey": "k" * 32, "secret": "c2VjcmV0" * 4, "password": "p", "uid": "123456", "enableRateLimit": False,
            "privateKey": "0x" + "1" * 64, "walletAddress": "0x" + "2" * 40})
        self.api.options.update({"operatorId": 1, "defaultType": "spot"})
        self.api.number = str
        self.api.accounts = [{"id": "5", "type": "spot"}]
        self.api.set_markets([self.rules()])
        self.api.request = self.request
        self.api.load_markets = self.load
        self.api.uuid = self.api.uuid16 = self.api.uuid22 = lambda *_: "u"
        self.api.seconds = self.api.milliseconds = self.api.nonce = lambda *_: 1_700_000_000_000

    def rules(self) -> dict[str, Any]:
        steps = {"amount": 0.00001, "price": 0.01} if self.api.precisionMode == ccxt.TICK_SIZE else {"amount": 5, "price": 2}
        kinds = dict.fromkeys(("margin", "swap", "future", "option", "contract"), False)
        return {
            "id": "BTCUSDT", "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "baseId": "BTC", "quoteId": "USDT", "type": "spot",
            "spot": True, **kinds, "active": True, "precision": {**steps, "quote": 0.01}, "valueScale": 8, "numericId": 1,
            "limits": {"amount": {}, "price": {}, "cost": {}},
            "info": {"baseAssetPrecision": 8, "orderTypes": ["LIMIT", "LIMIT_MAKER"]}}

    async def load(self, *_: Any) -> Any:
        return self.api.markets

    async def request(self, path: str, api: Any = "public", method: str = "GET", params: Any = None, *_: Any, **__: Any) -> Any:
        if method == "GET" or ("rder" not in path):
            return {"result": {}, "data": {}, "status": "ok"}
        self.sent.append(json.loads(json.dumps([path, params], default=str)))
        raise Sent

    def obstacles(self) -> list[str]:
        return []

    def market(self, symbol: Any) -> str:
        return str(symbol)

    async def place(self, **options: Any) -> Any:
        """The request that would leave; the error of ours or ccxt's otherwise."""
        number = abilities.client_id_style(self.exchange) == "number"
        order = {
            "symbol": "BTC/USDT", "side": "buy", "type": "limit", "amount": "0.001", "price": "50000",
            "clientOrderId": "12345" if number else "mrmabcdef012", **options}
        try:
            await orders.create(self, order)  # type: ignore[arg-type]
        except Sent:
            return self.sent.pop()


def without(request: Any, option: str) -> Any:
    """The request less the raw field that we gave; what has become of it under the same name stays away too."""
    if isinstance(request, dict):
        return {key: without(value, option) for key, value in request.items()
                if (key, value) not in (("timeInForce", option), ("postOnly", True))}
    return [without(part, option) for part in request] if isinstance(request, list) else request


class OrderOptionTests(unittest.IsolatedAsyncioTestCase):
    def account(self, exchange: str) -> Account:
        account = Account(exchange)
        self.addAsyncCleanup(account.api.close)
        return account

    async def test_an_option_that_the_exchange_does_not_have_is_refused_before_anything_is_sent(self) -> None:
        words = {"IOC": "IOC", "FOK": "FOK", "PO": "post-only"}
        for exchange, options in REFUSED.items():
            account = self.account(exchange)
            for option in options:
                with self.subTest(exchange=exchange, option=option):
                    with self.assertRaisesRegex(Refusal, f"{exchange} through ccxt has no {words[option]}") as caught:
                        await account.place(**ASKED[option])
                    self.assertEqual((caught.exception.kind, caught.exception.name), (UNSUPPORTED, "OptionNotSupported"))
                    self.assertEqual(account.sent, [])

    async def test_an_option_that_it_has_is_sent(self) -> None:
        for exchange, options in TAKEN.items():
            account = self.account(exchange)
            plain = await account.place()
            for option in options:
                with self.subTest(exchange=exchange, option=option):
                    self.assertNotEqual(await account.place(**ASKED[option]), plain)

    async def test_no_claim_of_ccxt_is_believed_whose_request_it_does_not_change(self) -> None:
        for exchange in sorted(set(ccxt.exchanges) - READ):
            account = self.account(exchange)
            if abilities.obstacles(exchange, dict(account.api.has)):
                continue
            believed = [option for option in ALL if abilities.has_order_option(exchange, account.api.features, option)]
            for option in set(believed) - set(OWN_WORDS.get(exchange, ())):
                with self.subTest(exchange=exchange, option=option):
                    plain, asked = await account.place(), await account.place(**ASKED[option])
                    self.assertNotEqual(without(asked, option), plain, "only our raw field was added")

    def test_silence_is_a_no(self) -> None:
        for features in (None, {}, {"spot": None}, {"spot": {"createOrder": None}}, {"spot": {"createOrder": {"timeInForce": {}}}},
                         {"spot": {"createOrder": {"timeInForce": {"IOC": None}}}}):
            self.assertFalse(abilities.has_order_option("kraken", features, "IOC"), features)

    async def test_the_exchange_object_of_a_session_tells_the_same(self) -> None:
        session = Session("kraken", {}, {})
        self.assertTrue(abilities.has_order_option("kraken", session.api.features, "PO"))
        await session.close()

    async def test_orders_without_options_and_at_the_market_are_left_alone(self) -> None:
        self.assertIsNotNone(await self.account("zebpay").place(timeInForce="GTC"))
        account = self.account("blockchaincom")
        with mock.patch.object(abilities, "has_order_option", side_effect=AssertionError):
            self.assertIsNotNone(await account.place(type="market", timeInForce="IOC"))


if __name__ == "__main__":
    unittest.main()
