#!/usr/bin/env python3
"""Makes the same market in the words of each exchange: a book of 100 levels a side whose amounts change, and trades.

  python stream_frames.py FOLDER [--messages N] [--seed S]

FOLDER/<exchange>.frames: a line per frame, its kind and a tab in front. `P` text that comes before time is taken
(acknowledgements, whole books), `R` the answer to a request for the whole book, `M` a text frame, `X` a binary one in hex.
Formats are those of the exchanges' documentation of 2026. A message changes 20 levels (Bitfinex: one, it has no longer ones);
one in five is a trade.
"""
import argparse, json, os, random

LEVELS, MID = 100, 6_000_000      # ticks of 0.01
MS = 1_790_000_000_000


class Market:
    """What happens, apart from how it is told."""

    def __init__(self, seed, size):
        self.random = random.Random(seed)
        self.size = size
        self.number = 1_000
        self.sides = [
            {MID - 1 - i: self.amount() for i in range(LEVELS)}, {MID + 1 + i: self.amount() for i in range(LEVELS)}]

    def amount(self):
        return self.random.randrange(1, 5_000_000)          # of 0.00001

    def changes(self):
        """[(side, ticks, amount)], their first and last number."""
        rows, seen = [], set()
        for _ in range(self.size):
            side, depth = self.random.randrange(2), min(int(self.random.expovariate(0.1)), LEVELS - 1)
            ticks = MID - 1 - depth if side == 0 else MID + 1 + depth
            if ticks in seen:
                continue
            seen.add(ticks)
            amount = self.amount()
            self.sides[side][ticks] = amount
            rows.append((side, ticks, amount))
        first = self.number + 1
        self.number += len(rows)
        return rows, first, self.number

    def whole(self):
        return [sorted(self.sides[0].items(), reverse=True), sorted(self.sides[1].items())]


def price(ticks): return "%d.%02d" % divmod(ticks, 100)
def amount(lots): return "%d.%05d" % divmod(lots, 100_000)
def pair(row): return [price(row[0]), amount(row[1])]
def text(value): return json.dumps(value, separators=(",", ":"))


def split(rows): return [[(t, a) for s, t, a in rows if s == side] for side in (0, 1)]


def varint(value):
    out = bytearray()
    while True:
        out.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


class Binance:
    def begin(self, market):
        bids, asks = market.whole()
        return [("R", text({"lastUpdateId": market.number, "bids": [pair(r) for r in bids], "asks": [pair(r) for r in asks]}))]

    def book(self, rows, first, last, market, n):
        bids, asks = split(rows)
        return "M", text({"stream": "btcusdt@depth@100ms", "data": {
            "e": "depthUpdate", "E": MS + n, "s": "BTCUSDT", "U": first, "u": last, "b": [pair(r) for r in bids],
            "a": [pair(r) for r in asks]}})

    def trade(self, ticks, lots, n):
        return "M", text({"stream": "btcusdt@trade", "data": {
            "e": "trade", "E": MS + n, "s": "BTCUSDT", "t": n, "p": price(ticks), "q": amount(lots), "T": MS + n, "m": True,
            "M": True}})


class Bybit:
    def __init__(self): self.update = 1_000

    def frame(self, kind, bids, asks, n):
        return text({"topic": "orderbook.50.BTCUSDT", "ts": MS + n, "type": kind, "data": {
            "s": "BTCUSDT", "b": [pair(r) for r in bids], "a": [pair(r) for r in asks], "u": self.update,
            "seq": self.update * 7}, "cts": MS + n})

    def begin(self, market): return [("P", self.frame("snapshot", *market.whole(), 0))]

    def book(self, rows, first, last, market, n):
        self.update += 1
        return "M", self.frame("delta", *split(rows), n)

    def trade(self, ticks, lots, n):
        return "M", text({"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": MS + n, "data": [{
            "T": MS + n, "s": "BTCUSDT", "S": "Sell", "v": amount(lots), "p": price(ticks), "L": "ZeroMinusTick",
            "i": str(n), "BT": False, "RPI": False, "seq": str(n)}]})


class OKX:
    def rows(self, rows): return [pair(r) + ["0", "3"] for r in rows]

    def frame(self, action, bids, asks, previous, number, n):
        return text({"arg": {"channel": "books", "instId": "BTC-USDT"}, "action": action, "data": [{
            "asks": self.rows(asks), "bids": self.rows(bids), "ts": str(MS + n), "checksum": 0, "prevSeqId": previous,
            "seqId": number}]})

    def begin(self, market):
        self.last = market.number
        return [("P", text({"event": "subscribe", "arg": {"channel": "books", "instId": "BTC-USDT"}, "connId": "a"})),
                ("P", self.frame("snapshot", *market.whole(), -1, market.number, 0))]

    def book(self, rows, first, last, market, n):
        previous, self.last = self.last, last
        return "M", self.frame("update", *split(rows), previous, last, n)

    def trade(self, ticks, lots, n):
        return "M", text({"arg": {"channel": "trades", "instId": "BTC-USDT"}, "data": [{
            "instId": "BTC-USDT", "tradeId": str(n), "px": price(ticks), "sz": amount(lots), "side": "sell",
            "ts": str(MS + n), "count": "1"}]})


