"""ccxt.pro against the paper exchange: its synchronised book, its trades, its orders, fills and balances, and orders by the
WebSocket API."""
import asyncio
import copy

import ccxt.pro

from paper import D, Rules, Setting, check, check_that, said

SYMBOL = "BTC/USDT"


def client(setting, key, secret):
    made = ccxt.pro.binance({
        "apiKey": key, "secret": secret, "enableRateLimit": False,
        "options": {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}}})
    made.urls["api"].update({
        "public": setting.http + "/api/v3", "private": setting.http + "/api/v3", "sapi": setting.http + "/sapi/v1",
        "sapiV2": setting.http + "/sapi/v2", "sapiV3": setting.http + "/sapi/v3"})
    made.urls["api"]["ws"]["spot"] = setting.ws + "/ws"
    made.urls["api"]["ws"]["ws-api"]["spot"] = setting.ws + "/ws-api/v3"
    return made


class Watch:
    """What one of the watch methods tells, kept for whoever waits for something."""

    def __init__(self, name, ask):
        self.name, self.told, self.news = name, [], asyncio.Condition()
        self.task = asyncio.create_task(self.follow(ask))

    async def follow(self, ask):
        try:
            while True:
                told = await ask()
                async with self.news:
                    # ccxt goes on changing what it has told.
                    self.told.extend(copy.deepcopy(told if isinstance(told, list) else [told]))
                    self.news.notify_all()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            async with self.news:
                self.told.append(error)
                self.news.notify_all()

    async def wait(self, what, wanted, seconds=15):
        def found():
            for message in self.told:
                if isinstance(message, Exception):
                    raise AssertionError(f"{self.name}: {message!r} while waiting for {what}")
                if wanted(message):
                    return message
            return None

        async def look():
            async with self.news:
                while found() is None:
                    await self.news.wait()
                return found()

        try:
            return await asyncio.wait_for(look(), seconds)
        except asyncio.TimeoutError:
            last = "\n".join(repr(m)[:300] for m in self.told[-8:])
            raise AssertionError(f"{self.name}: waited {seconds} s for {what}; last:\n{last}") from None


async def touch(exchange):
    book = await exchange.fetch_order_book(SYMBOL, 5)
    return D(str(book["bids"][0][0])), D(str(book["asks"][0][0]))


async def public(alice):
    """The book that ccxt keeps from snapshot and updates, beside one asked for."""
    for _ in range(30):
        book = await asyncio.wait_for(alice.watch_order_book(SYMBOL), 15)
        check_that(book["bids"][0][0] < book["asks"][0][0], "the watched book is not crossed")
    check_that(book["nonce"] > 0, "the watched book has a number")
    await same(alice)
    ticker = await asyncio.wait_for(alice.watch_ticker(SYMBOL), 15)
    check_that(ticker["last"] > 0, f"watch_ticker: {ticker}")
    candles = await asyncio.wait_for(alice.watch_ohlcv(SYMBOL, "1m"), 15)
    check_that(candles[-1][4] > 0, f"watch_ohlcv: {candles}")
    said("watch_ticker and watch_ohlcv")


async def same(alice):
    """Of the books that are watched and those that are asked for, some have the same number, and then the same levels."""
    watched = {}

    async def watch():
        while True:
            book = await alice.watch_order_book(SYMBOL)
            watched[book["nonce"]] = [[row[:2] for row in book[side][:20]] for side in ("bids", "asks")]

    task = asyncio.create_task(watch())
    compared = 0
    for _ in range(400):
        asked = await alice.fetch_order_book(SYMBOL, 50)
        await asyncio.sleep(0.15)
        check_that(not task.done(), f"watch_order_book goes on: {task}")
        if asked["nonce"] in watched:
            check("the watched book", watched[asked["nonce"]], [asked["bids"][:20], asked["asks"][:20]])
            compared += 1
            if compared == 3:
                break
    task.cancel()
    check_that(compared, "no book that was asked for had the number of one that was watched")
    said("watch_order_book equals fetch_order_book of the same number")


async def post(alice, rules, quantity):
    for attempt in range(30):
        bid, ask = await touch(alice)
        price = max(bid, ask - rules.tick)
        try:
            return await alice.create_order(SYMBOL, "limit", "buy", float(quantity), float(price), {
                "postOnly": True, "clientOrderId": f"pro-fills-{attempt}"}), price
        except ccxt.OrderImmediatelyFillable:
            pass
    raise AssertionError("thirty post-only orders at the touch would all have taken")


