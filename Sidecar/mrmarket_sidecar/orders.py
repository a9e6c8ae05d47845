"""Orders by our own ids: placing, cancelling, looking up, and trades that say whose order they belong to."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import ccxt

from . import abilities
from .failures import Refusal, UNSUPPORTED
from .history import DAY, HistoryIncomplete, Page, Rules, done_orders, own_trades
from .listings import ORDERS, TRADES, listing
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
    if name := abilities.PLACED_AS.get(session.exchange):
        parameters = {name: client_id}
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
    return [told(session, order) for order in await _open(session, symbol)]


async def _open(session: Session, symbol: str) -> list[Order]:
    """All open orders of the market. An exchange that tells them page by page tells so many in one answer."""
    exchange = session.exchange
    page = abilities.OPEN_PAGES.get(exchange) or session.feature("fetchOpenOrders").get("limit")
    limit = int(page) if page and abilities.sends_limit_of_open_orders(exchange) else None
    with listing(ORDERS) as seen:
        orders = list(await session.api.fetch_open_orders(symbol, None, limit))
    # Where ccxt does not say how many, more than a page of them show that they are not told by pages.
    if page and (len(seen) == int(page) or (limit is not None and len(seen) > limit)):
        raise HistoryIncomplete(f"{len(seen)} open orders are told, and there may be more")
    return orders


# The lists that tell whatever is no longer open, by ccxt's names: the first that there is, and those that belong to it.
DONE_LISTS = (
    ("fetchOrders", "fetch_orders", ()),
    ("fetchCanceledAndClosedOrders", "fetch_canceled_and_closed_orders", ()),
    ("fetchClosedOrders", "fetch_closed_orders", (("fetchCanceledOrders", "fetch_canceled_orders"),)),
)
DONE_METHODS = r"^fetch_(canceled_and_closed_|closed_|canceled_)?orders(_\w+)?$"


def _done_lists(session: Session) -> list[tuple[str, str]]:
    preferred = abilities.DONE_LIST.get(session.exchange)
    for name, method, others in DONE_LISTS:
        if session.has.get(name) and preferred in (None, name):
            return [(name, method)] + [other for other in others if session.has.get(other[0])]
    return []


async def _done(
    session: Session, symbol: str, since: int | None, is_sought: Callable[[Order], bool] = lambda _: False
) -> list[Order]:
    """Orders that are no longer open, all that were placed or ended from `since` on, by whichever lists there are; no more once the one
    that is sought is among them."""
    found: list[Order] = []
    end_name = abilities.end_of(session.exchange, DONE_METHODS)
    now = session.api.milliseconds()
    for name, method in _done_lists(session):
        feature = session.feature(name) or session.feature("fetchClosedOrders")
        rules = Rules.of(feature, takes_end=end_name is not None)

        async def ask(start: int, end: int | None, _: int) -> Page:
            with listing(ORDERS) as seen:
                rows = await getattr(session.api, method)(
                    symbol, start or None, rules.page, {} if end is None or end_name is None else {end_name: end})
            # ccxt takes out what was placed before the time that was asked for, though it ended after it.
            own = [row for row in seen if row.get("symbol") in (symbol, None)]
            return Page(own or list(rows), seen or list(rows))

        if since is None:
            # The newest that there are, then those of some days: what is older is not found.
            found += (await ask(0, None, 0)).rows
            if any(is_sought(row) for row in found):
                return found
        beginning = now - min(LOOK_BACK, rules.back or LOOK_BACK) + 60_000 if since is None else since
        found += await done_orders(ask, rules, beginning, now, is_sought)
        if any(is_sought(row) for row in found):
            return found
    return found


# Of orders whose placing nobody dates: those of so many milliseconds are looked through.
LOOK_BACK = 7 * DAY


async def look_up(session: Session, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """An order by our id, or by the exchange's where we know it; None where the exchange says that it knows none.

    Where it cannot be asked by our id, the lists have to tell all of it: `since` is when the order was placed, or before.
    """
    symbol = session.market(arguments.get("symbol"))
    order_id, client_id = arguments.get("id"), arguments.get("clientOrderId")
    exchange, has, api = session.exchange, session.has, session.api
    ids = abilities.client_order_ids(exchange)
    if order_id and has.get("fetchOrder"):
        return await _ask_for(session, symbol, str(order_id), {})
    if client_id and has.get("fetchOrder") and ids["finds"]:
        if form := abilities.PATH_IDS.get(exchange):
            return await _ask_for(session, symbol, form.format(client_id), {})
        answer = await _ask_for(session, symbol, None, {"clientOrderId": client_id})
        since, lasts = arguments.get("since"), abilities.CLIENT_ID_LASTS.get(exchange)
        # Where it may only have forgotten our id, the lists have to tell.
        if answer is not None or lasts is None or (since is not None and int(since) > api.milliseconds() - lasts):
            return answer
    if not ids["tells"] and not order_id:
        raise Refusal("CannotLookUp", f"{exchange} tells no client order ids", UNSUPPORTED)

    def is_mine(order: Order) -> bool:
        plain = abilities.plain_client_id(exchange, order.get("clientOrderId"))
        return bool((order_id and order.get("id") == order_id) or (client_id and plain == client_id))

    def mine(orders: list[Order]) -> Order | None:
        return next(filter(is_mine, orders), None)

    if client_id and exchange in abilities.LISTS_BY_ID:
        narrow = {"clientOrderId": client_id}
        for method in (api.fetch_open_orders, api.fetch_closed_orders):
            with listing(ORDERS) as seen:
                orders = await method(symbol, None, None, narrow)
            if found := mine(orders):
                return told(session, found)
            if any(not is_mine(order) for order in seen):
                raise HistoryIncomplete(f"{exchange} was asked for one order and told others")
        return None
    since = arguments.get("since")
    # What ends between the two questions is in the second.
    if found := mine(await _open(session, symbol)):
        return told(session, found)
    try:
        found = mine(await _done(session, symbol, since, is_mine))
    except HistoryIncomplete:
        if since is None or order_id:
            raise
        return await _by_its_trades(session, symbol, str(client_id), int(since))
    if found is None and since is None:
        raise HistoryIncomplete(f"{exchange} has to be asked for lists of orders, and nobody says since when")
    return told(session, found) if found else None


async def _by_its_trades(session: Session, symbol: str, client_id: str, since: int) -> dict[str, Any] | None:
    """An order of ours that is not open, where not all that are done are told. One that was there and has ended shows in the account's
    trades, or has done nothing: then it is as if it had never been."""
    trades = await trades_from(session, {"symbol": symbol, "since": since, "limit": 1_000_000})
    ids = {str(trade.get("order")) for trade in trades}
    owners = await orders_of(session, {"symbol": symbol, "ids": sorted(ids), "since": since})
    for order_id in sorted(ids):
        if order_id not in owners:
            raise HistoryIncomplete(f"{session.exchange} does not tell whose order {order_id} was, which has traded since")
        if owners[order_id] == client_id:
            return await look_up(session, {"symbol": symbol, "id": order_id, "clientOrderId": client_id, "since": since})
    return None


async def _ask_for(session: Session, symbol: str, order_id: str | None, parameters: dict[str, Any]) -> dict[str, Any] | None:
    try:
        answer = told(session, await session.api.fetch_order(order_id, symbol, parameters))
    except ccxt.OrderNotFound:
        return None
    except TypeError as error:
        if session.exchange in abilities.WORDLESS and order_id is None and 'not "NoneType"' in str(error):
            return None
        raise
    # ccxt makes an order of an empty answer, too.
    ours = parameters.get("clientOrderId")
    if answer.get("id") is None or (ours is not None and answer.get("clientOrderId") not in (None, str(ours))):
        raise HistoryIncomplete(f"{session.exchange} was asked for one order and told {answer.get('id') or 'nothing'}")
    return answer


async def trades_from(session: Session, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """The account's trades from a time on, each with our id of its order where it is told anywhere."""
    symbol = session.market(arguments.get("symbol"))
    since, wanted = int(arguments.get("since") or 0), int(arguments.get("limit") or 1_000)
    api, exchange = session.api, session.exchange
    end_name, skip_name = abilities.end_of(exchange, r"^fetch_my_trades\w*$"), abilities.SKIPS.get(exchange)
    feature = dict(session.feature("fetchMyTrades"))
    if days := abilities.WINDOWS.get(exchange):
        feature["untilDays"] = days
    rules = Rules.of(feature, takes_end=end_name is not None, skips=skip_name is not None)
    if exchange in abilities.WHOLE_DAYS:
        rules = dataclasses.replace(rules, slack=2 * DAY)

    async def ask(start: int, end: int | None, skip: int) -> Page:
        parameters: dict[str, Any] = {} if end is None else {end_name: end}
        if skip:
            parameters[skip_name] = skip
        with listing(TRADES) as seen:
            rows = list(await api.fetch_my_trades(symbol, start, rules.page, parameters))
        # ccxt cuts what the exchange has told, where that is more than was asked for.
        known = {str(row.get("id")) for row in rows}
        rows += [row for row in seen if row.get("symbol") == symbol and str(row.get("id")) not in known]
        return Page(rows, seen or rows)

    trades = await own_trades(ask, rules, since, api.milliseconds(), wanted)
    return [wire(trade) for trade in trades]


async def orders_of(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    """Our ids of orders that the exchange's ids are known of; null for an order that carries none of ours. One that the exchange does not
    show any more is left out."""
    symbol = session.market(arguments.get("symbol"))
    wanted = {str(order_id) for order_id in arguments.get("ids") or []}
    found: dict[str, Any] = {}

    def take(orders: list[Order]) -> None:
        for order in orders:
            if (order_id := str(order.get("id"))) in wanted and order_id not in found:
                found[order_id] = abilities.plain_client_id(session.exchange, order.get("clientOrderId"))

    if abilities.client_order_ids(session.exchange)["tells"]:
        # Whatever these lists leave out is asked for by its id.
        with contextlib.suppress(HistoryIncomplete):
            take(await _open(session, symbol))
            if wanted - found.keys():
                take(await _done(session, symbol, arguments.get("since")))
    for order_id in sorted(wanted - found.keys()):
        order = await look_up(session, {"symbol": symbol, "id": order_id, "since": arguments.get("since")})
        if order is not None:
            found[order_id] = order["clientOrderId"]
    return found
