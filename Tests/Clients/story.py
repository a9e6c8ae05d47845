"""What happens in each script of a client that speaks in Binance's own words, checked step by step.

A client is an adapter with the methods of `Client`; its streams are `Feed`s of Binance's own payloads.
"""
import itertools
import time

from paper import (BASE, QUOTE, SYMBOL, D, Rules, check, check_close, check_that, holding, limit, number, said, until)


class Client:
    """What an adapter offers. Prices and quantities come as Decimal; answers are Binance's JSON as dictionaries."""

    errors = ()

    def info(self): raise NotImplementedError
    def depth(self, limit): raise NotImplementedError
    def account(self): raise NotImplementedError
    def place(self, client_id, **order): raise NotImplementedError
    def cancel(self, client_id): raise NotImplementedError
    def order(self, client_id): raise NotImplementedError
    def open_orders(self): raise NotImplementedError
    def my_trades(self, order_id): raise NotImplementedError
    def code(self, error): raise NotImplementedError
    def message(self, error): raise NotImplementedError
    def skewed(self, milliseconds): raise NotImplementedError


class Story:
    def __init__(self, name, alice, bob, impostor, stranger, user, depth, trades):
        """`impostor` has Alice's key and a wrong secret, `stranger` a key that the exchange does not know."""
        self.name, self.alice, self.bob = name, alice, bob
        self.impostor, self.stranger = impostor, stranger
        self.user, self.depth, self.trades = user, depth, trades
        self.numbers = itertools.count(1)

    def id(self, what):
        return f"{self.name}-{what}-{next(self.numbers)}"

    def run(self):
        self.load()
        self.rests()
        self.fills()
        self.refusals()
        self.credentials()
        self.book()
        check("open orders at the end", self.alice.open_orders(), [])
        said("the whole story")

    def touch(self):
        book = self.alice.depth(5)
        return D(book["bids"][0][0]), D(book["asks"][0][0])

    # Symbols and book.

    def load(self):
        info = self.alice.info()
        symbols = {symbol["symbol"]: symbol for symbol in info["symbols"]}
        check_that(SYMBOL in symbols, f"exchangeInfo lists {SYMBOL}: {sorted(symbols)}")
        symbol = symbols[SYMBOL]
        check("status", symbol["status"], "TRADING")
        check("assets", (symbol["baseAsset"], symbol["quoteAsset"]), (BASE, QUOTE))
        check_that("LIMIT_MAKER" in symbol["orderTypes"], "LIMIT_MAKER is among the order types")
        kinds = {row["rateLimitType"] for row in info["rateLimits"]}
        check_that({"REQUEST_WEIGHT", "ORDERS"} <= kinds, f"rate limits of both kinds: {kinds}")
        self.rules = Rules(symbol)
        book = self.alice.depth(100)
        bids = [D(row[0]) for row in book["bids"]]
        asks = [D(row[0]) for row in book["asks"]]
        check("bids from the best down", bids, sorted(bids, reverse=True))
        check("asks from the best up", asks, sorted(asks))
        check_that(bids and asks and bids[0] < asks[0], "the book has two sides and is not crossed")
        said("symbols and book")

    # An order that rests: answer, open orders, user stream, balances, cancel.

    def rests(self):
        free, locked = holding(self.alice.account(), QUOTE)
        bid, _ = self.touch()
        price = self.rules.price(bid * D("0.99"))
        quantity = self.rules.enough(price)
        name = self.id("rests")
        made = self.alice.place(name, **limit(price, quantity, type="LIMIT_MAKER"))
        check("the answer's client id", made["clientOrderId"], name)
        check("the answer's symbol", made["symbol"], SYMBOL)
        rows = [row for row in self.alice.open_orders() if row["clientOrderId"] == name]
        check("rows of the order in open orders", len(rows), 1)
        row = rows[0]
        check("status", row["status"], "NEW")
        check("type and side", (row["type"], row["side"]), ("LIMIT_MAKER", "BUY"))
        check("price", D(row["price"]), price)
        check("quantity", D(row["origQty"]), quantity)
        check("order id", row["orderId"], made["orderId"])
        check("the same by its id", self.alice.order(name)["orderId"], made["orderId"])
        now_free, now_locked = holding(self.alice.account(), QUOTE)
        check_close("locked", now_locked - locked, price * quantity)
        check_close("free", free - now_free, price * quantity)
        said("a post-only order is in open orders, its funds locked")

        report = self.user.wait("NEW of the order", lambda m: is_report(m, name, "NEW"))
        check("status in the report", report["X"], "NEW")
        check("order id in the report", report["i"], made["orderId"])
        check("price and quantity in the report", (D(report["p"]), D(report["q"])), (price, quantity))
        check("it is on the book", report["w"], True)
        self.user.wait("the account's position", lambda m: position_of(m, QUOTE) is not None)
        said("and in the user stream")

        gone = self.alice.cancel(name)
        check("status of the cancelled order", gone["status"], "CANCELED")
        check("its client id", gone["origClientOrderId"], name)
        report = self.user.wait("CANCELED of the order", lambda m: m.get("e") == "executionReport"
                                and m["x"] == "CANCELED" and m["C"] == name)
        check("status in the report", report["X"], "CANCELED")
        check("the order afterwards", self.alice.order(name)["status"], "CANCELED")
        check("open orders", [row for row in self.alice.open_orders() if row["clientOrderId"] == name], [])
        check("all funds are back", holding(self.alice.account(), QUOTE), (free, locked))
        said("cancelled, and its funds are free again")

    # An order at the touch, filled by the other account.

    def fills(self):
        before = self.alice.account()
        quantity = self.rules.enough(self.touch()[0])
        name, price = self.at_the_touch(quantity)
        self.sell_until_filled(name, price)
        row = self.alice.order(name)
        check("executed", D(row["executedQty"]), quantity)
        mine = self.alice.my_trades(row["orderId"])
        check("quantity of the own trades", sum(D(t["qty"]) for t in mine), quantity)
        check_close("cost", sum(D(t["quoteQty"]) for t in mine), row["cummulativeQuoteQty"])
        rate = D(before["commissionRates"]["maker"])
        for trade in mine:
            check("the order of the trade", trade["orderId"], row["orderId"])
            check("maker and buyer", (trade["isMaker"], trade["isBuyer"]), (True, True))
            check("commission asset of a buy", trade["commissionAsset"], BASE)
            check_close("commission", trade["commission"], D(trade["qty"]) * rate)
        said("filled by the second account; own trades and commission")
        self.settled(before, mine)
        self.told(name, row, mine, price)

    def at_the_touch(self, quantity):
        """The best bid that takes nothing. The market may be faster than us: then once more."""
        for _ in range(30):
            bid, ask = self.touch()
            price = max(bid, ask - self.rules.tick)
            name = self.id("fills")
            try:
                self.alice.place(name, **limit(price, quantity, type="LIMIT_MAKER"))
                return name, price
            except self.alice.errors as error:
                check("code of a post-only order that would take", self.alice.code(error), -2010)
        raise AssertionError("thirty post-only orders at the touch would all have taken")

    def sell_until_filled(self, name, price):
        for _ in range(40):
            row = self.alice.order(name)
            if row["status"] == "FILLED":
                return
            better = sum(D(q) for p, q in self.bob.depth(1000)["bids"] if D(p) >= price)
            rest = D(row["origQty"]) - D(row["executedQty"])
            have, _ = holding(self.bob.account(), BASE)
            selling = min(self.rules.quantity(max(better, rest)), self.rules.at_most(have))
            answer = self.bob.place(self.id("takes"), **limit(price, selling, side="SELL", force="IOC"))
            status = self.bob.order(answer["clientOrderId"])["status"]
            check_that(status in ("FILLED", "EXPIRED"), f"an IOC order is FILLED or EXPIRED, not {status}")
            time.sleep(0.05)
        raise AssertionError(f"{name} at {price} was not filled by forty sell orders")

    def settled(self, before, mine):
        """Balances follow the trades to the last digit."""
        bought = sum(D(t["qty"]) - D(t["commission"]) for t in mine)
        paid = sum(D(t["quoteQty"]) for t in mine)

        def right():
            now = self.alice.account()
            base = sum(holding(now, BASE)) - sum(holding(before, BASE))
            quote = sum(holding(before, QUOTE)) - sum(holding(now, QUOTE))
            return (base, quote) == (bought, paid)

        until(f"balances of {bought} more {BASE} and {paid} less {QUOTE}", right)
        said("balances")

    def told(self, name, row, mine, price):
        """The user stream and the public stream say the same."""
        self.user.wait("the last fill", lambda m: is_report(m, name, "TRADE") and m["X"] == "FILLED")
        reports = self.user.all(lambda m: is_report(m, name, "TRADE"))
        check("quantity of the reports", sum(D(m["l"]) for m in reports), D(row["executedQty"]))
        check("cumulated quantity", D(reports[-1]["z"]), D(row["executedQty"]))
        check("trade ids", sorted(m["t"] for m in reports), sorted(t["id"] for t in mine))
        check("commissions", sorted(D(m["n"]) for m in reports), sorted(D(t["commission"]) for t in mine))
        check("commission asset and maker", {(m["N"], m["m"]) for m in reports}, {(BASE, True)})
        self.user.wait("a position with both assets", lambda m: position_of(m, BASE) is not None
                       and position_of(m, QUOTE) is not None)
        for trade in mine:
            public = self.trades.wait("the trade in public", lambda m: m.get("e") == "trade" and m["t"] == trade["id"])
            check("its price and quantity", (D(public["p"]), D(public["q"])), (D(trade["price"]), D(trade["qty"])))
            check("the buyer was the maker", public["m"], True)
            check("its price", D(public["p"]), price)
        said("fills in the user stream and the public trades")

    # What is refused, and by which code.

    def refused(self, what, code, words, act, client=None):
        client = client or self.alice
        try:
            answer = act()
        except client.errors as error:
            found = client.code(error)
            codes = code if isinstance(code, tuple) else (code,)
            assert found in codes, f"{what}: expected code {code}, found {found} {client.message(error)!r}"
            if words:
                check_that(words in client.message(error), f"{what}: expected {words!r} in {client.message(error)!r}")
            return
        raise AssertionError(f"{what}: expected code {code}, was answered {answer!r}")

    def refusals(self):
        alice, rules = self.alice, self.rules
        bid, ask = self.touch()
        far = rules.price(bid * D("0.99"))
        for name, order in rules.broken(bid):
            self.refused(f"{name} {order}", -1013, f"Filter failure: {name}",
                         lambda: alice.place(self.id("filter"), **order))
        said("-1013 for each filter: " + ", ".join(name for name, _ in rules.broken(bid)))
        free, _ = holding(alice.account(), QUOTE)
        much = rules.quantity(free * 2 / far)
        self.refused("more than the balance", -2010, "insufficient balance",
                     lambda: alice.place(self.id("poor"), **limit(far, much)))
        self.refused("a maker that takes", -2010, "immediately match and take", lambda: alice.place(
            self.id("taker"), **limit(rules.price(ask * D("1.01")), rules.enough(bid), type="LIMIT_MAKER")))
        name = self.id("twice")
        alice.place(name, **limit(far, rules.enough(far)))
        self.refused("a client id that is in use", -2010, "Duplicate order sent",
                     lambda: alice.place(name, **limit(far, rules.enough(far))))
        alice.cancel(name)
        self.refused("cancelling twice", -2011, "Unknown order sent", lambda: alice.cancel(name))
        self.refused("cancelling what never was", -2011, "Unknown order sent", lambda: alice.cancel("never-was"))
        self.refused("asking for what never was", -2013, "Order does not exist", lambda: alice.order("never-was"))
        said("-2010, -2011, -2013")

    def credentials(self):
        with self.alice.skewed(-60_000):
            self.refused("a clock a minute behind", -1021, "recvWindow", self.alice.account)
        with self.alice.skewed(60_000):
            self.refused("a clock a minute ahead", -1021, "ahead of the server", self.alice.account)
        self.refused("a wrong secret", -1022, "Signature", self.impostor.account, self.impostor)
        self.refused("an unknown key", (-2014, -2015), None, self.stranger.account, self.stranger)
        check_that(self.alice.account()["balances"], "and the right ones still work")
        said("-1021, -1022, -2015")

    # The public book by Binance's own procedure.

    def book(self):
        start = self.depth.wait("a depth update", lambda m: m.get("e") == "depthUpdate")
        snapshot = until("a snapshot not older than the stream", lambda: newer(self.alice.depth(1000), start["U"]))
        last, bids, asks = snapshot["lastUpdateId"], levels(snapshot["bids"]), levels(snapshot["asks"])
        until("ten updates after the snapshot", lambda: len(self.depth.all(
            lambda m: m.get("e") == "depthUpdate" and m["u"] > last)) >= 10)
        applied, compared = 0, 0
        for update in self.depth.all(lambda m: m.get("e") == "depthUpdate"):
            if update["u"] <= last:
                continue
            check_that(update["U"] <= last + 1, f"no hole: expected U at most {last + 1}, found {update['U']}")
            if applied:
                check("U follows the u before", update["U"], last + 1)
            apply(bids, update["b"])
            apply(asks, update["a"])
            last = update["u"]
            applied += 1
            check_that(max(bids) < min(asks), f"the book is not crossed after u = {last}")
        check_that(applied > 0, "updates were applied to the snapshot")
        said(f"the book from snapshot and {applied} updates without a hole")
        for _ in range(40):
            compared += self.equals(bids, asks, last)
            if compared:
                break
            time.sleep(0.03)
        check_that(compared, "one of forty snapshots is where an update ends, and equals the book made of updates")
        said("which is the book that the exchange tells")

    def equals(self, bids, asks, last):
        """Whether a fresh snapshot could be compared; wrong levels are an error."""
        there = self.alice.depth(1000)
        at = there["lastUpdateId"]
        self.depth.wait("what the snapshot holds", lambda m: m.get("e") == "depthUpdate" and m["u"] >= at) \
            if at > last else None
        bids, asks = dict(bids), dict(asks)
        for update in self.depth.all(lambda m: m.get("e") == "depthUpdate" and last < m["u"] <= at):
            apply(bids, update["b"])
            apply(asks, update["a"])
            last = update["u"]
        if last != at:
            return 0
        for side, ours, theirs in (("bids", bids, there["bids"]), ("asks", asks, there["asks"])):
            best = sorted(ours, reverse=side == "bids")[:20]
            check(side, [(p, ours[p]) for p in best], [(D(p), D(q)) for p, q in theirs[:20]])
        return 1


def newer(snapshot, first):
    return snapshot if snapshot["lastUpdateId"] + 1 >= first else None


def levels(rows):
    return {D(price): D(quantity) for price, quantity in rows}


def apply(side, rows):
    for price, quantity in rows:
        if D(quantity):
            side[D(price)] = D(quantity)
        else:
            side.pop(D(price), None)


def is_report(message, client_id, kind):
    return message.get("e") == "executionReport" and message["c"] == client_id and message["x"] == kind


def position_of(message, asset):
    if message.get("e") != "outboundAccountPosition":
        return None
    return next((row for row in message["B"] if row["a"] == asset), None)