async def private(alice, bob, rules, watches):
    orders, fills, balances, trades = watches
    quantity = rules.enough((await touch(alice))[0])
    order, price = await post(alice, rules, quantity)
    await orders.wait("the open order", lambda o: o["id"] == order["id"] and o["status"] == "open")
    said("an order in watch_orders")
    for _ in range(40):
        if (await alice.fetch_order(order["id"], SYMBOL))["status"] == "closed":
            break
        book = await bob.fetch_order_book(SYMBOL, 1000)
        better = sum(D(str(row[1])) for row in book["bids"] if D(str(row[0])) >= price)
        have = D(str((await bob.fetch_balance())["BTC"]["free"]))
        selling = min(rules.quantity(max(better, quantity)), rules.at_most(have))
        await bob.create_order(SYMBOL, "limit", "sell", float(selling), float(price), {"timeInForce": "IOC"})
    done = await orders.wait("the filled order", lambda o: o["id"] == order["id"] and o["status"] == "closed")
    check("filled", D(str(done["filled"])), quantity)
    mine = [t for t in await alice.fetch_my_trades(SYMBOL) if t["order"] == order["id"]]
    for trade in mine:
        told = await fills.wait("the fill", lambda t: t["id"] == trade["id"])
        check("the fill's amount, side, role", (told["amount"], told["side"], told["takerOrMaker"]),
              (trade["amount"], "buy", "maker"))
        check("the fill's fee", (told["fee"]["cost"], told["fee"]["currency"]),
              (trade["fee"]["cost"], trade["fee"]["currency"]))
        seen = await trades.wait("the trade in public", lambda t: t["id"] == trade["id"])
        check("its amount and side", (seen["amount"], seen["side"]), (trade["amount"], "sell"))
    said("its fills in watch_orders, watch_my_trades and watch_trades")
    asked = await alice.fetch_balance()
    await balances.wait("the balances that are asked for", lambda b: b["BTC"]["total"] == asked["BTC"]["total"]
                        and b["USDT"]["total"] == asked["USDT"]["total"])
    said("watch_balance")


async def by_socket(alice, rules, orders):
    bid, ask = await touch(alice)
    price = rules.price(bid * D("0.99"))
    order = await alice.create_order_ws(SYMBOL, "limit", "buy", float(rules.enough(price)), float(price))
    check_that(order["id"], f"an order by socket: {order}")
    open_orders = await alice.fetch_open_orders_ws(SYMBOL)
    check_that(order["id"] in [row["id"] for row in open_orders], "it is in open orders by socket")
    await alice.cancel_order_ws(order["id"], SYMBOL)
    await orders.wait("the cancelled order", lambda o: o["id"] == order["id"] and o["status"] == "canceled")
    try:
        # By its own name: here ccxt would send `postOnly` on, which the exchange does not know.
        await alice.create_order_ws(
            SYMBOL, "limit_maker", "buy", float(rules.enough(price)), float(rules.price(ask * D("1.01"))))
        raise AssertionError("a post-only order that takes was taken")
    except ccxt.OrderImmediatelyFillable:
        pass
    said("orders by socket")


async def main():
    setting = Setting()
    alice, bob = client(setting, *setting.alice), client(setting, *setting.bob)
    try:
        markets = await alice.load_markets()
        await bob.load_markets()
        rules = Rules(markets[SYMBOL]["info"])
        await public(alice)
        # Returns when the subscription is confirmed; those who watch share it.
        await alice.authenticate({"type": "spot"})
        watches = (
            Watch("watch_orders", lambda: alice.watch_orders(SYMBOL)),
            Watch("watch_my_trades", lambda: alice.watch_my_trades(SYMBOL)),
            Watch("watch_balance", alice.watch_balance),
            Watch("watch_trades", lambda: alice.watch_trades(SYMBOL)))
        # What they shall tell must not happen before they listen.
        await watches[3].wait("a trade of the market's own", lambda t: True, 60)
        await private(alice, bob, rules, watches)
        await by_socket(alice, rules, watches[0])
        check("open orders at the end", await alice.fetch_open_orders(SYMBOL), [])
        for watch in watches:
            watch.task.cancel()
        said("the whole script")
    finally:
        await alice.close()
        await bob.close()


asyncio.run(main())
