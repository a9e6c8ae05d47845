import unittest

import ccxt

from mrmarket_sidecar import abilities


class AbilityTests(unittest.TestCase):
    def test_exchanges_that_take_our_id_can_be_traded_on(self) -> None:
        for exchange in ("binance", "kucoin", "okx", "gate", "kraken", "bitget", "htx", "lbank"):
            with self.subTest(exchange=exchange):
                self.assertEqual(abilities.obstacles(exchange, dict(getattr(ccxt, exchange)().has)), [])

    def test_exchanges_that_do_not_are_refused_with_the_reason(self) -> None:
        for exchange in ("digifinex", "luno", "p2b", "bitflyer"):
            with self.subTest(exchange=exchange):
                found = abilities.obstacles(exchange, dict(getattr(ccxt, exchange)().has))
                self.assertIn("takes no client order id", found)

    def test_who_signs_with_what_our_keys_do_not_hold_is_refused_with_the_reason(self) -> None:
        for exchange, name in (("hyperliquid", "walletAddress"), ("derive", "walletAddress"), ("revolutx", "privateKey")):
            with self.subTest(exchange=exchange):
                found = abilities.obstacles(exchange, dict(getattr(ccxt, exchange)().has))
                self.assertTrue(any(words.startswith("needs a key of another kind") and name in words for words in found), found)

    def test_who_tells_trades_without_their_market_is_refused(self) -> None:
        self.assertIn("does not tell the markets of own trades", abilities.obstacles("btcturk", dict(ccxt.btcturk().has)))

    def test_every_exchange_can_be_judged(self) -> None:
        judged = {exchange: abilities.client_order_ids(exchange) for exchange in ccxt.exchanges}
        self.assertGreater(sum(ids["places"] for ids in judged.values()), 60)

    def test_prefixes_of_the_exchange_are_taken_off(self) -> None:
        self.assertEqual(abilities.plain_client_id("gate", "t-mrm000000001"), "mrm000000001")
        self.assertEqual(abilities.plain_client_id("okx", "mrm000000001"), "mrm000000001")
        self.assertIsNone(abilities.plain_client_id("okx", None))


if __name__ == "__main__":
    unittest.main()
