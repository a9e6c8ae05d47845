"""Sessions: one exchange with one account, or with none for what is public."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import ccxt
import ccxt.pro
import ccxt.async_support

from . import abilities, statuses
from .failures import Refusal, Trace, redacted, trace
from .abilities import CREDENTIALS
from .listings import ORDERS, TRADES, note, note_request

# What is watched begins anew at most so often: books that come late together are found one after the other, and each that had all the
# others begin anew would have them be told from their beginning, until they are found again.
DROPS_EVERY = 30.0


def _class(exchange: str) -> type:
    if exchange not in ccxt.exchanges:
        raise Refusal("UnknownExchange", f"Exchange {exchange} is not supported by CCXT.")
    return getattr(ccxt.pro if exchange in ccxt.pro.exchanges else ccxt.async_support, exchange)


def _traced(kind: type) -> type:
    """The exchange, noting what leaves, what status comes back and what rows it holds. What was taken back does not leave."""

    class Traced(kind):  # type: ignore[misc, valid-type]
        async def throttle(self, cost: Any = None) -> Any:
            try:
                return await super().throttle(cost)
            except asyncio.CancelledError:
                # Whoever gave up uses up no turn: a cancel may be waiting behind many placements that were taken back. ccxt looks at the
                # first of the queue without asking whether there is one.
                queue = self.throttler.queue
                waiting = [turn for turn in queue if not turn[0].cancelled()] or list(queue)[:1]
                queue.clear()
                queue.extend(waiting)
                raise

        async def request(self, *arguments: Any, **named: Any) -> Any:
            # path, kind of endpoint, verb, parameters
            note_request(arguments[3] if len(arguments) > 3 else named.get("params"))
            try:
                answer = await super().request(*arguments, **named)
                # Nothing, where ccxt looks for markets by their names: "an empty result" is a list (whitebit's manual).
                is_history = answer == [] and "history" in str(arguments[0] if arguments else named.get("path"))
                return {} if is_history and self.id == "whitebit" else answer
            except ccxt.PermissionDenied as error:
                # Bitget: which kind of account it is was not known well, and is asked again.
                if "Unified Account mode" in str(error):
                    self.options["uta"] = None
                raise

        async def handle_uta_and_params(self, params: Any, method: str, default: bool = False) -> Any:
            """Bitget's kind of account, on which hangs what everything is asked of. ccxt takes any trouble with the question for a no."""
            known, rest = self.handle_option_and_params(params, method, "uta")
            if known is None and self.check_required_credentials(False):
                try:
                    await self.privateUtaGetV3AccountSettings()
                    known = True
                except ccxt.ExchangeError:
                    known = False
                self.options["uta"] = known
            return [default if known is None else known, rest]

        async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
            seen = trace.get()
            if seen is not None:
                seen.leave()
                seen.sent += 1
                seen.status = None
            return await super().fetch(url, method, headers, body)

        def handle_errors(self, code: int, *rest: Any) -> Any:
            seen: Trace | None = trace.get()
            if seen is not None:
                seen.status = code
            return super().handle_errors(code, *rest)

        def parse_order(self, order: Any, market: Any = None) -> Any:
            result = super().parse_order(order, market)
            note(ORDERS, result)
            return result

        def parse_trade(self, trade: Any, market: Any = None) -> Any:
            result = super().parse_trade(trade, market)
            note(TRADES, result)
            return result

    Traced.__name__ = kind.__name__
    for name, understand in statuses.settling(kind).items():
        setattr(Traced, name, understand)
    return Traced


async def _end(client: Any) -> None:
    """A connection that is late is late to close, too: nobody waits for it."""
    with contextlib.suppress(Exception):
        await client.close()


