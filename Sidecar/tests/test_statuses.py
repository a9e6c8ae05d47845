import ast
import inspect
import re
import textwrap
import unittest
from typing import Any

import ccxt
import ccxt.pro

from mrmarket_sidecar import abilities, orders, statuses
from mrmarket_sidecar.sessions import Session

from .test_order_options import Account

OURS = "mrmabcdef012"
UNDER_WAY = re.compile(r"(?i)pend|(^|[^a-z])sent|_sent|process|progress|queue|being|suspend|done_for|ing($|[^a-z])")
PARTIAL = re.compile(r"(?i)partial(?!.*cancel)")
# What an exchange says of an order that is not over, and what is to be told.
ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "weex": ({"orderId": "7", "clientOrderId": OURS, "symbol": "BTCUSDT", "status": "PARTIAL_FILL", "side": "BUY", "type": "LIMIT",
              "price": "50000", "origQty": "1", "executedQty": "0.25", "time": 1_700_000_000_000}, "open"),
    "woo": ({"success": True, "data": {"orderId": 7, "clientOrderId": OURS, "symbol": "SPOT_BTC_USDT", "status": "CANCEL_SENT",
             "side": "BUY", "type": "LIMIT", "price": "50000", "quantity": "1", "executed": "0", "createdTime": "1700000000.1"}},
            "canceling"),
    "toobit": ({"orderId": "7", "clientOrderId": OURS, "symbol": "BTCUSDT", "status": "PENDING_CANCEL", "side": "BUY", "type": "LIMIT",
                "price": "50000", "origQty": "1", "executedQty": "0", "time": "1700000000000"}, "canceling"),
    "hashkey": ({"orderId": "7", "clientOrderId": OURS, "symbol": "BTCUSDT", "status": "PENDING_CANCEL", "side": "BUY", "type": "LIMIT",
                 "price": "50000", "origQty": "1", "executedQty": "0", "time": "1700000000000"}, "canceling"),
    "poloniex": ({"id": "7", "clientOrderId": OURS, "symbol": "BTC_USDT", "state": "PENDING_CANCEL", "side": "BUY", "type": "LIMIT",
                  "price": "50000", "quantity": "1", "filledQuantity": "0", "createTime": 1_700_000_000_000}, "canceling"),
    "lbank": ({"result": "true", "error_code": 0, "data": {
        "orderId": "7", "clientOrderId": OURS, "symbol": "btc_usdt", "status": 4, "type": "buy", "price": 50000, "origQty": 1,
        "executedQty": 0.25, "time": 1_700_000_000_000}}, "canceling"),
}


def words(method: Any) -> list[tuple[str, str]]:
    """The words of the tables in a method, each with the comment that stands beside it."""
    source = inspect.getsource(method)
    lines = source.splitlines()
    found = []
    for node in ast.walk(ast.parse(textwrap.dedent(source))):
        for key in node.keys if isinstance(node, ast.Dict) else []:
            if isinstance(key, ast.Constant):
                comments = [line.partition("#")[2] for line in lines if line.strip().startswith(f"'{key.value}':")]
                found.append((str(key.value), " ".join(comments)))
    return found


class StatusTests(unittest.IsolatedAsyncioTestCase):
    async def session(self, exchange: str) -> Session:
        session = Session(exchange, {"apiKey": "k", "secret": "c2VjcmV0", "password": "p", "uid": "1"}, {})
        self.addAsyncCleanup(session.close)
        account = Account(exchange)
        session.api.set_markets([account.rules()])
        await account.api.close()
        return session

    async def test_no_word_for_what_is_under_way_is_told_as_an_end(self) -> None:
        count = 0
        for exchange in ccxt.exchanges:
            if abilities.obstacles(exchange, dict(getattr(ccxt, exchange)().has)):
                continue
            session = await self.session(exchange)
            kind = type(session.api).__mro__[1]
            for name in filter(statuses.READERS.search, dir(kind)):
                for word, comment in words(getattr(kind, name)):
                    count += 1
                    status = getattr(session.api, name)(word)
                    with self.subTest(exchange=exchange, method=name, word=word):
                        if UNDER_WAY.search(word) or UNDER_WAY.search(comment) or PARTIAL.search(word):
                            self.assertNotIn(status, statuses.ENDS)
                        # Nothing is lost that is an end.
                        if re.search(r"(?i)^((partially_?)?cancell?ed|filled|expired|rejected)$", word):
                            self.assertIn(status, statuses.ENDS)
        self.assertGreater(count, 250)

    async def test_an_end_that_ccxt_has_no_word_for_is_one(self) -> None:
        cases = (("bitstamp", "Expired", "expired"), ("phemex", "EXPIRED", "expired"), ("latoken", "ORDER_STATUS_REJECTED", "rejected"),
                 ("bigone", "REJECTED", "rejected"), ("toobit", "PARTIALLY_CANCELED", "canceled"), ("toobit", "PENDING_CANCEL", "canceling"),
                 ("bitstamp", "Cancel pending", "canceling"), ("toobit", "REJECTED_CANCEL", "REJECTED_CANCEL"),
                 ("toobit", "NOT_CANCELLED", "NOT_CANCELLED"), ("toobit", "PENDING_CANCELLED", "PENDING_CANCELLED"))
        for exchange, word, status in cases:
            session = await self.session(exchange)
            read = next(name for name in dir(session.api) if statuses.READERS.search(name))
            with self.subTest(exchange=exchange, word=word):
                self.assertEqual(getattr(session.api, read)(word), status)

    async def test_an_order_that_is_not_over_is_not_told_as_over(self) -> None:
        for exchange, (answer, status) in ANSWERS.items():
            session = await self.session(exchange)

            async def request(*_: Any, **__: Any) -> Any:
                return answer

            async def listed(*_: Any, **__: Any) -> Any:
                return [{"id": "7"}]

            session.api.request, session.api.fetch_open_orders = request, listed
            with self.subTest(exchange=exchange):
                found = await orders.look_up(session, {"symbol": "BTC/USDT", "id": "7", "clientOrderId": OURS})
                self.assertEqual((found or {}).get("status"), status)

    async def test_what_is_listed_as_open_and_has_not_filled_whole_is_open(self) -> None:
        session = await self.session("kraken")
        states = (("closed", "0.4"), ("closed", "1"), ("closed", None), ("canceled", "0"))
        rows = [{"id": str(index), "clientOrderId": "x", "status": status, "amount": "1", "filled": filled}
                for index, (status, filled) in enumerate(states)]

        async def listed(*_: Any, **__: Any) -> Any:
            return rows

        session.api.fetch_open_orders = listed
        told = await orders.open_orders(session, {"symbol": "BTC/USDT"})
        self.assertEqual([row["status"] for row in told], ["open", "closed", "closed", "canceled"])


if __name__ == "__main__":
    unittest.main()
