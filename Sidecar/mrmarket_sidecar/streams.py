"""Streams: what changes, told as it comes; by ccxt.pro where it can watch, else by asking again and again.

A stream that breaks says so (`lost`), tries again ever more slowly, and says when it is back (`recovered`).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from .failures import Refusal, Trace, classify, trace
from .lateness import AFTER, Comparison, best
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
# A book that talks is compared so often; again soon after it was not found to be the market's.
COMPARE_EVERY, COMPARE_SOON, COMPARE_AFTER = 15.0, 1.0, AFTER


class LateBook(Exception):
    """A watched book that talks of some time ago."""


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
        self.compare_every = max(0.1, float(arguments.get("compareEvery") or COMPARE_EVERY * 1_000) / 1_000)
        watches = bool(session.abilities()["streams"][self.kind]) and not session.polls
        # Of an own order or trade nobody is told by asking: that is what the requests are for.
        if not watches and self.kind in ("orders", "ownTrades", "balance"):
            raise Refusal("NotSupported", f"{session.exchange} has no stream of {self.kind}", "unsupported")
        self.watches = watches
        self._lost = False
        self._failures = 0
        # The watched book was late, or broke while that was not clear: it is told again when it has been shown to be in time.
        self._is_doubted = False
        self._comparison = Comparison()

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
        while self.kind == "orderBook":
            await self._carry_book(await self.session.books())
        while True:
            await self._event(await self._watched(self.session.api))

    async def _carry_book(self, source: Any) -> None:
        """Until the watcher breaks, or is late."""
        if self._is_doubted:
            await self._poll(POLLS_FOR)
        self._comparison = Comparison(COMPARE_AFTER)
        tasks = [asyncio.ensure_future(task) for task in (self._watch_book(source), self._compare())]
        if self._is_doubted:
            tasks.append(asyncio.ensure_future(self._poll(None)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except LateBook:
            self._is_doubted = True
            self.session.drop_watchers(source)
            raise
        except Exception:
            # Another book of the same connection may have been found to be late a moment before this one.
            self._is_doubted = self._is_doubted or self._comparison.misses > 0
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch_book(self, source: Any) -> None:
        while True:
            value = await self._watched(source)
            self._comparison.heard(asyncio.get_running_loop().time(), best(value))
            if not self._is_doubted:
                await self._event(value)

    async def _compare(self) -> None:
        """Holds the watched book against one that is asked for, now and then, until it is found to be late."""
        while not self._comparison.is_late:
            if not self._comparison.has_book:
                await asyncio.sleep(COMPARE_SOON)
                continue
            is_in_time = await self._is_in_time()
            if self._is_doubted and self._comparison.is_proven:
                # From here on it is told, and no longer asked for: as if the watcher had just begun.
                self._is_doubted = False
                return
            await asyncio.sleep(self.compare_every if is_in_time else COMPARE_SOON)
        raise LateBook(f"the book of {self.symbol} talks of some time ago: it is asked for instead")

    async def _is_in_time(self) -> bool:
        loop, comparison = asyncio.get_running_loop(), self._comparison
        comparison.asks()
        try:
            asked = best(await self._ask())
        except Exception:  # A question that fails says nothing of the watcher: the next comes when it would have come anyway.
            comparison.forget()
            return True
        comparison.answered(loop.time(), asked)
        while (is_in_time := comparison.judged(loop.time())) is None:
            await asyncio.sleep(COMPARE_AFTER / 20)
        return is_in_time

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
                if waiting.cancelled():
                    # ccxt cancels what waits for a connection that it closes: that ends the watcher, and not the stream.
                    raise ConnectionError("the watcher was let go")
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
            elif not waiting.cancelled():
                waiting.exception()  # Looked at, or Python complains of one that came as the stream turned away.

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
