"""The connection: one client, hello first, then requests, subscriptions and pings. Its end is the end of the process."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
from collections.abc import Coroutine
from typing import Any

import ccxt

from . import framing, methods, testing
from .failures import REFUSED, UNKNOWN, Refusal, Trace, classify, trace
from .sessions import Session
from .streams import Stream

LONGEST_DEADLINE = 120_000


class Server:
    def __init__(self, is_test: bool) -> None:
        self.is_test = is_test
        self.sessions: dict[str, Session] = {}
        self.streams: dict[int, asyncio.Task[None]] = {}
        self.work: set[asyncio.Task[None]] = set()
        # Of requests that are not answered yet.
        self.traces: dict[int, Trace] = {}
        self.done = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._turn = asyncio.Lock()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer is not None:
            writer.close()
            return
        self._writer = writer
        try:
            if await self._greet(reader):
                while (message := await framing.read(reader)) is not None:
                    await self._take(message)
        except (framing.FrameError, ConnectionError) as error:
            print(f"sidecar: {error}", file=sys.stderr)
            await self._fault("frame", str(error))
        finally:
            await self._end()

    async def _end(self) -> None:
        tasks = [*self.streams.values(), *self.work]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(session.close() for session in self.sessions.values()))
        if self._writer is not None:
            self._writer.close()
        self.done.set()

    async def say(self, message: framing.Message) -> None:
        frame = framing.encode(message)
        async with self._turn:
            if self._writer is None or self._writer.is_closing():
                return
            self._writer.write(frame)
            # Who reads slowly makes streams skip, not memory grow.
            await self._writer.drain()

    async def _fault(self, code: str, text: str) -> None:
        try:
            await asyncio.wait_for(self.say({"t": "fault", "code": code, "message": text}), 1)
        except (ConnectionError, asyncio.TimeoutError):
            pass

    async def _greet(self, reader: asyncio.StreamReader) -> bool:
        hello = await framing.read(reader)
        if hello is None:
            return False
        if hello["t"] != "hello" or hello.get("protocol") != framing.PROTOCOL:
            await self._fault(
                "version", f"protocol {hello.get('protocol')}: this sidecar speaks {framing.PROTOCOL} alone")
            return False
        await self.say({
            "t": "hello", "protocol": framing.PROTOCOL, "ccxt": ccxt.__version__,
            "python": platform.python_version(), "pid": os.getpid(),
        })
        return True

    async def _take(self, message: framing.Message) -> None:
        kind = message["t"]
        if kind == "ping":
            await self.say({"t": "pong", "id": message.get("id")})
        elif kind in ("request", "subscribe", "unsubscribe", "withdraw"):
            number = message.get("id")
            if not isinstance(number, int) or isinstance(number, bool):
                raise framing.FrameError(f"a {kind} whose id is no whole number")
            if kind == "unsubscribe":
                self._unsubscribe(number)
                return
            if kind == "withdraw":
                if number in self.traces:
                    self.traces[number].withdraw()
                return
            if kind == "request" and message.get("method") in ("open", "close"):
                # At once: what follows on the connection may need the session.
                await self._answer(number, message, Trace())
                return
            if kind == "subscribe":
                self._start(self._subscribe(number, message))
                return
            until = message.get("until")
            seen = self.traces[number] = Trace(
                str(message.get("session")), until / 1_000 if isinstance(until, int) else None,
                acts=message.get("method") not in methods.READING)
            seen.task = self._start(self._answer(number, message, seen))
            seen.task.add_done_callback(lambda _: self.traces.pop(number, None))
        else:
            raise framing.FrameError(f"a message of the unknown type {kind[:40]}")

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self.work.add(task)
        task.add_done_callback(self.work.discard)
        return task

    # Requests

    async def _answer(self, number: int, message: framing.Message, seen: Trace) -> None:
        trace.set(seen)
        session: Session | None = None
        try:
            within = message.get("within")
            if not isinstance(within, int) or not 0 < within <= LONGEST_DEADLINE:
                raise Refusal("BadArgument", f"within {within}: must be 1 to {LONGEST_DEADLINE} milliseconds")
            if seen.is_late:
                raise Refusal("NotSent", "its deadline passed before it was read")
            arguments = message.get("args") or {}
            session = self.sessions.get(str(message.get("session")))
            result = await asyncio.wait_for(self._carry_out(message, arguments), within / 1_000)
            await self.say({"t": "answer", "id": number, "result": result})
        except framing.FrameTooLarge as error:
            # It was carried out; only its answer cannot be told.
            await self._error(number, UNKNOWN, type(error).__name__, str(error))
        except asyncio.CancelledError:
            if not seen.is_withdrawn:
                raise
            await self._error(number, REFUSED, "Withdrawn", "it was taken back before it left")
        except Exception as error:
            kind, name = classify(error, seen)
            text = str(error) or name
            await self._error(number, kind, name, session.redact(text) if session else text)

    async def _error(self, number: int, kind: str, name: str, text: str) -> None:
        await self.say({"t": "error", "id": number, "kind": kind, "name": name, "message": text})

    async def _carry_out(self, message: framing.Message, arguments: dict[str, Any]) -> Any:
        name = str(message.get("method"))
        if name == "exchanges":
            return methods.exchanges()
        if name == "details":
            return methods.details(str(arguments.get("exchange")))
        if name == "open":
            return await self._open(str(message.get("session")), arguments)
        if name == "close":
            if session := self.sessions.pop(str(message.get("session")), None):
                self._withdraw_all(str(message.get("session")))
                # Some exchanges' connections take seconds to close, for which nobody else waits.
                self._start(session.close())
            return None
        if self.is_test and name == "misbehave" and self._writer is not None:
            return await testing.misbehave(arguments, self._writer)
        session = self._session(message)
        if self.is_test and name == "recorded":
            return await testing.recorded(session, arguments)
        method = methods.METHODS.get(name)
        if method is None:
            raise Refusal("UnknownMethod", f"method {name}: there is none", "unsupported")
        if name not in ("abilities", "markets"):
            await session.load()
        if seen := trace.get():
            seen.begin()
        return await method(session, arguments)

    def _session(self, message: framing.Message) -> Session:
        session = self.sessions.get(str(message.get("session")))
        if session is None:
            raise Refusal("UnknownSession", f"session {message.get('session')}: is not open")
        return session

    async def _open(self, name: str, arguments: dict[str, Any]) -> None:
        """A session under this name; one that was there is closed. Nothing is asked of the exchange yet."""
        session = Session(
            str(arguments.get("exchange")), arguments.get("credentials") or {}, arguments.get("settings") or {})
        if old := self.sessions.get(name):
            self._withdraw_all(name)
            self._start(old.close())
        self.sessions[name] = session

    def _withdraw_all(self, session: str) -> None:
        """What waits for its turn under a key that is no longer to be used does not leave."""
        for seen in self.traces.values():
            if seen.session == session:
                seen.withdraw()

    # Streams

    async def _subscribe(self, number: int, message: framing.Message) -> None:
        session: Session | None = None
        try:
            session = self._session(message)
            await session.load()
            stream = Stream(number, session, message.get("args") or {}, self.say)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            kind, name = classify(error, Trace())
            text = str(error) or name
            await self._error(number, kind if isinstance(error, Refusal) else REFUSED, name,
                              session.redact(text) if session else text)
            return
        self._unsubscribe(number)
        await self.say({"t": "subscribed", "id": number, "mode": "stream" if stream.watches else "poll"})
        self.streams[number] = asyncio.ensure_future(stream.run())

    def _unsubscribe(self, number: int) -> None:
        if task := self.streams.pop(number, None):
            task.cancel()


async def run(path: str, is_test: bool) -> None:
    """Listens on a socket that is its owner's alone until the one client has come and gone."""
    server = Server(is_test)
    if os.path.lexists(path):
        os.unlink(path)
    mask = os.umask(0o177)
    try:
        listener = await asyncio.start_unix_server(server.serve, path)
    finally:
        os.umask(mask)
    orphaned = asyncio.ensure_future(_parent_gone())
    served = asyncio.ensure_future(server.done.wait())
    await asyncio.wait({orphaned, served}, return_when=asyncio.FIRST_COMPLETED)
    listener.close()


async def _parent_gone() -> None:
    """Ends when standard input does: whoever started us is no more, however it ended."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4_096):
        pass
