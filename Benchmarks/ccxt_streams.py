#!/usr/bin/env python3
"""ccxt.pro on the frames of stream_frames.py: decoding (orjson, as ccxt.pro does where it is there), its own handlers, its own
book. One JSON line per exchange; CPU time, the best of the rounds.

  python ccxt_streams.py FOLDER [--rounds N]
"""
import argparse, asyncio, gc, json, os, time

import ccxt
import ccxt.pro
import orjson

SYMBOL = "BTC/USDT"
IDS = dict(binance="BTCUSDT", bybit="BTCUSDT", mexc="BTCUSDT", okx="BTC-USDT", kucoin="BTC-USDT", gate="BTC_USDT",
           bitfinex="tBTCUST")
URLS = dict(binance="wss://stream.binance.com:9443/stream", bybit="wss://stream.bybit.com/v5/public/spot")


class FakeClient:
    """What the handlers ask of a connection."""

    def __init__(self, url):
        self.url, self.subscriptions, self.futures, self.told = url, {}, {}, 0
        self.keepAlive, self.lastPong = 0, 0

    def resolve(self, result, message_hash=None):
        self.told += 1
        return result

    def reject(self, error, message_hash=None):
        raise error

    def future(self, message_hash):
        return asyncio.get_event_loop().create_future()

    def on_pong(self, message=None):
        pass


def read(path):
    prologue, whole, frames, binary = [], None, [], False
    for line in open(path, "rb"):
        kind, content = line[:1], line[2:].rstrip(b"\n")
        if kind == b"P":
            prologue.append(content)
        elif kind == b"R":
            whole = orjson.loads(content)
        elif kind == b"M":
            frames.append(content)
        else:
            binary = True
            frames.append(bytes.fromhex(content.decode()))
    return prologue, whole, frames, binary


def exchange(name):
    made = getattr(ccxt.pro, name)()
    made.set_markets([made.safe_market_structure({
        "id": IDS[name], "lowercaseId": IDS[name].lower(), "symbol": SYMBOL, "base": "BTC", "quote": "USDT", "baseId": "BTC",
        "quoteId": "USDT", "type": "spot", "spot": True, "swap": False, "future": False, "option": False, "contract": False,
        "active": True, "precision": {"price": 0.01, "amount": 0.00001}})])
    return made


def prepared(name, ex, client, whole, first):
    """A book that stands where the first change follows, as after a snapshot."""
    if whole is None:
        if name == "bitfinex":
            ex.options["checksum"] = False
            client.subscriptions["book:100:tBTCUST"] = {"len": "100", "prec": "P0"}
        return
    data = whole.get("data", whole)
    book = ex.order_book({}, 1_000)
    book.reset(ex.parse_order_book(data, SYMBOL, None, "bids", "asks"))
    number = int(data.get("lastUpdateId") or data.get("sequence") or data.get("id"))
    book["nonce"] = number
    ex.orderbooks[SYMBOL] = book


def run(name, ex, prologue, whole, frames, binary):
    client = FakeClient(URLS.get(name, f"wss://{name}/spot"))
    ex.orderbooks, ex.trades = {}, {}
    prepared(name, ex, client, whole, frames[0])
    for frame in prologue:
        ex.handle_message(client, orjson.loads(frame))
    # Protobuf is decoded by the handler itself.
    handle, decode = ex.handle_message, bytes if binary else orjson.loads
    before = client.told
    start = time.process_time()
    for frame in frames:
        handle(client, decode(frame))
    seconds = time.process_time() - start
    book = ex.orderbooks[SYMBOL]
    told = client.told - before
    assert told >= len(frames) * 0.75, f"{name}: told {told} times of {len(frames)}"
    return seconds, [book["bids"][0][:2], book["asks"][0][:2]]


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for name in sorted(IDS):
        prologue, whole, frames, binary = read(os.path.join(given.folder, name + ".frames"))
        ex = exchange(name)
        try:
            gc.collect()
            gc.freeze()
            rounds = [run(name, ex, prologue, whole, frames, binary) for _ in range(given.rounds)]
            seconds, top = min(rounds)
            print(json.dumps(dict(who="ccxt.pro " + ccxt.__version__, exchange=name, case="book", messages=len(frames),
                                  us_per_message=round(seconds / len(frames) * 1e6, 2), bid=top[0], ask=top[1])), flush=True)
        except Exception as error:
            print(json.dumps(dict(who="ccxt.pro " + ccxt.__version__, exchange=name, error=repr(error)[:300])), flush=True)
        finally:
            await ex.close()


asyncio.run(main())
