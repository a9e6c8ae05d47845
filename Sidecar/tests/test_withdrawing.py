import asyncio
import time
import unittest
from typing import Any

from ccxt.async_support.base.throttler import Throttler

from mrmarket_sidecar.failures import Refusal, Trace, trace
from mrmarket_sidecar.sessions import _traced


class Exchange:
    """What ccxt's exchanges do with a request: wait for a turn, then fetch."""

    def __init__(self) -> None:
        self.throttler = Throttler({"refillRate": 1 / 50})
        self.fetched: list[str] = []

    async def throttle(self, cost: Any = None) -> Any:
        return await self.throttler(cost)

    async def fetch(self, url: str, *rest: Any) -> str:
        self.fetched.append(url)
        return url

    async def request(self, url: str) -> str:
        await self.throttle(1)
        return await self.fetch(url)


class WithdrawingTests(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.api = _traced(Exchange)()

    def start(self, url: str, begun: bool = True) -> Trace:
        seen = Trace()

        async def run() -> None:
            trace.set(seen)
            if begun:
                seen.begin()
            await self.api.request(url)

        seen.task = asyncio.ensure_future(run())
        return seen

    async def test_what_waits_for_its_turn_never_leaves(self) -> None:
        first, second, third = self.start("a"), self.start("b"), self.start("c")
        await asyncio.sleep(0.01)
        self.assertFalse(first.withdraw(), "it has left")
        self.assertTrue(second.withdraw())
        await asyncio.gather(*(seen.task for seen in (first, second, third) if seen.task), return_exceptions=True)
        self.assertEqual(self.api.fetched, ["a", "c"])

    async def test_those_behind_do_not_wait_for_turns_that_were_given_up(self) -> None:
        waiting = [self.start(str(number)) for number in range(40)]
        await asyncio.sleep(0.01)
        last = self.start("cancel")
        await asyncio.sleep(0)
        for seen in waiting:
            seen.withdraw()
        began = asyncio.get_running_loop().time()
        assert last.task is not None
        await last.task
        # One turn is 50 ms, forty would be two seconds.
        self.assertLess(asyncio.get_running_loop().time() - began, 1)
        self.assertEqual(self.api.fetched[-1], "cancel")

    async def test_when_all_give_up_the_next_still_has_its_turn(self) -> None:
        waiting = [self.start(str(number)) for number in range(5)]
        await asyncio.sleep(0.01)
        for seen in waiting:
            seen.withdraw()
        await asyncio.gather(*(seen.task for seen in waiting if seen.task), return_exceptions=True)
        last = self.start("last")
        assert last.task is not None
        await asyncio.wait_for(last.task, 2)
        self.assertEqual(self.api.fetched, ["0", "last"])

    async def test_what_its_process_was_too_late_for_does_not_leave(self) -> None:
        first, late = self.start("a"), self.start("b")
        late.until = time.time() + 0.02
        # As after SIGSTOP: no timer has run meanwhile.
        await asyncio.sleep(0)
        time.sleep(0.1)
        await asyncio.gather(*(seen.task for seen in (first, late) if seen.task), return_exceptions=True)
        self.assertEqual(self.api.fetched, ["a"])

    async def test_loading_markets_goes_on_and_what_it_was_for_does_not(self) -> None:
        seen = self.start("markets", begun=False)
        self.assertTrue(seen.withdraw())
        assert seen.task is not None
        await seen.task
        self.assertEqual(self.api.fetched, ["markets"])
        with self.assertRaises(Refusal) as raised:
            seen.begin()
        self.assertEqual(raised.exception.name, "Withdrawn")
