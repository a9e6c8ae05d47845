"""What only tests ask for: recorded answers instead of an exchange, and misbehaviour. Off unless started with --test."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from typing import Any

from .sessions import Session
from .wire import wire

SNAKE = {"OHLCV": "ohlcv"}


async def recorded(session: Session, arguments: dict[str, Any]) -> Any:
    """Calls a method of ccxt with what an exchange answered once, and gives what ccxt makes of it."""
    api = session.api
    api.options = api.deep_extend(api.options, arguments.get("options") or {})
    if "markets" in arguments:
        api.set_markets(list(arguments["markets"].values()), arguments.get("currencies"))
    answer = arguments["httpResponse"]

    async def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        return json.loads(answer) if isinstance(answer, str) else answer

    api.fetch = fetch
    try:
        value = await getattr(api, arguments["method"])(*arguments["input"])
    finally:
        del api.fetch
    return wire(value)


async def misbehave(arguments: dict[str, Any], writer: asyncio.StreamWriter) -> Any:
    what = arguments.get("what")
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "block":
        time.sleep(float(arguments["seconds"]))
    elif what == "wait":
        await asyncio.sleep(float(arguments["seconds"]))
    elif what == "garbage":
        writer.write(os.urandom(64) if arguments.get("random") else b"\x00\x00\x00\x05nope!")
        await writer.drain()
    elif what == "oversized":
        writer.write(b"\xff\xff\xff\xff")
        await writer.drain()
    elif what == "huge":
        return "x" * int(arguments["bytes"])
    elif what == "raise":
        raise RuntimeError("something that nobody thought of")
    return "done"
