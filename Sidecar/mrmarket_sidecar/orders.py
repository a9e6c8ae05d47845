"""Orders by our own ids: placing, cancelling, looking up, and trades that say whose order they belong to."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import ccxt

from . import abilities
from .failures import Refusal, UNSUPPORTED
from .history import Rules, own_trades
from .sessions import Session
from .wire import wire

Order = dict[str, Any]

SIDES = ("buy", "sell")
TYPES = ("limit", "market")
TIMES_IN_FORCE = ("GTC", "IOC", "FOK")
OPTION_NAMES = {abilities.IOC: "IOC (immediate or cancel)", abilities.FOK: "FOK (fill or kill)", abilities.POST_ONLY: "post-only"}


def told(session: Session, order: Order) -> dict[str, Any]:
    """An order as it goes over the wire, our id as we made it. Some answers to a placement hold nothing but the id."""
    result = wire(order)
    result["clientOrderId"] = abilities.plain_client_id(session.exchange, order.get("clientOrderId"))
    return result


def tradable(session: Session) -> None:
    if obstacles := session.obstacles():
        raise Refusal("CannotTrade", f"{session.exchange} through ccxt {', '.join(obstacles)}", UNSUPPORTED)


def _choice(arguments: dict[str, Any], name: str, values: tuple[str, ...]) -> str:
    value = arguments.get(name)
    if value not in values:
        raise Refusal("BadArgument", f"{name} {value}: must be one of {', '.join(values)}")
    return str(value)


def _text(arguments: dict[str, Any], name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal("BadArgument", f"{name}: must be a text")
    return value


def _options(session: Session, kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """ccxt's parameters for post-only and time in force. It passes on what it does not know, and the order would rest."""
    time_in_force = arguments.get("timeInForce")
    if arguments.get("postOnly"):
        option, parameters = abilities.POST_ONLY, {"postOnly": True}
    elif time_in_force in (None, "GTC"):
        return {}
    elif time_in_force not in TIMES_IN_FORCE:
        raise Refusal("BadArgument", f"timeInForce {time_in_force}: must be one of {', '.join(TIMES_IN_FORCE)}")
    else:
        option, parameters = str(time_in_force), {"timeInForce": time_in_force}
    # An order at the market never rests, whatever becomes of the option.
    if kind == "limit" and not abilities.has_order_option(
            session.exchange, getattr(session.api, "features", None), option):
        raise Refusal(
            "OptionNotSupported", f"{session.exchange} through ccxt has no {OPTION_NAMES[option]} orders: it was not sent",
            UNSUPPORTED)
    return parameters