class Gate:
    def begin(self, market):
        bids, asks = market.whole()
        return [("R", text({"id": market.number, "current": MS, "update": MS, "asks": [pair(r) for r in asks],
                            "bids": [pair(r) for r in bids]}))]

    def book(self, rows, first, last, market, n):
        bids, asks = split(rows)
        return "M", text({"time": MS // 1000, "time_ms": MS + n, "channel": "spot.order_book_update", "event": "update",
                          "result": {"t": MS + n, "e": "depthUpdate", "E": MS // 1000, "s": "BTC_USDT", "U": first,
                                     "u": last, "b": [pair(r) for r in bids], "a": [pair(r) for r in asks]}})

    def trade(self, ticks, lots, n):
        return "M", text({"time": MS // 1000, "time_ms": MS + n, "channel": "spot.trades", "event": "update", "result": {
            "id": n, "create_time": MS // 1000, "create_time_ms": str(MS + n), "side": "sell",
            "currency_pair": "BTC_USDT", "amount": amount(lots), "price": price(ticks), "range": f"{n}-{n}"}})


class KuCoin:
    def begin(self, market):
        bids, asks = market.whole()
        return [("P", text({"id": "w", "type": "welcome"})), ("R", text({"code": "200000", "data": {
            "time": MS, "sequence": str(market.number), "bids": [pair(r) for r in bids], "asks": [pair(r) for r in asks]}}))]

    def book(self, rows, first, last, market, n):
        sides = [[], []]
        for number, (side, ticks, lots) in enumerate(rows, first):
            sides[side].append([price(ticks), amount(lots), str(number)])
        return "M", text({"type": "message", "topic": "/market/level2:BTC-USDT", "subject": "trade.l2update", "data": {
            "changes": {"asks": sides[1], "bids": sides[0]}, "sequenceEnd": last, "sequenceStart": first,
            "symbol": "BTC-USDT", "time": MS + n}})

    def trade(self, ticks, lots, n):
        return "M", text({"type": "message", "topic": "/market/match:BTC-USDT", "subject": "trade.l3match", "data": {
            "makerOrderId": "m", "price": price(ticks), "sequence": str(n), "side": "sell", "size": amount(lots),
            "symbol": "BTC-USDT", "takerOrderId": "t", "time": str((MS + n) * 1_000_000), "tradeId": str(n), "type": "match"}})


class Bitfinex:
    def row(self, side, ticks, lots):
        return "[%s,%d,%s%s]" % (price(ticks).rstrip("0").rstrip("."), 2, "-" if side else "", amount(lots).rstrip("0").rstrip("."))

    def begin(self, market):
        rows = ",".join(self.row(side, t, a) for side, rows in enumerate(market.whole()) for t, a in rows)
        return [("P", text({"event": "info", "version": 2, "serverId": "s", "platform": {"status": 1}})),
                ("P", text({"event": "subscribed", "channel": "book", "chanId": 17, "symbol": "tBTCUST", "prec": "P0",
                            "freq": "F0", "len": "100", "pair": "BTCUST"})),
                ("P", text({"event": "subscribed", "channel": "trades", "chanId": 18, "symbol": "tBTCUST", "pair": "BTCUST"})),
                ("P", "[17,[" + rows + "]]"), ("P", "[18,[]]")]

    def book(self, rows, first, last, market, n):
        return "M", "[17," + self.row(*rows[0]) + "]"

    def trade(self, ticks, lots, n):
        return "M", '[18,"te",[%d,%d,-%s,%s]]' % (n, MS + n, amount(lots), price(ticks))


class MEXC:
    def begin(self, market):
        bids, asks = market.whole()
        return [("R", text({"lastUpdateId": market.number, "bids": [pair(r) for r in bids], "asks": [pair(r) for r in asks],
                            "timestamp": MS}))]

    def wrap(self, channel, number, body, n):
        return "X", (field(1, channel) + field(3, "BTCUSDT") + field(5, MS + n) + field(6, MS + n) + field(number, body)).hex()

    def book(self, rows, first, last, market, n):
        bids, asks = split(rows)
        level = lambda r: field(1, price(r[0])) + field(2, amount(r[1]))
        body = b"".join(field(1, level(r)) for r in asks) + b"".join(field(2, level(r)) for r in bids)
        body += field(3, "spot@public.aggre.depth.v3.api.pb@100ms") + field(4, str(first)) + field(5, str(last))
        return self.wrap("spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT", 313, body, n)

    def trade(self, ticks, lots, n):
        deal = field(1, price(ticks)) + field(2, amount(lots)) + field(3, 2) + field(4, MS + n)
        return self.wrap("spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT", 314,
                         field(1, deal) + field(2, "spot@public.aggre.deals.v3.api.pb@100ms"), n)


EXCHANGES = dict(binance=Binance, bitfinex=Bitfinex, bybit=Bybit, gate=Gate, kucoin=KuCoin, mexc=MEXC, okx=OKX)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=20_261_126)
    given = parser.parse_args()
    os.makedirs(given.folder, exist_ok=True)
    for name, kind in EXCHANGES.items():
        market, words = Market(given.seed, 1 if name == "bitfinex" else 20), kind()
        with open(os.path.join(given.folder, name + ".frames"), "w") as out:
            for line in words.begin(market):
                out.write("\t".join(line) + "\n")
            for n in range(given.messages):
                if n % 5 == 4:
                    line = words.trade(MID - 1, market.amount(), n)
                else:
                    line = words.book(*market.changes(), market, n)
                out.write("\t".join(line) + "\n")


if __name__ == "__main__":
    main()
