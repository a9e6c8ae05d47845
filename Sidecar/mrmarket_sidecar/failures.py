"""Why a request gave nothing: refused (it was not carried out), unknown (it may have been), unsupported."""

from __future__ import annotations

import asyncio
import contextvars
import re
import time
from collections.abc import Iterable

import ccxt

REFUSED = "refused"
UNKNOWN = "unknown"
UNSUPPORTED = "unsupported"

LONGEST_MESSAGE = 500


class Refusal(Exception):
    """Our own no, before anything is sent."""

    def __init__(self, name: str, message: str, kind: str = REFUSED) -> None:
        super().__init__(message)
        self.name = name
        self.kind = kind


class Trace:
    """What a request has done so far, and whether it is still wanted."""

    def __init__(self, session: str | None = None, until: float | None = None, acts: bool = True) -> None:
        self.session = session
        # Whether it changes something at the exchange; else it only reads.
        self.acts = acts
        # By the clock of the machine, which is the client's too: seconds.
        self.until = until
        self.sent = 0
        self.status: int | None = None
        self.task: asyncio.Task[None] | None = None
        self.is_withdrawn = False
        self._is_begun = False

    def begin(self) -> None:
        """The exchange's markets are there; from here on what is sent is the request itself."""
        self.sent, self.status, self._is_begun = 0, None, True
        self.leave()

    def leave(self) -> None:
        if self._is_begun and self.sent == 0:
            if self.is_withdrawn:
                raise Refusal("Withdrawn", "it was taken back before it left")
            # Timers stand still with the process: this one was stopped, and nobody waits for the answer any more.
            if self.is_late:
                raise Refusal("NotSent", "its deadline passed before it left")

    @property
    def is_late(self) -> bool:
        return self.until is not None and time.time() > self.until

    def withdraw(self) -> bool:
        """Takes the request back if nothing of it has left. Loading markets is left alone: others wait for them too."""
        if self._is_begun and self.sent > 0:
            return False
        self.is_withdrawn = True
        if self._is_begun and self.task is not None:
            self.task.cancel()
        return True


trace: contextvars.ContextVar[Trace | None] = contextvars.ContextVar("trace", default=None)


# What exchanges say, with a status below 500, of what they may have done or not.
UNDECIDED = re.compile(
    r"(?i)execution[\s_]status[\s_]unknown|may or may not|deadline elapsed|time[\s_-]?d?[\s_-]?out|internal|unexpected[\s_]error|"
    r"server[\s_]error|service return an error|system[\s_](is[\s_])?(abnormal|busy|error)|unknown[\s_]error|try again later")
# The same of what acts: there, words that leave it open at all are enough.
LEFT_OPEN = re.compile(
    r"(?i)system[\s_-]?(is[\s_-])?(abnormal|busy|error|exception)|request[\s_-]failed|service[\s_-](error|exception|busy)|try[\s_-]again|"
    r"for processing|being processed")


def _leaves_it_open(error: ccxt.ExchangeError, seen: Trace) -> bool:
    """An exchange that fails inside may have acted, whatever words it finds for it."""
    if (seen.status or 0) >= 500 or UNDECIDED.search(str(error)):
        return True
    # ccxt's bare class is for words that it does not know, or that mean no one thing: no proof that nothing was done.
    return seen.acts and (type(error) is ccxt.ExchangeError or LEFT_OPEN.search(str(error)) is not None)


def classify(error: BaseException, seen: Trace) -> tuple[str, str]:
    """Kind and name. What failed before anything left was not carried out, whatever it was."""
    name = type(error).__name__
    if isinstance(error, Refusal):
        return error.kind, error.name
    if isinstance(error, ccxt.NotSupported):
        return UNSUPPORTED, name
    if seen.sent == 0:
        return REFUSED, "NotSent" if isinstance(error, (asyncio.TimeoutError, asyncio.CancelledError)) else name
    if isinstance(error, (asyncio.TimeoutError, asyncio.CancelledError)):
        return UNKNOWN, "DeadlinePassed"
    # Without a status the answer never came whole: cut, or broken on its way, which ccxt calls an ExchangeError.
    if isinstance(error, ccxt.ExchangeError) and seen.status is not None and not _leaves_it_open(error, seen):
        return REFUSED, name
    return UNKNOWN, name


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Without secrets and without what stands in addresses behind the question mark: signatures and keys."""
    for secret in secrets:
        if len(secret) > 3:
            text = text.replace(secret, "***")
    text = re.sub(r"(https?|wss?)(://[^\s?]*)\?\S*", r"\1\2?***", text)
    text = re.sub(r"(?i)((?:signature|sign|apikey|api_key|secret|passphrase|token)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,}]+",
                  r"\1***", text)
    return text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + "..."
