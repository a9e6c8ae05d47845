import contextlib
import json
import re
import time
import unittest
from typing import Any

import ccxt

from mrmarket_sidecar import abilities, listings, orders
from mrmarket_sidecar.history import HistoryIncomplete
from mrmarket_sidecar.sessions import Session

from .test_order_options import Account, Sent

OURS = "mrmabcdef012"
# A minute before the tests.
BEGAN = int(time.time() * 1_000) - 60_000
# Our ids are not of a form that these could send; their cancelOrder was read instead.
READ = {"hyperliquid", "pacifica"}


class Asked(Account):
    """A session of which the first request that bears our id is kept."""

    async def request(self, path: str, api: Any = "public", method: str = "GET", params: Any = None, *_: Any, **__: Any) -> Any:
        told = json.loads(json.dumps([path, params], default=str))
        if self.ours in json.dumps(told):
            self.last = told
            self.sent.append(told)
            # What is asked on the way, of the account for instance, is not the question.
            if re.search("rder|ancel", json.dumps(told).replace("lientOrderId", "")):
                raise Sent
        return {"result": {}, "data": {}, "status": "ok"}

    def __init__(self, exchange: str) -> None:
        super().__init__(exchange)
        self.api.options.update({"subaccount_id": "1", "tradingAccountId": "1"})
        self.ours, self.last = OURS, None

    @property
    def has(self) -> dict[str, Any]:
        return dict(self.api.has)


def is_whole(value: Any) -> bool:
    """Nothing is left out that should be there: the place of the exchange's own id, above all."""
    if isinstance(value, dict):
        return all(is_whole(part) for part in value.values())
    if isinstance(value, list):
        return all(is_whole(part) for part in value)
    return value is not None and "None" not in str(value)


# Under which name each exchange takes our id, by its manual or by ccxt's own reading of what it tells.
NAMES = {
    "alpaca": "client_order_id", "bigone": "client_order_id", "binance": "newClientOrderId", "binanceus": "newClientOrderId", "bitfinex": "cid",
    "bitget": "clientOid", "bitrue": "newClientOrderId", "bitstamp": "client_order_id", "btcmarkets": "clientOrderId",
    "coinbase": "client_order_id", "coinsph": "newClientOrderId", "cryptocom": "client_oid", "deepcoin": "clOrdId", "delta": "client_order_id",
    "gate": "text", "gateeu": "text", "hashkey": "newClientOrderId", "htx": "client-order-id", "kraken": "cl_ord_id", "kucoin": "clientOid",
    "latoken": "clientOrderId", "lbank": "custom_id", "mexc": "newClientOrderId", "myokx": "clOrdId", "okx": "clOrdId", "okxus": "clOrdId",
    "onetrading": "client_id", "phemex": "clOrdID", "poloniex": "clientOrderId", "tokocrypto": "clientId", "toobit": "newClientOrderId",
    "weex": "newClientOrderId", "whitebit": "clientOrderId", "woo": "clientOrderId",
}


def names_of(value: Any, ours: str) -> list[str]:
    """Under which names an id stands in a request."""
    if isinstance(value, list):
        return [name for part in value for name in names_of(part, ours)]
    if not isinstance(value, dict):
        return []
    return [name for name, part in value.items() if ours in str(part) and not isinstance(part, (dict, list))] + [
        name for part in value.values() for name in names_of(part, ours)]