class Session:
    """An exchange object for everything, its numbers as texts; a second one for books, which ccxt computes in floats."""

    def __init__(self, exchange: str, credentials: dict[str, str], settings: dict[str, Any]) -> None:
        self.exchange = exchange
        self._credentials = {name: value for name, value in credentials.items() if name in CREDENTIALS and value}
        self._settings = settings
        self.polls = bool(settings.get("poll"))
        self.secrets = [value for value in self._credentials.values()]
        self.api = self._make(with_key=True)
        self.api.number = str
        self._books: Any = None
        self._loading: asyncio.Lock = asyncio.Lock()
        self._dropped_at: float | None = None
        self._closing: set[asyncio.Task[None]] = set()
        # ccxt's methods whose answers have been seen to tell client order ids.
        self.naming: set[str] = set()
        # Whether it has told an id of ours: before, that it tells none of one proves nothing.
        self.proven = False
        # By the exchange's id, of orders that its lists tell without one.
        self.client_ids: dict[str, str | None] = {}
        # Whose orders by the exchange's id were: that never changes.
        self.owners: dict[str, str | None] = {}

    def _make(self, with_key: bool) -> Any:
        options = {"defaultType": "spot", "adjustForTimeDifference": True}
        options.update(self._settings.get("options") or {})
        # Where ccxt can be told, only spot markets are loaded: derivatives are nothing to us.
        if "fetchMarkets" not in options and self.exchange in ("binance", "binanceus", "bybit", "okx", "gate", "mexc"):
            options["fetchMarkets"] = {"types": ["spot"]}
        config: dict[str, Any] = {
            "enableRateLimit": True, "newUpdates": True, "options": options,
            "timeout": int(self._settings.get("timeout") or 10_000),
        }
        if with_key:
            config.update(self._credentials)
        api = _traced(_class(self.exchange))(config)
        if self._settings.get("sandbox"):
            api.set_sandbox_mode(True)
        urls = self._settings.get("urls")
        if urls:
            api.urls["api"] = api.deep_extend(api.urls["api"], urls) if isinstance(api.urls["api"], dict) else urls
        if hostname := self._settings.get("hostname"):
            api.hostname = hostname
        return api

    @property
    def has(self) -> dict[str, Any]:
        return dict(self.api.has)

    async def books(self) -> Any:
        """The object that keeps order books. It knows the same markets, by number instead of by text."""
        if self._books is None:
            self._books = self._make(with_key=False)
        async with self._loading:
            if not self._books.markets:
                await self._books.load_markets()
        return self._books

    def drop_watchers(self, source: Any) -> None:
        """Has all that is watched of it begin anew, on new connections: not every exchange lets one go by itself."""
        now = asyncio.get_running_loop().time()
        if self._dropped_at is not None and now - self._dropped_at < DROPS_EVERY:
            return
        self._dropped_at = now
        error = ccxt.NetworkError("begun anew, as a book came late")
        for url, client in list((source.clients or {}).items()):
            # One that is being opened is new already.
            if client.connection is not None:
                del source.clients[url]
                # ccxt then takes its end for no loss, which would cost the new connection to the same address its place.
                client.error = error
                client.reset(error)
                task = asyncio.ensure_future(_end(client))
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)

    async def load(self, reload: bool = False) -> None:
        async with self._loading:
            if reload or not self.api.markets:
                await self.api.load_markets(reload)

    def spot_markets(self) -> list[dict[str, Any]]:
        return [market for market in (self.api.markets or {}).values() if market.get("spot")]

    def market(self, symbol: Any) -> str:
        market = (self.api.markets or {}).get(symbol)
        if market is None or not market.get("spot"):
            raise Refusal("BadSymbol", f"symbol {symbol}: no spot market of {self.exchange}")
        return str(symbol)

    def obstacles(self) -> list[str]:
        return abilities.obstacles(self.exchange, self.has)

    def feature(self, method: str) -> dict[str, Any]:
        """What ccxt says of a method on the spot market."""
        return ((getattr(self.api, "features", None) or {}).get("spot") or {}).get(method) or {}

    def abilities(self) -> dict[str, Any]:
        return {
            "exchange": self.exchange, "name": self.api.name, "precisionMode": self.api.precisionMode,
            "clientOrderIds": abilities.client_order_ids(self.exchange),
            "clientIdStyle": abilities.client_id_style(self.exchange), "obstacles": self.obstacles(),
            "acceptanceSeconds": abilities.VALID_SECONDS.get(self.exchange, abilities.RULE_SECONDS),
            "streams": {
                "orderBook": bool(self.has.get("watchOrderBook")), "trades": bool(self.has.get("watchTrades")),
                "ticker": bool(self.has.get("watchTicker")), "orders": bool(self.has.get("watchOrders")),
                "ownTrades": bool(self.has.get("watchMyTrades")), "balance": bool(self.has.get("watchBalance")),
            },
            "ownTrades": self.feature("fetchMyTrades"),
        }

    def redact(self, text: str) -> str:
        return redacted(text, self.secrets)

    async def close(self) -> None:
        for api in (self.api, self._books):
            if api is not None:
                try:
                    await asyncio.wait_for(api.close(), 2)
                except Exception:  # The process ends or the session is forgotten; nothing depends on it.
                    pass
