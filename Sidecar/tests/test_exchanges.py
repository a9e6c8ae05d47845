import time
import unittest
from typing import Any

import ccxt

from mrmarket_sidecar import abilities, orders
from mrmarket_sidecar.sessions import Session

from .test_order_options import Account

OURS = "mrmabcdef012"
DAY = 86_400_000


class ExchangeTests(unittest.IsolatedAsyncioTestCase):
    """What single exchanges answer, as ccxt's samples show it, and what is to be told of it."""

    async def session(self, exchange: str, answer: Any, **market: Any) -> Session:
        session = Session(exchange, {"apiKey": "k" * 10, "secret": "c2VjcmV0" * 4, "password": "p"}, {})
        self.addAsyncCleanup(session.close)
        account = Account(exchange)
        session.api.set_markets([{**account.rules(), **market}])
        await account.api.close()
        self.asked: list[Any] = []
        # It has told ids of ours before.
        session.proven = True

        async def request(path: str, api: Any = "public", method: str = "GET", params: Any = None, *_: Any, **__: Any) -> Any:
            self.asked.append((path, dict(params or {})))
            return answer(path, dict(params or {}))

        type(session.api).__mro__[1].request = self.replaced(type(session.api).__mro__[1], request)
        return session

    def replaced(self, kind: Any, request: Any) -> Any:
        """The request of ccxt's own class, so that what the sidecar adds to it is at work; put back afterwards."""
        had, before = "request" in vars(kind), vars(kind).get("request")
        self.addCleanup(lambda: setattr(kind, "request", before) if had else delattr(kind, "request"))
        return lambda _, *arguments, **named: request(*arguments, **named)

    async def test_one_lost_answer_makes_no_unified_account_a_classic_one(self) -> None:
        def answer(path: str, _: Any) -> Any:
            if path == "v3/account/settings" and len(self.asked) == 1:
                raise ccxt.RequestTimeout("lost")
            return {"code": "00000", "data": {"list": []} if path.startswith("v3") else []}

        session = await self.session("bitget", answer)
        with self.assertRaises(ccxt.RequestTimeout):
            await orders.open_orders(session, {"symbol": "BTC/USDT"})
        self.assertEqual(await orders.open_orders(session, {"symbol": "BTC/USDT"}), [])
        self.assertTrue(self.asked[-1][0].startswith("v3/"))
        self.assertTrue(session.api.options["uta"])

    async def test_an_account_that_is_not_unified_is_asked_as_a_classic_one_until_the_exchange_says_otherwise(self) -> None:
        says: list[str] = []

        def answer(path: str, _: Any) -> Any:
            if path == "v3/account/settings" and not says:
                raise ccxt.ExchangeError('bitget {"code":"40084","msg":"You are in Classic Account mode"}')
            if path.startswith("v2") and says:
                raise ccxt.PermissionDenied('bitget {"code":"40085","msg":"You are in Unified Account mode, and the Classic Account API …"}')
            return {"code": "00000", "data": {"list": []} if path.startswith("v3") else []}

        session = await self.session("bitget", answer)
        self.assertEqual(await orders.open_orders(session, {"symbol": "BTC/USDT"}), [])
        self.assertFalse(session.api.options["uta"])
        says.append("it was upgraded")
        with self.assertRaises(ccxt.PermissionDenied):
            await orders.open_orders(session, {"symbol": "BTC/USDT"})
        self.assertEqual(await orders.open_orders(session, {"symbol": "BTC/USDT"}), [])
        self.assertTrue(session.api.options["uta"])

    async def test_poloniex_is_asked_whose_each_order_is(self) -> None:
        def answer(path: str, params: Any) -> Any:
            return [] if path == "orders" else {
                "id": params["id"], "clientOrderId": OURS, "symbol": "BTCUSDT", "state": "FILLED", "side": "BUY", "type": "LIMIT",
                "price": "50000", "quantity": "1", "filledQuantity": "1", "createTime": 1_700_000_000_000}

        session = await self.session("poloniex", answer)
        owners = await orders.orders_of(session, {"symbol": "BTC/USDT", "ids": ["7"], "since": 1_699_990_000_000})
        self.assertEqual(owners, {"7": OURS})

    async def test_what_bitstamp_lists_as_left_is_not_what_was_ordered(self) -> None:
        row = {"price": "5", "currency_pair": "BTC/USDT", "client_order_id": OURS, "datetime": "2026-11-28 10:23:36", "amount": "0.4",
               "amount_at_create": "1.0", "type": "0", "id": "2814205012"}
        session = await self.session("bitstamp", lambda *_: [row], id="btcusdt")
        told = (await orders.open_orders(session, {"symbol": "BTC/USDT"}))[0]
        self.assertEqual([told[name] for name in ("amount", "filled", "remaining", "status")], ["1.0", "0.6", "0.4", "open"])

    async def test_an_open_order_that_a_list_tells_without_our_id_is_told_with_it_and_asked_for_once(self) -> None:
        row = {"cummulativeQuoteQty": 0, "symbol": "btc_usdt", "executedQty": 0, "orderId": "73878edf", "origQty": 100, "price": 0.05,
               "origQuoteOrderQty": 5, "updateTime": 1_648_501_762_000, "time": 1_648_501_762_353, "type": "buy", "status": 0}

        def answer(path: str, _: Any) -> Any:
            data = {"orders": [row]} if "no_deal" in path else {**row, "clientOrderId": OURS}
            return {"result": "true", "error_code": 0, "data": data}

        session = await self.session("lbank", answer, id="btc_usdt")
        for _ in range(2):
            told = await orders.open_orders(session, {"symbol": "BTC/USDT"})
            self.assertEqual([(order["id"], order["clientOrderId"]) for order in told], [("73878edf", OURS)])
        self.assertEqual(len([path for path, _ in self.asked if "no_deal" not in path]), 1)

    async def test_an_order_that_nothing_tells_an_id_of_is_not_passed_over_because_it_was_listed_before(self) -> None:
        row = {"cummulativeQuoteQty": 0, "symbol": "btc_usdt", "executedQty": 0, "orderId": "73878edf", "origQty": 100, "price": 0.05,
               "origQuoteOrderQty": 5, "updateTime": 1_648_501_762_000, "time": 1_648_501_762_353, "type": "buy", "status": 0}

        def answer(path: str, _: Any) -> Any:
            data = row if path.endswith("orders_info") else {"orders": [row] if "no_deal" in path else []}
            return {"result": "true", "error_code": 0, "data": data}

        session = await self.session("lbank", answer, id="btc_usdt")
        told = await orders.open_orders(session, {"symbol": "BTC/USDT"})
        self.assertEqual([order["clientOrderId"] for order in told], [None])
        with self.assertRaises(orders.HistoryIncomplete):
            await orders.look_up(session, {"symbol": "BTC/USDT", "clientOrderId": OURS, "since": 1_600_000_000_000})

    async def test_of_many_without_our_id_so_many_at_a_time_are_asked_for_and_none_is_told_before_all_are(self) -> None:
        rows = [{"cummulativeQuoteQty": 0, "symbol": "btc_usdt", "executedQty": 0, "orderId": f"o{index}", "origQty": 100, "price": 0.05,
                 "origQuoteOrderQty": 5, "updateTime": 1, "time": 1, "type": "buy", "status": 0} for index in range(70)]

        def answer(path: str, params: Any) -> Any:
            return {"result": "true", "error_code": 0, "data": {"orders": rows} if "no_deal" in path else rows[int(params["orderId"][1:])]}

        session = await self.session("lbank", answer, id="btc_usdt")
        with self.assertRaises(orders.HistoryIncomplete):
            await orders.open_orders(session, {"symbol": "BTC/USDT"})
        self.assertEqual(len(await orders.open_orders(session, {"symbol": "BTC/USDT"})), 70)
        self.assertEqual(len([path for path, _ in self.asked if "no_deal" not in path]), 70)

    async def test_who_cannot_be_asked_for_one_order_is_not_traded_on(self) -> None:
        for exchange in ("deepcoin", "tokocrypto"):
            self.assertIn("finds no order by the exchange's own id", abilities.obstacles(exchange, dict(getattr(ccxt, exchange)().has)))
        self.assertIn("tells times of own trades that cannot be read for sure", abilities.obstacles("delta", dict(ccxt.delta().has)))

    async def test_another_order_than_the_one_that_was_asked_for_is_no_answer(self) -> None:
        row = {"orderId": "99", "clientOrderId": "mrmanother001", "symbol": "BTCUSDT", "status": "FILLED", "side": "BUY", "type": "LIMIT",
               "price": "5", "origQty": "1", "executedQty": "1", "time": "1700000000000"}
        session = await self.session("toobit", lambda *_: row)
        with self.assertRaisesRegex(orders.HistoryIncomplete, "asked for one order and told 99"):
            await orders.look_up(session, {"symbol": "BTC/USDT", "id": "77", "clientOrderId": OURS, "since": 1_600_000_000_000})

    async def test_a_trade_that_cannot_be_read_is_never_left_out(self) -> None:
        now = int(time.time() * 1_000)
        good = {"id": "5", "orderId": "77", "symbol": "BTCUSDT", "price": "5", "qty": "1", "time": str(now - 1_000), "isBuyer": True,
                "isMaker": True, "feeCoinId": "USDT", "feeAmount": "0"}
        asked = {"symbol": "BTC/USDT", "since": now - 60_000, "limit": 10}
        session = await self.session("toobit", lambda *_: [{**good, "id": "6", "time": None}])
        with self.assertRaisesRegex(orders.HistoryIncomplete, "trade 6 without a time or a side"):
            await orders.trades_from(session, asked)
        # A trade with oneself, of which ccxt names one order alone.
        own = {"id": 6, "asset_pair_name": "BTC-USDT", "price": "5", "amount": "1", "side": "SELF_TRADING", "taker_side": "BID", "maker_fee": "0",
               "maker_order_id": 77, "taker_order_id": 78, "created_at": ccxt.Exchange.iso8601(now - 1_000)}
        session = await self.session("bigone", lambda *_: {"code": 0, "data": [own]}, id="BTC-USDT")
        with self.assertRaisesRegex(orders.HistoryIncomplete, "trade 6 without a time or a side"):
            await orders.trades_from(session, asked)
        session = await self.session("toobit", lambda *_: [good])
        self.assertEqual([trade["id"] for trade in await orders.trades_from(session, asked)], ["5"])

    async def test_whitebit_s_nothing_is_nothing_and_one_that_was_cancelled_in_part_is_looked_for_among_what_is_done(self) -> None:
        now = time.time()
        row = {"orderId": 77, "clientOrderId": OURS, "market": "BTC_USDT", "side": "buy", "type": "limit", "timestamp": now - 50, "dealMoney": "2",
               "dealStock": "0.4", "amount": "1", "left": "0.6", "price": "5", "dealFee": "0", "status": "PARTIALLY_FILLED"}
        done = {**{name: value for name, value in row.items() if name not in ("orderId", "timestamp", "left")},
                "id": 77, "ctime": now - 50, "ftime": now - 40}

        def answer(history: Any) -> Any:
            return lambda path, params: history if "history" in path else []

        session = await self.session("whitebit", answer([]), id="BTC_USDT")
        asked = {"symbol": "BTC/USDT", "clientOrderId": OURS, "since": int(now * 1_000) - 600_000}
        self.assertIsNone(await orders.look_up(session, asked))
        self.assertIsNone(await orders.look_up(session, {**asked, "id": "77"}))
        session = await self.session("whitebit", answer({"BTC_USDT": [done]}), id="BTC_USDT")
        found = await orders.look_up(session, {**asked, "id": "77"})
        self.assertEqual([(found or {}).get(name) for name in ("id", "status", "filled")], ["77", "closed", "0.4"])

    async def test_whose_an_order_is_is_asked_once(self) -> None:
        def answer(path: str, params: Any) -> Any:
            return [] if path == "orders" else {
                "id": params["id"], "clientOrderId": f"mrm{params['id']}", "symbol": "BTCUSDT", "state": "FILLED", "side": "BUY", "type": "LIMIT",
                "price": "50000", "quantity": "1", "filledQuantity": "1", "createTime": 1_700_000_000_000}

        session = await self.session("poloniex", answer)
        asked = {"symbol": "BTC/USDT", "ids": ["7", "8"], "since": 1_699_990_000_000}
        first = await orders.orders_of(session, asked)
        count = len(self.asked)
        self.assertEqual(await orders.orders_of(session, asked), first)
        self.assertEqual(len(self.asked), count)
        await orders.orders_of(session, {**asked, "ids": ["7", "8", "9"]})
        self.assertEqual([params.get("id") for path, params in self.asked[count:] if path != "orders"], ["9"])

    async def test_onetrading_tells_trades_of_more_than_a_week(self) -> None:
        now = int(time.time() * 1_000)
        times = [now - days * DAY for days in (1, 3, 11)]

        def answer(path: str, params: Any) -> Any:
            start = ccxt.Exchange.parse8601(params["from"])
            # Where no end is named it is seven days later, by ccxt's words on the question.
            end = ccxt.Exchange.parse8601(params["to"]) if "to" in params else start + 7 * DAY
            rows = [{"fee": {"fee_amount": "0.0014", "fee_currency": "BTC", "fee_percentage": "0.1", "fee_type": "TAKER"},
                     "trade": {"trade_id": f"t{told}", "order_id": "o1", "amount": "1.4", "side": "BUY", "instrument_code": "BTCUSDT",
                               "price": "7341.4", "time": ccxt.Exchange.iso8601(told), "sequence": 1}} for told in times if start <= told <= end]
            return {"trade_history": rows, "max_page_size": 100}

        session = await self.session("onetrading", answer)
        told = await orders.trades_from(session, {"symbol": "BTC/USDT", "since": now - 12 * DAY, "limit": 1_000})
        self.assertEqual(sorted(trade["timestamp"] for trade in told), sorted(times))

    async def test_that_there_is_no_order_of_our_id_counts_once_another_of_ours_was_told(self) -> None:
        """Whatever becomes of our id on its way: an order that rests under an id of the exchange's own is not told as none."""
        resting: list[Any] = []

        def row(number: int, client_id: str) -> Any:
            return {"orderId": str(number), "clientOrderId": client_id, "symbol": "BTCUSDT", "status": "NEW", "side": "BUY", "type": "LIMIT",
                    "price": "5", "origQty": "1", "executedQty": "0", "time": "1700000000000"}

        session = await self.session("toobit", lambda path, _: resting if "openOrders" in path else [])
        session.proven = False
        asked = {"symbol": "BTC/USDT", "clientOrderId": OURS, "since": 1_600_000_000_000}
        # Where nothing is at all, and nothing has traded since, it is not there either.
        self.assertIsNone(await orders.look_up(session, asked))
        for listed, since in (([], None), ([row(1, "17561402075722006")], 1_600_000_000_000)):
            resting[:] = listed
            with self.assertRaisesRegex(orders.HistoryIncomplete, "no order with an id of ours yet"):
                await orders._prove(session, "BTC/USDT", since)
        with self.assertRaisesRegex(orders.HistoryIncomplete, "no order with an id of ours yet"):
            await orders.look_up(session, asked)
        resting[:] = [row(1, "17561402075722006"), row(2, "mrm000000777")]
        self.assertIsNone(await orders.look_up(session, asked))
        # Also where the exchange is asked by our id.
        session = await self.session("coinsph", lambda path, _: resting if "openOrders" in path else [] if "myTrades" in path else self.none())
        session.proven, resting[:] = False, [row(1, "17561402075722006")]
        with self.assertRaisesRegex(orders.HistoryIncomplete, "no order with an id of ours yet"):
            await orders.look_up(session, asked)
        resting[:] = [row(2, "mrm000000777")]
        self.assertIsNone(await orders.look_up(session, asked))

    def none(self) -> Any:
        raise ccxt.OrderNotFound("-2013")

    async def test_bitvavo_tells_no_ids_of_ours_by_ccxt_s_code(self) -> None:
        self.assertFalse(abilities.client_order_ids("bitvavo")["tells"])
        self.assertIn("takes no client order ids of our form", abilities.obstacles("bitvavo", dict(ccxt.bitvavo().has)))

    async def test_how_long_a_request_is_valid_is_told(self) -> None:
        for exchange, seconds in (("kraken", 150), ("bitstamp", 180), ("woo", 300)):
            session = await self.session(exchange, lambda *_: {})
            self.assertEqual(session.abilities()["acceptanceSeconds"], seconds)


if __name__ == "__main__":
    unittest.main()