class BuiltQuestionTests(unittest.IsolatedAsyncioTestCase):
    """Every exchange that is said to find or to cancel orders by our id is asked so, as far as a request shows it."""

    async def question(self, exchange: str, ask: Any) -> Any:
        account = Asked(exchange)
        self.addAsyncCleanup(account.api.close)
        try:
            await ask(account, {"symbol": "BTC/USDT", "clientOrderId": OURS})
        except Sent:
            return account.sent.pop()
        return None

    async def test_who_finds_by_our_id_is_asked_by_it(self) -> None:
        names = [name for name in ccxt.exchanges if abilities.client_order_ids(name)["finds"]
                 and not abilities.obstacles(name, dict(getattr(ccxt, name)().has))]
        self.assertGreater(len(names), 15)
        for exchange in names:
            with self.subTest(exchange=exchange):
                sent = await self.question(exchange, orders.look_up)
                self.assertIsNotNone(sent, "our id was not sent")
                self.assertTrue(is_whole(sent), sent)

    async def test_who_cancels_by_our_id_is_asked_by_it(self) -> None:
        for exchange in sorted(set(ccxt.exchanges) - READ):
            if not abilities.client_order_ids(exchange)["cancels"] or abilities.obstacles(exchange, dict(getattr(ccxt, exchange)().has)):
                continue
            with self.subTest(exchange=exchange):
                sent = await self.question(exchange, orders.cancel)
                self.assertIsNotNone(sent, "our id was not sent")
                self.assertTrue(is_whole(sent), sent)

    async def test_every_order_bears_our_id(self) -> None:
        """What is not driven was read: derive, hyperliquid, lighter and pacifica pass it on."""
        for exchange in sorted(set(ccxt.exchanges) - {"derive", "hyperliquid", "lighter", "pacifica"}):
            if abilities.obstacles(exchange, dict(getattr(ccxt, exchange)().has)):
                continue
            account = Asked(exchange)
            self.addAsyncCleanup(account.api.close)
            with self.subTest(exchange=exchange):
                if abilities.client_id_style(exchange) == "number":
                    account.ours = "12345"
                await account.place()
                self.assertTrue(account.last, "our id was not sent")
                self.assertEqual(names_of(account.last, account.ours), [NAMES[exchange]])

    async def by_its_id(self, exchange: str, ask: Any) -> Any:
        """What leaves for an order of which the exchange's id is known."""
        account = Asked(exchange)
        account.ours = "9007199254"
        self.addAsyncCleanup(account.api.close)
        try:
            await ask(account, {"symbol": "BTC/USDT", "id": account.ours, "clientOrderId": OURS, "since": 1_699_999_000_000})
        except Sent:
            return account.sent.pop()
        return None

    async def test_an_order_is_asked_for_and_cancelled_by_the_exchange_s_id(self) -> None:
        for exchange in ccxt.exchanges:
            has = dict(getattr(ccxt, exchange)().has)
            if abilities.obstacles(exchange, has):
                continue
            for ask in (orders.look_up, orders.cancel):
                if ask is orders.look_up and not has.get("fetchOrder"):
                    continue
                with self.subTest(exchange=exchange, ask=ask.__name__):
                    sent = await self.by_its_id(exchange, ask)
                    self.assertIsNotNone(sent, "the id was not sent")
                    self.assertTrue(is_whole(sent), sent)
                    self.assertNotIn("BTC/USDT", json.dumps(sent), "the exchange does not know ccxt's names of markets")

    async def test_who_finds_no_order_by_its_id_is_not_traded_on(self) -> None:
        for exchange in sorted(abilities.IDLESS):
            account = Asked(exchange)
            self.addAsyncCleanup(account.api.close)
            with self.subTest(exchange=exchange), self.assertRaises((ccxt.ArgumentsRequired, ccxt.NotSupported)):
                await account.api.fetch_order("9007199254", "BTC/USDT")
            self.assertIn("finds no order by the exchange's own id", abilities.obstacles(exchange, dict(account.api.has)))

    async def test_names_of_ours_that_ccxt_takes_for_the_exchange_s_id(self) -> None:
        for exchange in sorted(abilities.FALSE_FINDS & set(ccxt.exchanges)):
            account = Asked(exchange)
            self.addAsyncCleanup(account.api.close)
            with self.subTest(exchange=exchange):
                try:
                    await account.api.fetch_order(None, "BTC/USDT", {"clientOrderId": OURS})
                except (Sent, TypeError):
                    pass
                self.assertFalse(account.sent and is_whole(account.sent[-1]), "ccxt asks by our id now")
        self.assertEqual((await self.question("poloniex", orders.look_up))[1]["id"], f"cid:{OURS}")

    async def test_who_puts_what_was_asked_where_the_answer_s_id_belongs_is_read_by_the_answer(self) -> None:
        session = Session("poloniex", {"apiKey": "k", "secret": "c2VjcmV0"}, {})
        self.addAsyncCleanup(session.close)
        account = Account("poloniex")
        self.addAsyncCleanup(account.api.close)
        session.api.set_markets([account.rules()])
        row = {"id": "7", "clientOrderId": OURS, "symbol": "BTC_USDT", "state": "NEW", "side": "BUY", "type": "LIMIT", "price": "5",
               "quantity": "1", "filledQuantity": "0", "createTime": 1_700_000_000_000}
        for answer, found in ((row, "7"), ({}, None), ({**row, "clientOrderId": "another"}, None), ({**row, "clientOrderId": ""}, None)):

            async def request(*_: Any, **__: Any) -> Any:
                return answer

            session.api.request = request
            ask = orders.look_up(session, {"symbol": "BTC/USDT", "clientOrderId": OURS})
            with self.subTest(answer=answer):
                if found:
                    self.assertEqual(((await ask) or {}).get("id"), found)
                else:
                    with self.assertRaises(HistoryIncomplete):
                        await ask


