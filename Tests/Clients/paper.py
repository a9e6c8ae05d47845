"""What the clients' scripts share: where the exchange is, who trades there, and checks that say what was expected."""
import argparse
import decimal
import threading
import time

D = decimal.Decimal
SYMBOL = "BTCUSDT"
BASE, QUOTE = "BTC", "USDT"


class Setting:
    """The command line: the exchange's port and the two accounts."""

    def __init__(self):
        parser = argparse.ArgumentParser()
        parser.add_argument("--port", type=int, required=True)
        parser.add_argument("--alice", required=True, help="KEY:SECRET")
        parser.add_argument("--bob", required=True, help="KEY:SECRET")
        given = parser.parse_args()
        self.http = f"http://127.0.0.1:{given.port}"
        self.ws = f"ws://127.0.0.1:{given.port}"
        self.alice = tuple(given.alice.split(":"))
        self.bob = tuple(given.bob.split(":"))


def said(what):
    print("ok:", what, flush=True)


def check(what, found, expected):
    assert found == expected, f"{what}: expected {expected!r}, found {found!r}"


def check_that(condition, what):
    assert condition, what


def check_close(what, found, expected, within="0.00000001"):
    found, expected = D(str(found)), D(str(expected))
    assert abs(found - expected) <= D(within), f"{what}: expected {expected}, found {found}"


def until(what, look, seconds=15):
    """The first answer of `look` that is true; an error saying what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


class Feed:
    """Messages of a stream, in the order in which they came, from whatever thread."""

    def __init__(self, name):
        self.name = name
        self.messages = []
        self.changed = threading.Condition()

    def put(self, message):
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def wait(self, what, wanted, seconds=15):
        """The first message that is `wanted`, from the beginning on."""
        deadline = time.monotonic() + seconds
        looked = 0
        with self.changed:
            while True:
                for message in self.messages[looked:]:
                    if wanted(message):
                        return message
                looked = len(self.messages)
                rest = deadline - time.monotonic()
                if rest <= 0:
                    last = "\n".join(repr(m)[:400] for m in self.messages[-12:])
                    raise AssertionError(f"{self.name}: waited {seconds} s for {what}; the last messages:\n{last}")
                self.changed.wait(rest)

    def all(self, wanted):
        with self.changed:
            return [message for message in self.messages if wanted(message)]


def number(value):
    """As an exchange wants it: no exponent, no zeros at the end."""
    text = format(D(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class Rules:
    """The symbol's filters as exchangeInfo tells them."""

    def __init__(self, symbol):
        self.filters = {f["filterType"]: f for f in symbol["filters"]}
        for wanted in ("PRICE_FILTER", "LOT_SIZE"):
            check_that(wanted in self.filters, f"exchangeInfo lists {wanted}")
        self.notional_name = "NOTIONAL" if "NOTIONAL" in self.filters else "MIN_NOTIONAL"
        self.tick = D(self.filters["PRICE_FILTER"]["tickSize"])
        self.step = D(self.filters["LOT_SIZE"]["stepSize"])
        self.least = D(self.filters["LOT_SIZE"]["minQty"])
        self.most = D(self.filters["LOT_SIZE"]["maxQty"])
        self.notional = D(self.filters[self.notional_name]["minNotional"])
        check_that(self.tick > 0 and self.step > 0 and self.notional > 0, "tick, step and notional are above zero")

    def price(self, value):
        return (D(str(value)) / self.tick).to_integral_value(decimal.ROUND_FLOOR) * self.tick

    def quantity(self, value):
        return (D(str(value)) / self.step).to_integral_value(decimal.ROUND_CEILING) * self.step

    def at_most(self, value):
        return (D(str(value)) / self.step).to_integral_value(decimal.ROUND_FLOOR) * self.step

    def enough(self, price):
        """A quantity that clears the least notional by far."""
        return max(self.quantity(self.notional * 4 / price), self.least)

    def broken(self, bid):
        """An order for each filter that only this filter refuses: (name, parameters)."""
        far = self.price(bid * D("0.99"))
        quantity = self.enough(far)
        orders = [
            ("PRICE_FILTER", limit(far + self.tick / 10, quantity)),
            ("LOT_SIZE", limit(far, self.most + self.step)),
        ]
        if self.step / 10 >= D("0.00000001"):
            orders.append(("LOT_SIZE", limit(far, quantity + self.step / 10)))
        if self.least > 0 and self.least / 2 >= D("0.00000001"):
            orders.append(("LOT_SIZE", limit(far, self.least / 2)))
        if self.least * far < self.notional:
            orders.append((self.notional_name, limit(far, self.least)))
        percent = self.filters.get("PERCENT_PRICE_BY_SIDE")
        if percent:
            low = self.price(bid * D(percent["bidMultiplierDown"]) / 2)
            orders.append(("PERCENT_PRICE_BY_SIDE", limit(low, self.enough(low))))
        market = self.filters.get("MARKET_LOT_SIZE")
        if market and 0 < D(market["maxQty"]) < self.most:
            above = self.quantity(D(market["maxQty"]) + self.step)
            orders.append(("MARKET_LOT_SIZE", dict(side="BUY", type="MARKET", quantity=above)))
        return orders


def limit(price, quantity, side="BUY", type="LIMIT", force="GTC"):
    order = dict(side=side, type=type, price=price, quantity=quantity)
    if type == "LIMIT":
        order["timeInForce"] = force
    return order


def holding(account, asset):
    """Free and locked of an asset in a Binance account answer."""
    for row in account["balances"]:
        if row["asset"] == asset:
            return D(row["free"]), D(row["locked"])
    return D(0), D(0)
