import unittest
from typing import Any

from mrmarket_sidecar import methods, orders
from mrmarket_sidecar.failures import Refusal


class Exchange:
    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.currencies = {"USDT": {"networks": {"TRC20": {}, "ERC20": {}}}}
        self.answered_network: str | None = "TRC20"

    async def fetch_deposit_address(self, asset: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((asset, parameters))
        return {"currency": asset, "network": self.answered_network, "address": "T1", "tag": None, "info": {}}

    async def fetch_tickers(self, symbols: list[str]) -> dict[str, Any]:
        self.asked.append(symbols)
        return {symbol: {"symbol": symbol, "last": 1.5} for symbol in symbols}

    async def fetch_ticker(self, symbol: str) -> dict[str, Any]:
        self.asked.append(symbol)
        return {"symbol": symbol, "last": 1.5}

    def amount_to_precision(self, symbol: str, amount: str) -> str:
        return amount[:5]

    price_to_precision = amount_to_precision


class Session:
    exchange = "kraken"

    def __init__(self, **has: bool) -> None:
        self.api = Exchange()
        self.has = has

    def market(self, symbol: Any) -> str:
        return str(symbol)

    def obstacles(self) -> list[str]:
        return []

    def spot_markets(self) -> list[dict[str, Any]]:
        return []


class MethodTests(unittest.IsolatedAsyncioTestCase):
    async def test_h25_no_address_without_a_network_that_the_exchange_names(self) -> None:
        session = Session()
        for network in (None, "", "BEP20"):
            with self.subTest(network=network), self.assertRaises(Refusal) as caught:
                await methods.deposit_address(session, {"asset": "USDT", "network": network})  # type: ignore[arg-type]
            self.assertIn("kraken names ERC20, TRC20 for USDT", str(caught.exception))
        with self.assertRaises(Refusal):
            await methods.deposit_address(session, {"asset": "NOPE", "network": "TRC20"})  # type: ignore[arg-type]
        self.assertEqual(session.api.asked, [])
        session.api.answered_network = "ERC20"
        with self.assertRaises(Refusal):
            await methods.deposit_address(session, {"asset": "USDT", "network": "TRC20"})  # type: ignore[arg-type]
        session.api.answered_network = "TRC20"
        told = await methods.deposit_address(session, {"asset": "USDT", "network": "TRC20"})  # type: ignore[arg-type]
        self.assertEqual(told, {"currency": "USDT", "network": "TRC20", "address": "T1", "tag": None})

    async def test_d41_tickers_go_by_the_ability_to_tell_many(self) -> None:
        for has, asked in ((True, [["A/B", "C/D"]]), (False, ["A/B", "C/D"])):
            session = Session(fetchTickers=has, fetchTicker=True)
            told = await methods.tickers(session, {"symbols": ["A/B", "C/D"]})  # type: ignore[arg-type]
            self.assertEqual(told["C/D"], {"symbol": "C/D", "last": "1.5"})
            self.assertEqual(session.api.asked, asked)

    async def test_d41_markets_are_spot_alone(self) -> None:
        from mrmarket_sidecar.sessions import Session as Real

        session = Real("kraken", {}, {})
        session.api.markets = {"A/B": {"symbol": "A/B", "spot": True}, "A/B:B": {"symbol": "A/B:B", "swap": True, "spot": False}}
        self.assertEqual([market["symbol"] for market in await methods.markets(session, {})], ["A/B"])
        with self.assertRaises(Refusal):
            session.market("A/B:B")
        await session.close()

    async def test_an_order_that_would_be_cut_is_refused(self) -> None:
        order = {"symbol": "A/B", "side": "buy", "type": "limit", "amount": "0.12345", "price": "1", "clientOrderId": "mrm1"}
        with self.assertRaisesRegex(Refusal, "amount 0.12345: kraken takes 0.123"):
            await orders.create(Session(), order)  # type: ignore[arg-type]

    def test_balances_of_zero_are_left_out_however_they_are_written(self) -> None:
        told = methods.balances({
            "timestamp": None, "total": {"A": "0.00", "B": 1.5, "C": None}, "free": {"A": "0", "B": "1.50"},
            "used": {"A": 0.0}})
        self.assertEqual(told["balances"], {"B": {"free": "1.50", "used": None, "total": "1.5"}})


if __name__ == "__main__":
    unittest.main()