class Kraken:
    """Its private questions, answered from a list of orders: the newest 50 first, of all markets, times in seconds."""

    def __init__(self, api: Any, closed: list[tuple[str, str, int]]) -> None:
        self.closed = closed
        self.asked: list[tuple[str, dict[str, Any]]] = []
        api.set_markets([self.market("XBTUSD", "BTC/USD"), self.market("ETHUSD", "ETH/USD")])
        api.privatePostClosedOrders, api.privatePostOpenOrders = self.closed_orders, self.open_orders
        api.privatePostTradesHistory, api.privatePostQueryOrders = self.trades, self.query

    @staticmethod
    def market(name: str, symbol: str) -> dict[str, Any]:
        base, quote = symbol.split("/")
        return {"id": name, "wsId": symbol, "altname": name, "symbol": symbol, "base": base, "quote": quote, "baseId": base,
                "quoteId": quote, "spot": True, "type": "spot", "active": True, "precision": {"amount": 1e-8, "price": 0.1},
                "limits": {}, "darkpool": False}

    def select(self, asked: dict[str, Any], pair: int = 0) -> list[tuple[str, str, int]]:
        rows = [row for row in self.closed if row[2] > float(asked.get("start", 0)) and row[2] <= float(asked.get("end", 10**12))]
        if ours := asked.get("cl_ord_id"):
            rows = [row for row in rows if row[1] == ours]
        skip = int(asked.get("ofs", 0))
        return sorted(rows, key=lambda row: -row[2])[skip:skip + 50]

    @staticmethod
    def told(rows: list[tuple[str, str, int]]) -> dict[str, Any]:
        return {order_id: {
            "cl_ord_id": ours, "status": "closed", "opentm": time, "closetm": time + 1, "vol": "0.001", "vol_exec": "0.001",
            "cost": "60", "fee": "0.1", "price": "60000", "misc": "", "oflags": "fciq", "trades": [],
            "descr": {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "60000", "price2": "0", "leverage": "none",
                      "order": ""}} for order_id, ours, time in rows}

    async def closed_orders(self, asked: dict[str, Any]) -> Any:
        self.asked.append(("closed", asked))
        return {"error": [], "result": {"closed": self.told(self.select(asked))}}

    async def query(self, asked: dict[str, Any]) -> Any:
        self.asked.append(("query", asked))
        return {"error": [], "result": self.told([row for row in self.closed if row[0] == asked["txid"]])}

    async def open_orders(self, asked: dict[str, Any]) -> Any:
        self.asked.append(("open", asked))
        return {"error": [], "result": {"open": {}}}

    async def trades(self, asked: dict[str, Any]) -> Any:
        self.asked.append(("trades", asked))
        return {"error": [], "result": {"trades": {f"T{order_id}": {
            "ordertxid": order_id, "pair": "XBTUSD" if int(order_id) % 3 else "ETHUSD", "time": time + 0.25, "type": "buy",
            "ordertype": "limit", "price": "60000", "cost": "60", "fee": "0.1", "vol": "0.001"}
            for order_id, _, time in self.select(asked)}}}


