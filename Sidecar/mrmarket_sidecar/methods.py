"""Every request there is, by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import ccxt

from . import orders
from .failures import Refusal
from .sessions import Session
from .wire import book, candles, wire

Arguments = dict[str, Any]
Method = Callable[[Session, Arguments], Awaitable[Any]]

MOST_LEVELS = 1_000


def market(value: dict[str, Any]) -> dict[str, Any]:
    """A spot market with its rules."""
    kept = (
        "id", "symbol", "base", "quote", "baseId", "quoteId", "active", "precision", "limits", "maker", "taker",
        "feeSide",
    )
    return wire({name: value.get(name) for name in kept})


async def markets(session: Session, arguments: Arguments) -> list[dict[str, Any]]:
    await session.load(reload=bool(arguments.get("reload")))
    return [market(value) for value in session.spot_markets()]


async def abilities(session: Session, arguments: Arguments) -> dict[str, Any]:
    """What can be done, known without asking the exchange."""
    return session.abilities()


async def ticker(session: Session, arguments: Arguments) -> Any:
    return wire(await session.api.fetch_ticker(session.market(arguments.get("symbol"))))


async def tickers(session: Session, arguments: Arguments) -> Any:
    """Asks for what is asked for (D41): an exchange that tells no list of tickers is asked one by one."""
    symbols = [session.market(symbol) for symbol in arguments.get("symbols") or []]
    if not symbols:
        raise Refusal("BadArgument", "symbols: must name at least one")
    if session.has.get("fetchTickers"):
        return wire(await session.api.fetch_tickers(symbols))
    return {symbol: wire(await session.api.fetch_ticker(symbol)) for symbol in symbols}


async def order_book(session: Session, arguments: Arguments) -> Any:
    depth = min(int(arguments.get("depth") or 50), MOST_LEVELS)
    return book(await session.api.fetch_order_book(session.market(arguments.get("symbol"))), depth)


async def trades(session: Session, arguments: Arguments) -> Any:
    rows = await session.api.fetch_trades(
        session.market(arguments.get("symbol")), arguments.get("since"), arguments.get("limit"))
    return wire(rows)


async def ohlcv(session: Session, arguments: Arguments) -> Any:
    rows = await session.api.fetch_ohlcv(
        session.market(arguments.get("symbol")), str(arguments.get("timeframe") or "1m"), arguments.get("since"),
        arguments.get("limit"))
    return candles(rows)


async def balance(session: Session, arguments: Arguments) -> Any:
    """Free, used and total by asset, zeros left out."""
    told = await session.api.fetch_balance()
    return balances(told)


def balances(told: dict[str, Any]) -> dict[str, Any]:
    names = sorted(set(told.get("total") or {}) | set(told.get("free") or {}))
    rows = {
        name: {part: wire((told.get(part) or {}).get(name)) for part in ("free", "used", "total")} for name in names
    }
    return {
        "timestamp": wire(told.get("timestamp"), "timestamp"),
        "balances": {name: row for name, row in rows.items() if any(value is not None and Decimal(value) != 0 for value in row.values())},
    }


async def deposit_address(session: Session, arguments: Arguments) -> Any:
    """Never without a network (H25): one that the exchange does not name for the asset is refused before asking."""
    asset, network = str(arguments.get("asset") or ""), str(arguments.get("network") or "")
    currency = (session.api.currencies or {}).get(asset)
    if currency is None:
        raise Refusal("BadArgument", f"Token {asset} is not supported on {session.exchange}.")
    networks = currency.get("networks") or {}
    if network not in networks:
        known = ", ".join(sorted(networks)) or "none"
        raise Refusal("BadArgument", f"network {network}: {session.exchange} names {known} for {asset}")
    address = wire(await session.api.fetch_deposit_address(asset, {"network": network}))
    if address.get("network") not in (None, network):
        raise Refusal("WrongNetwork", f"asked for {network}, {session.exchange} answered {address.get('network')}")
    return {name: address.get(name) for name in ("currency", "network", "address", "tag")}


METHODS: dict[str, Method] = {
    "abilities": abilities, "markets": markets, "ticker": ticker, "tickers": tickers, "orderBook": order_book,
    "trades": trades, "candles": ohlcv, "balance": balance, "createOrder": orders.create,
    "cancelOrder": orders.cancel, "openOrders": orders.open_orders, "lookUpOrder": orders.look_up,
    "ownTrades": orders.trades_from, "ordersOf": orders.orders_of, "depositAddress": deposit_address,
}

# Those that change nothing at the exchange.
READING = frozenset(METHODS) - {"createOrder", "cancelOrder"}


def exchanges() -> list[str]:
    return list(ccxt.exchanges)


def details(exchange: str) -> dict[str, Any]:
    if exchange not in ccxt.exchanges:
        raise Refusal("UnknownExchange", f"Exchange {exchange} is not supported by CCXT.")
    api = getattr(ccxt, exchange)()
    return {
        "id": api.id, "name": api.name, "urls": wire(api.urls), "countries": api.countries, "version": api.version,
    }