async def create(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    tradable(session)
    symbol = session.market(arguments.get("symbol"))
    kind = _choice(arguments, "type", TYPES)
    client_id = _text(arguments, "clientOrderId")
    amount, price = _text(arguments, "amount"), _text(arguments, "price") if kind == "limit" else None
    parameters: dict[str, Any] = {"clientOrderId": client_id}
    if abilities.client_id_style(session.exchange) == "number":
        parameters["clientOrderId"] = int(client_id)
    parameters.update(_options(session, kind, arguments))
    # What would be sent has to be what was meant: ccxt cuts to the market's steps without a word.
    for name, value, shaped in (
        ("amount", amount, session.api.amount_to_precision(symbol, amount)),
        ("price", price, session.api.price_to_precision(symbol, price) if price else None),
    ):
        if value is not None and _decimal(value) != _decimal(shaped):
            raise Refusal("InvalidOrder", f"{name} {value}: {session.exchange} takes {shaped}")
    order = await session.api.create_order(
        symbol, kind, _choice(arguments, "side", SIDES), amount, price, parameters)
    result = told(session, order)
    result["clientOrderId"] = result.get("clientOrderId") or client_id
    return result


def _decimal(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise Refusal("BadArgument", f"{value}: must be a decimal") from error


async def cancel(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    """By the exchange's id where it is known, else by ours where that is possible."""
    symbol = session.market(arguments.get("symbol"))
    order_id, client_id = arguments.get("id"), arguments.get("clientOrderId")
    if order_id:
        return told(session, await session.api.cancel_order(order_id, symbol))
    if client_id and abilities.client_order_ids(session.exchange)["cancels"]:
        return told(session, await session.api.cancel_order(None, symbol, {"clientOrderId": client_id}))
    found = await look_up(session, arguments)
    if found is None:
        raise ccxt.OrderNotFound(f"no order {client_id}")
    return told(session, await session.api.cancel_order(found["id"], symbol))


async def open_orders(session: Session, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    symbol = session.market(arguments.get("symbol"))
    return [told(session, order) for order in await session.api.fetch_open_orders(symbol)]


async def _done_orders(session: Session, symbol: str, since: int | None) -> list[Order]:
    """Orders that are no longer open, from `since` on, by whichever lists there are."""
    has, api = session.has, session.api
    if has.get("fetchOrders"):
        return list(await api.fetch_orders(symbol, since))
    found: list[Order] = []
    if has.get("fetchCanceledAndClosedOrders"):
        return list(await api.fetch_canceled_and_closed_orders(symbol, since))
    if has.get("fetchClosedOrders"):
        found += await api.fetch_closed_orders(symbol, since)
    if has.get("fetchCanceledOrders"):
        found += await api.fetch_canceled_orders(symbol, since)
    return found


async def look_up(session: Session, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """An order by our id, or by the exchange's where we know it; None where the exchange says that it knows none."""
    symbol = session.market(arguments.get("symbol"))
    order_id, client_id = arguments.get("id"), arguments.get("clientOrderId")
    has, api = session.has, session.api
    ids = abilities.client_order_ids(session.exchange)
    if order_id and has.get("fetchOrder"):
        try:
            return told(session, await api.fetch_order(order_id, symbol))
        except ccxt.OrderNotFound:
            return None
    if client_id and has.get("fetchOrder") and ids["finds"]:
        try:
            return told(session, await api.fetch_order(None, symbol, {"clientOrderId": client_id}))
        except ccxt.OrderNotFound:
            return None
    since = arguments.get("since")
    for orders in (await api.fetch_open_orders(symbol), await _done_orders(session, symbol, since)):
        for order in orders:
            mine = abilities.plain_client_id(session.exchange, order.get("clientOrderId"))
            if (order_id and order.get("id") == order_id) or (client_id and mine == client_id):
                return told(session, order)
    if not ids["tells"] and not order_id:
        raise Refusal("CannotLookUp", f"{session.exchange} tells no client order ids", UNSUPPORTED)
    return None


async def trades_from(session: Session, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """The account's trades from a time on, each with our id of its order where it is told anywhere."""
    symbol = session.market(arguments.get("symbol"))
    since, wanted = int(arguments.get("since") or 0), int(arguments.get("limit") or 1_000)
    api = session.api
    rules = Rules.of(session.abilities()["ownTrades"])

    async def fetch(start: int, end: int | None, limit: int | None) -> list[dict[str, Any]]:
        return list(await api.fetch_my_trades(symbol, start, limit, {} if end is None else {"until": end}))

    trades = await own_trades(fetch, rules, since, api.milliseconds(), wanted)
    return [wire(trade) for trade in trades]


async def orders_of(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    """Our ids of orders that the exchange's ids are known of; null for an order that carries none of ours."""
    symbol = session.market(arguments.get("symbol"))
    wanted = {str(order_id) for order_id in arguments.get("ids") or []}
    found: dict[str, Any] = {}

    def take(orders: list[Order]) -> None:
        for order in orders:
            if (order_id := str(order.get("id"))) in wanted and order_id not in found:
                found[order_id] = abilities.plain_client_id(session.exchange, order.get("clientOrderId"))

    if abilities.client_order_ids(session.exchange)["tells"]:
        take(await session.api.fetch_open_orders(symbol))
        if wanted - found.keys():
            take(await _done_orders(session, symbol, arguments.get("since")))
    for order_id in sorted(wanted - found.keys()):
        order = await look_up(session, {"symbol": symbol, "id": order_id})
        found[order_id] = order["clientOrderId"] if order else None
    return found
