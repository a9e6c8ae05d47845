"""ccxt against the paper exchange: its unified calls, its own rounding, its own errors."""
import ccxt

from paper import D, Rules, Setting, check, check_close, check_that, number, said, until

SYMBOL = "BTC/USDT"


def client(setting, key, secret):
    made = ccxt.binance({
        "apiKey": key, "secret": secret, "enableRateLimit": False,
        "options": {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}, "adjustForTimeDifference": False}})
    made.urls["api"].update({
        "public": setting.http + "/api/v3", "private": setting.http + "/api/v3", "sapi": setting.http + "/sapi/v1",
        "sapiV2": setting.http + "/sapi/v2", "sapiV3": setting.http + "/sapi/v3"})
    return made


def refused(what, kinds, words, act):
    try:
        answer = act()
    except ccxt.BaseError as error:
        check_that(isinstance(error, kinds), f"{what}: expected {kinds}, found {error!r}")
        for word in words:
            check_that(word in str(error), f"{what}: expected {word!r} in {error}")
        return
    raise AssertionError(f"{what}: expected {kinds}, was answered {answer!r}")


class Script:
    def __init__(self, setting):
        self.setting = setting
        self.alice, self.bob = client(setting, *setting.alice), client(setting, *setting.bob)

    def run(self):
        self.load()
        self.rests()
        self.fills()
        self.markets()
        self.refusals()
        self.credentials()
        check("open orders at the end", self.alice.fetch_open_orders(SYMBOL), [])
        said("the whole script")

    def load(self):
        market = self.alice.load_markets()[SYMBOL]
        self.bob.load_markets()
        check("the market's id", market["id"], "BTCUSDT")
        check_that(market["active"] and market["spot"], "an active spot market")
        self.rules = Rules(market["info"])
        check("price step", D(str(market["precision"]["price"])), self.rules.tick)
        check("amount step", D(str(market["precision"]["amount"])), self.rules.step)
        check("least cost", D(str(market["limits"]["cost"]["min"])), self.rules.notional)
        fee = self.alice.fetch_trading_fee(SYMBOL)
        check_that(0 <= fee["maker"] < 0.01 and 0 <= fee["taker"] < 0.01, f"fees: {fee}")
        check("status", self.alice.fetch_status()["status"], "ok")
        book = self.alice.fetch_order_book(SYMBOL, 100)
        check_that(book["bids"][0][0] < book["asks"][0][0], "the book is not crossed")
        check_that(book["nonce"] > 0, "the book has a number")
        said("markets, fees and book")

    def touch(self):
        book = self.alice.fetch_order_book(SYMBOL, 5)
        return D(str(book["bids"][0][0])), D(str(book["asks"][0][0]))

    def far(self):
        price = self.rules.price(self.touch()[0] * D("0.99"))
        return price, self.rules.enough(price)

    def post(self, price, quantity, name, side="buy"):
        return self.alice.create_order(
            SYMBOL, "limit", side, float(quantity), float(price), {"postOnly": True, "clientOrderId": name})

    def rests(self):
        before = self.alice.fetch_balance()["USDT"]
        price, quantity = self.far()
        order = self.post(price, quantity, "ccxt-rests")
        check("client id", order["clientOrderId"], "ccxt-rests")
        rows = [row for row in self.alice.fetch_open_orders(SYMBOL) if row["id"] == order["id"]]
        check("rows in open orders", len(rows), 1)
        row = rows[0]
        check("status, side, post-only", (row["status"], row["side"], row["postOnly"]), ("open", "buy", True))
        check("price and amount", (D(str(row["price"])), D(str(row["amount"]))), (price, quantity))
        used = self.alice.fetch_balance()["USDT"]
        check_close("locked", D(str(used["used"])) - D(str(before["used"])), price * quantity, "0.000001")
        gone = self.alice.cancel_order(order["id"], SYMBOL)
        check("status of the cancelled", gone["status"], "canceled")
        check("the order afterwards", self.alice.fetch_order(order["id"], SYMBOL)["status"], "canceled")
        check("funds are back", self.alice.fetch_balance()["USDT"], before)
        check_that(order["id"] in [row["id"] for row in self.alice.fetch_orders(SYMBOL)], "it is among all orders")
        said("placed, listed, cancelled")

    def fills(self):
        before = self.alice.fetch_balance()
        quantity = self.rules.enough(self.touch()[0])
        order, price = self.at_the_touch(quantity)
        for _ in range(40):
            row = self.alice.fetch_order(order["id"], SYMBOL)
            if row["status"] == "closed":
                break
            bids = self.bob.fetch_order_book(SYMBOL, 1000)["bids"]
            better = sum(D(str(q)) for p, q, *_ in bids if D(str(p)) >= price)
            have = D(str(self.bob.fetch_balance()["BTC"]["free"]))
            selling = self.rules.quantity(max(better, quantity))
            if have < selling:
                # On a slow machine new bids come before hers faster than he sells: what he has sold he buys back.
                self.bob.create_order(SYMBOL, "market", "buy", float(self.rules.quantity(2 * selling)))
                continue
            self.bob.create_order(SYMBOL, "limit", "sell", float(selling), float(price), {"timeInForce": "IOC"})
        check("status after the second account sold", row["status"], "closed")
        check("filled and remaining", (D(str(row["filled"])), row["remaining"]), (quantity, 0))
        self.settled(order, price, quantity, before)

    def at_the_touch(self, quantity):
        for attempt in range(30):
            bid, ask = self.touch()
            price = max(bid, ask - self.rules.tick)
            try:
                return self.post(price, quantity, f"ccxt-fills-{attempt}"), price
            except ccxt.OrderImmediatelyFillable:
                pass
        raise AssertionError("thirty post-only orders at the touch would all have taken")

    def settled(self, order, price, quantity, before):
        trades = [t for t in self.alice.fetch_my_trades(SYMBOL) if t["order"] == order["id"]]
        check("amount of the own trades", sum(D(t["info"]["qty"]) for t in trades), quantity)
        rate = D(self.alice.fetch_balance()["info"]["commissionRates"]["maker"])
        for trade in trades:
            check("maker, buy, price", (trade["takerOrMaker"], trade["side"], D(str(trade["price"]))),
                  ("maker", "buy", price))
            check("fee currency", trade["fee"]["currency"], "BTC")
            check_close("fee", trade["fee"]["cost"], D(trade["info"]["qty"]) * rate)
        bought = sum(D(t["info"]["qty"]) - D(t["info"]["commission"]) for t in trades)
        paid = sum(D(t["info"]["quoteQty"]) for t in trades)

        def right():
            now = self.alice.fetch_balance()
            gained = D(str(now["BTC"]["total"])) - D(str(before["BTC"]["total"]))
            spent = D(str(before["USDT"]["total"])) - D(str(now["USDT"]["total"]))
            return abs(gained - bought) < D("0.000000001") and abs(spent - paid) < D("0.000001")

        until(f"balances of {bought} more BTC and {paid} less USDT", right)
        check("trades of the order", len(self.alice.fetch_order_trades(order["id"], SYMBOL)), len(trades))
        said("filled by the second account; own trades, fees, balances")

    def markets(self):
        """Orders at the market, and what the public may ask."""
        cost = float(self.rules.notional * 4)
        bought = self.alice.create_order(SYMBOL, "market", "buy", None, None, {"cost": cost})
        check("a market order by cost", bought["status"], "closed")
        check_that(0 < bought["cost"] <= cost, f"it costs at most {cost}: {bought['cost']}")
        check_that(bought["fees"] and bought["fees"][0]["currency"] == "BTC", "its fee is told in the answer")
        sold = self.alice.create_order(SYMBOL, "market", "sell", bought["filled"])
        check("a market order by amount", (sold["status"], sold["filled"]), ("closed", bought["filled"]))
        ticker = self.alice.fetch_ticker(SYMBOL)
        check_that(ticker["bid"] < ticker["ask"] and ticker["last"] > 0, f"ticker: {ticker}")
        check_that(len(self.alice.fetch_trades(SYMBOL, limit=50)) > 0, "public trades")
        candles = self.alice.fetch_ohlcv(SYMBOL, "1m", limit=3)
        check_that(candles and all(c[3] <= c[1] <= c[2] for c in candles), f"candles: {candles}")
        check_that(abs(self.alice.fetch_time() - self.alice.milliseconds()) < 1_000, "the exchange's time is ours")
        said("market orders, ticker, trades, candles, time")

    def refusals(self):
        alice, rules = self.alice, self.rules
        price, quantity = self.far()
        for name, order in rules.broken(self.touch()[0]):
            words = {k: number(v) if isinstance(v, D) else v for k, v in order.items()}
            kinds = ccxt.InvalidOrder if name in ("LOT_SIZE", "PRICE_FILTER") else (ccxt.BadRequest, ccxt.InvalidOrder)
            refused(f"{name} {words}", kinds, [f"Filter failure: {name}"],
                    lambda: alice.private_post_order({"symbol": "BTCUSDT", **words}))
        free = D(str(alice.fetch_balance()["USDT"]["free"]))
        refused("more than the balance", ccxt.InsufficientFunds, ["insufficient balance"],
                lambda: self.post(price, rules.quantity(free * 2 / price), "ccxt-poor"))
        above = rules.price(self.touch()[1] * D("1.01"))
        refused("a maker that takes", ccxt.OrderImmediatelyFillable, ["immediately match"],
                lambda: self.post(above, quantity, "ccxt-taker"))
        order = self.post(price, quantity, "ccxt-twice")
        alice.cancel_order(order["id"], SYMBOL)
        refused("cancelling twice", ccxt.OrderNotFound, ["-2011"], lambda: alice.cancel_order(order["id"], SYMBOL))
        refused("asking for what never was", ccxt.OrderNotFound, ["-2013"],
                lambda: alice.fetch_order("999999999", SYMBOL))
        said("-1013, -2010, -2011, -2013 as ccxt's own errors")

    def credentials(self):
        self.alice.options["timeDifference"] = 60_000
        refused("a clock a minute behind", ccxt.InvalidNonce, ["-1021"], self.alice.fetch_balance)
        self.alice.options["timeDifference"] = -60_000
        refused("a clock a minute ahead", ccxt.InvalidNonce, ["-1021"], self.alice.fetch_balance)
        self.alice.options["timeDifference"] = 0
        key, secret = self.setting.alice
        refused("a wrong secret", ccxt.AuthenticationError, ["-1022"],
                client(self.setting, key, "wrong" + secret).fetch_balance)
        refused("an unknown key", ccxt.AuthenticationError, ["-201"], client(self.setting, "x" * 64, secret).fetch_balance)
        said("-1021, -1022, -2015 as ccxt's own errors")


Script(Setting()).run()
