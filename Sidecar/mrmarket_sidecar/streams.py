"""Streams: what changes, told as it comes; by ccxt.pro where it can watch, else by asking again and again.

A stream that breaks says so (`lost`), tries again ever more slowly, and says when it is back (`recovered`).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from .failures import Refusal, Trace, classify, trace
from .methods import balances
from .orders import told
from .sessions import Session
from .wire import book, wire

Tell = Callable[[dict[str, Any]], Awaitable[None]]

STALE_AFTER = 10.0
ALIVE_EVERY = 2.0
SHORTEST_WAIT, LONGEST_WAIT = 0.5, 30.0
# A subscription that has not failed for so long stands, though nothing happened yet.
SETTLED_AFTER = 1.0
# A watcher that has failed so often is given up for so many seconds, and what is public asked for instead.
PATIENCE, POLLS_FOR = 3, 60.0


class Stream:
    """One subscription. `run` ends only when it is cancelled, or when what is asked for cannot be had at all."""

    def __init__(self, number: int, session: Session, arguments: dict[str, Any], tell: Tell) -> None:
        self.number, self.session, self.arguments, self._tell = number, session, arguments, tell
        self.kind = str(arguments.get("stream") or "")
        if self.kind not in ("orderBook", "trades", "ticker", "orders", "ownTrades", "balance"):
            raise Refusal("BadArgument", f"stream {self.kind}: there is none")
        self.symbol = None if self.kind == "balance" else session.market(arguments.get("symbol"))
        self.depth = min(int(arguments.get("depth") or 50), 1_000)
        self.interval = max(0.1, float(arguments.get("interval") or 1_000) / 1_000)
        self.stale_after = max(0.1, float(arguments.get("staleAfter") or STALE_AFTER * 1_000) / 1_000)
        watches = bool(session.abilities()["streams"][self.kind]) and not session.polls
        # Of an own order or trade nobody is told by asking: that is what the requests are for.
        if not watches and self.kind in ("orders", "ownTrades", "balance"):
            raise Refusal("NotSupported", f"{session.exchange} has no stream of {self.kind}", "unsupported")
        self.watches = watches
        self._lost = False
        self._failures = 0

    async def tell(self, **message: Any) -> None:
        await self._tell({"id": self.number, **message})

    async def run(self) -> None:
        while True:
            trace.set(Trace())
            try:
                await self._carry()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # Whatever it is, the stream is what broke, not the sidecar.
                await self._break(error)

    async def _break(self, error: Exception) -> None:
        _, name = classify(error, Trace())
        if not self._lost:
            self._lost = True
            await self.tell(t="lost", name=name, message=self.session.redact(str(error)))
        bound = min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** min(self._failures, 10))
        self._failures += 1
        await asyncio.sleep(bound * (0.5 + random.random() / 2))

    async def _stands(self) -> None:
        self._failures = 0
        if self._lost:
            self._lost = False
            await self.tell(t="recovered")

    async def _carry(self) -> None:
        if not self.watches or (self._failures >= PATIENCE and self.kind in ("orderBook", "ticker", "trades")):
            await self._poll(None if not self.watches else POLLS_FOR)
        source = await self.session.books() if self.kind == "orderBook" else self.session.api
        while True:
            await self._event(await self._watched(source))

    async def _poll(self, seconds: float | None) -> None:
        loop = asyncio.get_running_loop()
        end = None if seconds is None else loop.time() + seconds
        while end is None or loop.time() < end:
            await self._event(await self._ask())
            await asyncio.sleep(self.interval)

    async def _watched(self, source: Any) -> Any:
        """The next thing the watcher hands out. While it waits, the stream says that it lives; a book that has been
        silent for too long is asked for instead."""
        waiting = asyncio.ensure_future(self._watch(source))
        silent = 0.0
        try:
            while True:
                step = SETTLED_AFTER if self._lost else min(ALIVE_EVERY, self.stale_after)
                done, _ = await asyncio.wait({waiting}, timeout=step)
                if done:
                    return waiting.result()
                silent += step
                if self.kind == "orderBook":
                    if silent >= self.stale_after:
                        silent = 0.0
                        await self._event(await self._ask())
                else:
                    await self._stands()
                    await self.tell(t="alive")
        finally:
            if not waiting.done():
                waiting.cancel()

    def _watch(self, source: Any) -> Awaitable[Any]:
        return {
            "orderBook": lambda: source.watch_order_book(self.symbol),
            "trades": lambda: source.watch_trades(self.symbol), "ticker": lambda: source.watch_ticker(self.symbol),
            "orders": lambda: source.watch_orders(self.symbol),
            "ownTrades": lambda: source.watch_my_trades(self.symbol), "balance": lambda: source.watch_balance(),
        }[self.kind]()

    async def _ask(self) -> Any:
        api = self.session.api
        if self.kind == "orderBook":
            return await api.fetch_order_book(self.symbol)
        if self.kind == "ticker":
            return await api.fetch_ticker(self.symbol)
        return await api.fetch_trades(self.symbol)

    async def _event(self, value: Any) -> None:
        await self._stands()
        if self.kind == "orderBook":
            data: Any = book(value, self.depth)
        elif self.kind == "orders":
            data = [told(self.session, order) for order in value]
        elif self.kind == "balance":
            data = balances(value)
        else:
            data = wire(value)
        await self.tell(t="event", data=data)