class ListTests(unittest.IsolatedAsyncioTestCase):
    async def session(self, exchange: str) -> Session:
        session = Session(exchange, {"apiKey": "k", "secret": "c2VjcmV0", "password": "p", "uid": "1"}, {})
        self.addAsyncCleanup(session.close)
        # It has told ids of ours before.
        session.proven = True
        return session

    async def test_kraken_is_asked_for_the_one_order_in_its_lists(self) -> None:
        session = await self.session("kraken")
        now = session.api.seconds()
        kraken = Kraken(session.api, [("7", OURS, now - 70)] + [(str(100 + step), f"x{step}", now - 60 + step) for step in range(55)])
        found = await orders.look_up(session, {"symbol": "BTC/USD", "clientOrderId": OURS, "since": (now - 130) * 1_000})
        self.assertEqual((found or {}).get("id"), "7")
        self.assertEqual([(name, asked.get("cl_ord_id")) for name, asked in kraken.asked], [("open", OURS), ("closed", OURS)])
        never = {"symbol": "BTC/USD", "clientOrderId": "mrmnever", "since": (now - 130) * 1_000}
        self.assertIsNone(await orders.look_up(session, never))

    async def test_kraken_s_trades_of_a_downtime_are_all_told(self) -> None:
        session = await self.session("kraken")
        now = session.api.seconds()
        times = [now - 3_600 + step * 7 for step in range(400)] + [now - 300] * 170
        kraken = Kraken(session.api, [(str(index), "", time) for index, time in enumerate(times)])
        trades = await orders.trades_from(session, {"symbol": "BTC/USD", "since": (now - 3_000) * 1_000, "limit": 1_000})
        expected = [index for index, time in enumerate(times) if time + 0.25 >= now - 3_000 and index % 3]
        self.assertEqual(sorted(int(trade["id"][1:]) for trade in trades), expected)
        self.assertLess(len(kraken.asked), 60)

    async def ask_list(
        self, exchange: str, count: int, since: int | None, ours_at: int = -1, traded: dict[str, str | None] | None = None
    ) -> Any:
        """A look-up where a list of all orders, the newest first, at most a hundred, is all there is to ask; and trades, by their orders,
        whose ids of ours are told, or no more."""
        session = await self.session(exchange)
        now = session.api.milliseconds()
        account = Account(exchange)
        self.addAsyncCleanup(account.api.close)
        session.api.set_markets([account.rules()])

        async def none(*_: Any, **__: Any) -> list[Any]:
            return []

        async def listed(symbol: str, start: int | None = None, limit: int | None = None, parameters: Any = None) -> list[Any]:
            for index in range(min(count, 100)):
                session.api.parse_order({"orderId": str(index), "clientOrderId": OURS if index == ours_at else f"x{index}",
                                         "createTime": now - index * 1_000, "symbol": "BTC_USDT"}, account.rules())
            return []

        async def trades(*_: Any, **__: Any) -> list[Any]:
            return [{"id": f"T{order}", "order": order, "side": "buy", "symbol": "BTC/USDT", "timestamp": now - 1_000} for order in traded or {}]

        async def one(order_id: str, *_: Any, **__: Any) -> Any:
            if (ours := (traded or {}).get(order_id)) is None:
                raise ccxt.OrderNotFound(order_id)
            return {"id": order_id, "clientOrderId": ours, "symbol": "BTC/USDT", "side": "buy", "status": "closed", "timestamp": now - 2_000}

        session.api.fetch_open_orders, session.api.fetch_orders = none, listed
        session.api.fetch_my_trades, session.api.fetch_order = trades, one
        return await orders.look_up(session, {
            "symbol": "BTC/USDT", "clientOrderId": OURS, "since": None if since is None else now - since})

    async def test_a_list_that_may_leave_something_out_proves_nothing(self) -> None:
        self.assertIsNone(await self.ask_list("toobit", 30, 60_000))
        self.assertEqual((await self.ask_list("toobit", 30, 60_000, ours_at=20) or {}).get("clientOrderId"), OURS)
        self.assertEqual((await self.ask_list("toobit", 100, 60_000, ours_at=20) or {}).get("clientOrderId"), OURS)
        with self.assertRaises(HistoryIncomplete):
            await self.ask_list("toobit", 100, 60_000, traded={"900": None})

    async def test_what_is_not_open_and_has_not_traded_is_as_if_it_had_never_been(self) -> None:
        self.assertIsNone(await self.ask_list("toobit", 100, 60_000))
        self.assertIsNone(await self.ask_list("toobit", 100, 60_000, traded={"900": "x"}))
        found = await self.ask_list("toobit", 100, 60_000, traded={"900": "x", "901": OURS})
        self.assertEqual((found or {}).get("id"), "901")

    async def test_nor_does_one_of_which_nobody_says_since_when(self) -> None:
        with self.assertRaisesRegex(HistoryIncomplete, "nobody says since when"):
            await self.ask_list("toobit", 30, None)
        self.assertEqual((await self.ask_list("toobit", 30, None, ours_at=20) or {}).get("clientOrderId"), OURS)

    async def stubbed(self, exchange: str, **methods: Any) -> Session:
        """A session whose methods by ccxt's names answer with these; for an order that is not among them, that there is none."""
        session = await self.session(exchange)
        account = Account(exchange)
        self.addAsyncCleanup(account.api.close)
        session.api.set_markets([account.rules()])
        return self.anew(session, **methods)

    def anew(self, session: Session, **methods: Any) -> Session:
        session.client_ids, session.owners, session.naming = {}, {}, set()
        self.asked: list[str] = []

        def answering(name: str, answer: Any) -> Any:
            async def ask(*_: Any, **__: Any) -> Any:
                self.asked.append(name)
                for row in answer:
                    listings.note(listings.TRADES if "trades" in name else listings.ORDERS, row)
                return list(answer)

            return ask

        async def one(order_id: Any, *_: Any, **__: Any) -> Any:
            self.asked.append(f"fetch_order {order_id}")
            if (order := methods.get("orders", {}).get(order_id)) is None:
                raise ccxt.OrderNotFound("it says")
            return order

        session.api.fetch_order = one
        for name in ("fetch_open_orders", "fetch_orders", "fetch_closed_orders", "fetch_canceled_orders", "fetch_canceled_and_closed_orders",
                     "fetch_my_trades"):
            setattr(session.api, name, answering(name, methods.get(name, [])))
        return session

    async def test_one_answer_that_there_is_no_such_order_hides_none_that_rests_or_has_traded(self) -> None:
        """Exchanges forget our ids when an order ends, and lists leave out what they like: on each that is traded on."""
        count = 0
        for exchange in ccxt.exchanges:
            if abilities.obstacles(exchange, dict(getattr(ccxt, exchange)().has)) or abilities.client_id_style(exchange) == "number":
                continue
            count += 1
            now = int(time.time() * 1_000)
            ours = abilities.PREFIXES.get(exchange, "") + OURS
            order = {"id": "77", "clientOrderId": ours, "symbol": "BTC/USDT", "side": "buy", "status": "closed", "amount": "1", "filled": "1",
                     "timestamp": now - 50_000}
            trade = {"id": "5", "order": "77", "symbol": "BTC/USDT", "side": "buy", "timestamp": now - 40_000}
            asked = {"symbol": "BTC/USDT", "clientOrderId": OURS, "since": now - 100_000}
            session = await self.stubbed(exchange)
            with self.subTest(exchange=exchange):
                self.anew(session, fetch_my_trades=[trade], orders={"77": order})
                self.assertEqual((await orders.look_up(session, asked) or {}).get("id"), "77")
                # Whose it was nobody tells any more.
                self.anew(session, fetch_my_trades=[trade])
                with self.assertRaises(HistoryIncomplete):
                    await orders.look_up(session, asked)
                self.anew(session, fetch_my_trades=[trade], orders={"77": {**order, "clientOrderId": "another"}})
                self.assertIsNone(await orders.look_up(session, asked))
                self.anew(session)
                self.assertIsNone(await orders.look_up(session, asked))
                if abilities.client_order_ids(exchange)["finds"]:
                    self.anew(session, fetch_open_orders=[{**order, "status": "open", "filled": "0"}])
                    self.assertEqual((await orders.look_up(session, asked) or {}).get("id"), "77")
                    with self.assertRaisesRegex(HistoryIncomplete, "nobody says since when"):
                        await orders.look_up(self.anew(session), {**asked, "since": None})
        self.assertGreater(count, 25)

    async def test_an_order_of_a_known_id_that_is_listed_as_open_is_not_told_as_none(self) -> None:
        row = {"id": "77", "clientOrderId": OURS, "symbol": "BTC/USDT", "side": "buy", "status": "open", "amount": "1", "filled": "0"}
        session = await self.stubbed("whitebit", fetch_open_orders=[row])
        found = await orders.look_up(session, {"symbol": "BTC/USDT", "id": "77", "clientOrderId": OURS})
        self.assertEqual((found or {}).get("status"), "open")

    async def test_who_finds_by_our_id_for_a_while_alone_is_asked_for_lists_later(self) -> None:
        for exchange, age, is_listed in (("htx", 3_600_000, False), ("htx", 3 * 3_600_000, True), ("gateeu", 60_000, True)):
            session = await self.stubbed(exchange)
            asked = {"symbol": "BTC/USDT", "clientOrderId": OURS, "since": session.api.milliseconds() - age}
            self.assertIsNone(await orders.look_up(session, asked))
            self.assertEqual(any("closed_orders" in name or name == "fetch_orders" for name in self.asked), is_listed)

    async def test_an_answer_that_is_not_the_order_proves_nothing(self) -> None:
        session = await self.session("poloniex")
        account = Account("poloniex")
        self.addAsyncCleanup(account.api.close)
        session.api.set_markets([account.rules()])

        async def empty(*_: Any, **__: Any) -> Any:
            return {"id": None, "clientOrderId": None, "symbol": "BTC/USDT"}

        session.api.fetch_order = empty
        for question in ({"id": "77"}, {"clientOrderId": OURS}):
            with self.assertRaises(HistoryIncomplete):
                await orders.look_up(session, {"symbol": "BTC/USDT", **question})

    async def test_open_orders_are_not_all_where_a_page_of_them_is_full(self) -> None:
        sent = {"coinbase": 100, "bigone": 200, "htx": 500, "lbank": 200}
        for exchange, count, is_whole in (("lbank", 100, True), ("lbank", 200, False), ("coinbase", 99, True), ("coinbase", 100, False), ("bigone", 60, True), ("bigone", 200, False),
                                          ("cryptocom", 50, True), ("cryptocom", 100, True), ("cryptocom", 101, True), ("weex", 100, True),
                                          ("latoken", 10, True), ("latoken", 50, True), ("latoken", 99, True), ("latoken", 100, False), ("kraken", 50, True), ("htx", 100, True)):
            session = await self.session(exchange)
            account = Account(exchange)
            self.addAsyncCleanup(account.api.close)
            session.api.set_markets([account.rules()])
            asked: list[Any] = []

            async def fetch(symbol: str, since: Any = None, limit: Any = None) -> list[Any]:
                asked.append(limit)
                # What ccxt sends of it.
                if exchange in sent:
                    listings.note_request({"page_length": limit})
                for index in range(count):
                    listings.note(listings.ORDERS, {"id": str(index), "clientOrderId": "x"})
                return [{"id": str(index), "clientOrderId": "x"} for index in range(count)]

            session.api.fetch_open_orders = fetch
            with self.subTest(exchange=exchange, count=count):
                if is_whole:
                    self.assertEqual(len(await orders.open_orders(session, {"symbol": "BTC/USDT"})), count)
                else:
                    with self.assertRaises(HistoryIncomplete):
                        await orders.open_orders(session, {"symbol": "BTC/USDT"})
            if exchange in sent:
                self.assertEqual(asked, [sent[exchange]])

    async def test_how_many_open_orders_are_told_is_known_of_each_exchange(self) -> None:
        """By the number that its request carries, by its manual, or it is asked for each order; latoken's by ccxt's comments."""
        for exchange in ccxt.exchanges:
            if abilities.obstacles(exchange, dict(getattr(ccxt, exchange)().has)):
                continue
            account = Account(exchange)
            self.addAsyncCleanup(account.api.close)
            account.api.options.update({"subaccount_id": "1", "tradingAccountId": "1"})

            async def request(path: str, api: Any = "public", method: str = "GET", params: Any = None, *_: Any, **__: Any) -> Any:
                listings.note_request(params)
                return {"result": {}, "data": {}, "status": "ok"}

            account.api.request = request
            features = ((getattr(account.api, "features", None) or {}).get("spot") or {}).get("fetchOpenOrders") or {}
            page = abilities.OPEN_PAGES.get(exchange) or features.get("limit")
            with listings.listing(listings.ORDERS) as seen, contextlib.suppress(Exception):
                await account.api.fetch_open_orders("BTC/USDT", None, page)
            with self.subTest(exchange=exchange):
                self.assertTrue(
                    seen.size or exchange in abilities.WHOLE_OPEN_LISTS or exchange == "latoken"
                    or abilities.client_order_ids(exchange)["finds"])
                if seen.size:
                    self.assertEqual(seen.size, page, "another number than was asked for")

    async def lbank(self, resting: list[Any], done: list[Any], one: Any) -> Session:
        """As lbank answers, for the first page of each list."""
        session = await self.session("lbank")
        account = Account("lbank")
        self.addAsyncCleanup(account.api.close)
        session.api.set_markets([{**account.rules(), "id": "btc_usdt"}])

        async def request(path: str, api: Any = "public", method: str = "GET", params: Any = None, *_: Any, **__: Any) -> Any:
            listings.note_request(params)
            size = int((params or {}).get("page_length") or 0)
            if "no_deal" in path:
                return {"result": "true", "data": {"orders": resting[:size]}, "error_code": 0}
            if "transaction_history" in path:
                return {"result": "true", "data": [], "error_code": 0}
            if "history" in path:
                return {"result": "true", "data": {"orders": done[:size]}, "error_code": 0}
            return {"result": "true", "data": one, "error_code": 0}

        session.api.request = request
        return session

    def lbank_row(self, number: int, status: int, filled: str = "0") -> dict[str, Any]:
        time = BEGAN + number
        return {"orderId": f"o{number}", "symbol": "btc_usdt", "origQty": "1", "executedQty": filled, "price": "5", "updateTime": time,
                "time": time, "type": "buy", "status": status, "cummulativeQuoteQty": 0, "origQuoteOrderQty": 0}

    async def test_a_list_that_the_exchange_cuts_hides_no_order_that_rests(self) -> None:
        for count in (101, 201):
            resting = [{**self.lbank_row(index, 0), "clientOrderId": f"mrm{index:09}"} for index in range(count - 1)]
            session = await self.lbank(resting + [{**self.lbank_row(count, 0), "clientOrderId": OURS}], [], None)
            ask = orders.look_up(session, {"symbol": "BTC/USDT", "clientOrderId": OURS, "since": 1_600_000_000_000})
            if count == 101:
                self.assertEqual(((await ask) or {}).get("clientOrderId"), OURS)
            else:
                with self.assertRaises(HistoryIncomplete):
                    await ask

    async def test_an_order_that_a_list_tells_without_our_id_is_asked_for_and_never_passed_over(self) -> None:
        rows = {0: ([self.lbank_row(7, 0)], []), 2: ([], [self.lbank_row(7, 2, "1")])}
        for status, (resting, done) in rows.items():
            row = self.lbank_row(7, status, "1" if done else "0")
            asked = {"symbol": "BTC/USDT", "clientOrderId": OURS, "since": BEGAN - 600_000}
            session = await self.lbank(resting, done, {**row, "clientOrderId": OURS})
            with self.subTest(status=status):
                self.assertEqual(((await orders.look_up(session, asked)) or {}).get("id"), "o7")
                owners = {"symbol": "BTC/USDT", "ids": ["o7"], "since": BEGAN - 600_000}
                self.assertEqual(await orders.orders_of(session, owners), {"o7": OURS})
                # Somebody else's, and one of which nobody says whose it is.
                session = await self.lbank(resting, done, {**row, "clientOrderId": "another"})
                self.assertIsNone(await orders.look_up(session, asked))
                session = await self.lbank(resting, done, row)
                with self.assertRaises(HistoryIncomplete):
                    await orders.look_up(session, asked)

    async def test_an_order_that_is_told_without_a_state_is_looked_for_among_what_is_done(self) -> None:
        session = await self.session("whitebit")
        account = Account("whitebit")
        self.addAsyncCleanup(account.api.close)
        session.api.set_markets([{**account.rules(), "id": "BTC_USDT"}])
        row = {"id": 77, "clientOrderId": OURS, "ctime": 1_700_000_000.0, "ftime": 1_700_000_060.0, "side": "buy", "type": "limit",
               "amount": "1", "price": "5", "dealStock": "0.4", "dealMoney": "2", "dealFee": "0", "market": "BTC_USDT"}

        async def request(path: str, *_: Any, **__: Any) -> Any:
            if "executed-history" in path:
                return {"BTC_USDT": []}
            return {"BTC_USDT": [row]} if "history" in path else ([] if path.endswith("orders") else row)

        session.api.request = request
        for asked in ({"id": "77", "clientOrderId": OURS}, {"clientOrderId": OURS}):
            found = await orders.look_up(session, {"symbol": "BTC/USDT", "since": 1_600_000_000_000, **asked})
            self.assertEqual({name: (found or {}).get(name) for name in ("status", "filled")}, {"status": "closed", "filled": "0.4"})

    async def test_of_bitstamp_s_answer_about_one_order_what_was_ordered_is_reckoned(self) -> None:
        session = await self.session("bitstamp")
        account = Account("bitstamp")
        self.addAsyncCleanup(account.api.close)
        session.api.set_markets([{**account.rules(), "id": "btcusd", "symbol": "BTC/USD", "quote": "USD", "quoteId": "USD"}])
        trade = {"btc": "0.23000000", "fee": "0.09", "tid": 25810126, "usd": "69.89", "type": 2, "price": "303.89",
                 "datetime": "2017-11-11 07:22:20.710567"}
        for trades, rest, state, expected in (
            ([trade], "0.77000000", "Canceled", ("canceled", "1.00000000", "0.23")), ([], "1.00000000", "Canceled", ("canceled", "1.00000000", "0")),
            ([trade], "0.77000000", "Open", ("open", "1.00000000", "0.23")), ([trade], None, "Canceled", ("canceled", None, "0.23"))):
            answer = {"id": 468646390, "client_order_id": OURS, "type": "0", "status": state, "transactions": trades, "amount_remaining": rest}

            async def request(path: str, *_: Any, **__: Any) -> Any:
                return [{"id": 468646390, "currency_pair": "BTC/USD", "type": "0"}] if "open_orders" in path else answer

            session.api.request = request
            found = await orders.look_up(session, {"symbol": "BTC/USD", "id": "468646390", "clientOrderId": OURS})
            self.assertEqual(tuple((found or {}).get(name) for name in ("status", "amount", "filled")), expected)

    async def test_an_exchange_that_shows_no_ended_order_by_our_id_is_not_traded_on(self) -> None:
        for exchange in ("gemini", "zebpay", "coinbaseinternational", "bittrade", "blockchaincom"):
            session = await self.session(exchange)
            self.assertIn("finds no order that is done by client order id", session.obstacles())
            with self.assertRaises(orders.Refusal):
                orders.tradable(session)


if __name__ == "__main__":
    unittest.main()
