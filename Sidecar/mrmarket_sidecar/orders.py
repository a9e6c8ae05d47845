"""Orders by our own ids: placing, cancelling, looking up, and trades that say whose order they belong to."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import ccxt

from . import abilities
from .failures import Refusal, UNSUPPORTED
from .history import DAY, TYPICAL_PAGES, HistoryIncomplete, Page, Rules, done_orders, own_trades
from .listings import ORDERS, TRADES, Listing, listing
from .sessions import Session
from .statuses import still_open
from .wire import wire

Order = dict[str, Any]

SIDES = ("buy", "sell")
TYPES = ("limit", "market")
TIMES_IN_FORCE = ("GTC", "IOC", "FOK")
OPTION_NAMES = {abilities.IOC: "IOC (immediate or cancel)", abilities.FOK: "FOK (fill or kill)", abilities.POST_ONLY: "post-only"}


def told(session: Session, order: Order) -> dict[str, Any]:
    """An order as it goes over the wire, our id as we made it. Some answers to a placement hold nothing but the id."""
    result = wire(_completed(session.exchange, order))
    result["clientOrderId"] = abilities.plain_client_id(session.exchange, order.get("clientOrderId"))
    return result


def _completed(exchange: str, order: Order) -> Order:
    """With what the exchange tells under a name that ccxt does not read: of how much was ordered, what is left."""
    info = order.get("info") or {}
    if ordered := info.get(abilities.ORDERED.get(exchange, "")):
        rest = _decimal(order.get("amount") or "0")
        return {**order, "amount": ordered, "remaining": str(rest), "filled": str(_decimal(ordered) - rest)}
    rest = info.get(abilities.RESTS.get(exchange, ""))
    if order.get("amount") is not None or rest is None:
        return order
    filled = order.get("filled") or "0"
    return {**order, "filled": filled, "amount": str(_decimal(filled) + _decimal(rest)), "remaining": rest}


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
    named = None if session.exchange in abilities.CANCELS_WITHOUT_SYMBOL else symbol
    if order_id:
        return told(session, await session.api.cancel_order(order_id, named))
    if client_id and abilities.client_order_ids(session.exchange)["cancels"]:
        return told(session, await session.api.cancel_order(None, named, {"clientOrderId": client_id}))
    found = await look_up(session, arguments)
    if found is None:
        raise ccxt.OrderNotFound(f"no order {client_id}")
    return told(session, await session.api.cancel_order(found["id"], named))


async def open_orders(session: Session, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    symbol = session.market(arguments.get("symbol"))
    listed = await _open(session, symbol)
    await _learn_names(session, symbol, listed)
    known = session.client_ids
    return [told(session, {**order, "clientOrderId": order.get("clientOrderId") or known.get(str(order.get("id")))}) for order in listed]


async def _learn_names(session: Session, symbol: str, listed: list[Order]) -> None:
    """Some lists leave client order ids away: their orders are asked for one by one, each once."""
    if _are_named(session, "fetchOpenOrders"):
        return
    unknown = [str(order["id"]) for order in listed if order.get("id") and not _is_named(order) and str(order["id"]) not in session.client_ids]
    for order_id in unknown[:MOST_UNNAMED]:
        if (answer := await _ask_for(session, symbol, order_id, {})) is not None:
            _remember(session.client_ids, order_id, answer["clientOrderId"])
    if len(unknown) > MOST_UNNAMED:
        raise HistoryIncomplete(f"{session.exchange} lists {len(unknown)} orders without a client order id, which are asked for one by one")


def _remember(names: dict[str, str | None], order_id: str, client_id: str | None) -> None:
    names[order_id] = client_id
    while len(names) > MOST_CLIENT_IDS:
        # The one that came first.
        del names[next(iter(names))]


MOST_CLIENT_IDS = 10_000


async def _open(session: Session, symbol: str) -> list[Order]:
    """All open orders of the market. An exchange that tells them page by page tells so many in one answer."""
    page = abilities.OPEN_PAGES.get(session.exchange) or session.feature("fetchOpenOrders").get("limit")
    page = int(page) if page else None
    with listing(ORDERS) as seen:
        orders = list(await session.api.fetch_open_orders(symbol, None, page))
    if page is not None and seen.size is None and len(orders) >= page:
        # The number went nowhere: ccxt alone has cut the list to it.
        with listing(ORDERS) as seen:
            orders = list(await session.api.fetch_open_orders(symbol, None, None))
    if may_be_cut(session.exchange, seen.size, page, len(seen.rows) or len(orders)):
        raise HistoryIncomplete(f"{len(seen.rows)} open orders are told, and there may be more")
    _note_names(session, "fetchOpenOrders", seen.rows)
    return [still_open(order) for order in orders]


# So many rows are likely a page of which nobody knows.
ROUND_PAGES = frozenset({10, *TYPICAL_PAGES})


def may_be_cut(exchange: str, asked: int | None, page: int | None, count: int) -> bool:
    """Whether a list of open orders may have been ended by a number: that which the request is seen to carry, or any that is round."""
    if asked is not None:
        return count >= asked
    if bound := abilities.OPEN_BOUNDS.get(exchange):
        return count >= bound
    # Where each is asked for by our id, one that a list of any length leaves out is found all the same.
    is_all = exchange in abilities.WHOLE_OPEN_LISTS or abilities.client_order_ids(exchange)["finds"]
    return not is_all and (count == page or count in ROUND_PAGES)


def _is_named(order: Order) -> bool:
    return bool(order.get("clientOrderId"))


# As our server makes them.
OWN_IDS = re.compile(r"mr[mk][0-9a-z]{9,15}")


def _note_names(session: Session, method: str, orders: list[Order]) -> None:
    if any(map(_is_named, orders)):
        session.naming.add(method)
    names = [str(abilities.plain_client_id(session.exchange, order.get("clientOrderId"))) for order in orders]
    session.proven = session.proven or any(map(OWN_IDS.fullmatch, names))


async def _prove(session: Session, symbol: str, since: int | None) -> None:
    """That an exchange tells no order of an id proves that there is none only once it has told another id of ours: ccxt may pass ours on
    under a name that the exchange does not know, and the order be there under one of its own. Nor is it there where nothing is at all.

    Raises: HistoryIncomplete where neither what is open nor the newest of what is done bears one.
    """
    if session.proven or abilities.client_id_style(session.exchange) == "number":
        return
    with contextlib.suppress(HistoryIncomplete, ccxt.BaseError):
        listed = await _open(session, symbol)
        if not listed and not session.proven and since is not None:
            if not await trades_from(session, {"symbol": symbol, "since": since, "limit": 1}):
                return
        for name, method in _done_lists(session)[:1]:
            with listing(ORDERS) as seen:
                await getattr(session.api, method)(symbol)
            _note_names(session, name, seen.rows)
    if not session.proven:
        raise HistoryIncomplete(f"{session.exchange} has told no order with an id of ours yet: that it tells none of this one proves nothing")


# The lists that tell whatever is no longer open, by ccxt's names: the first that there is, and those that belong to it.
DONE_LISTS = (
    ("fetchOrders", "fetch_orders", ()),
    ("fetchCanceledAndClosedOrders", "fetch_canceled_and_closed_orders", ()),
    ("fetchClosedOrders", "fetch_closed_orders", (("fetchCanceledOrders", "fetch_canceled_orders"),)),
)
DONE_METHODS = r"^fetch_(canceled_and_closed_|closed_|canceled_)?orders(_\w+)?$"


def _done_lists(session: Session) -> list[tuple[str, str]]:
    preferred = abilities.DONE_LIST.get(session.exchange)
    if session.exchange in abilities.NO_DONE_LISTS:
        return []
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
            return _done_page(symbol, seen, list(rows))

        if since is None:
            # The newest that there are, then those of some days: what is older is not found.
            found += (await ask(0, None, 0)).rows
            if any(is_sought(row) for row in found):
                return found
        beginning = now - min(LOOK_BACK, rules.back or LOOK_BACK) + 60_000 if since is None else since
        found += await done_orders(ask, rules, beginning, now, is_sought)
        _note_names(session, name, found)
        if any(is_sought(row) for row in found):
            return found
    return found


def _done_page(symbol: str, seen: Listing, rows: list[Order]) -> Page:
    # What ccxt knows of an order beyond its row, its state for instance, it adds after reading that.
    finished = {str(row.get("id")): row for row in rows if row.get("id") is not None}
    told_rows = [finished.get(str(row.get("id")), row) for row in seen.rows]
    # ccxt takes out what was placed before the time that was asked for, though it ended after it.
    own = [row for row in told_rows if row.get("symbol") in (symbol, None)]
    return Page(own or rows, told_rows or rows, seen.size)


# Of orders whose placing nobody dates: those of so many milliseconds are looked through.
LOOK_BACK = 7 * DAY


async def look_up(session: Session, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """An order by our id, or by the exchange's where we know it; None where nothing that the exchange tells knows of it.

    One answer that there is none proves nothing: exchanges forget our ids when an order ends, and lists leave out what they like. So it must
    not be open either, and of an order whose only name is ours no trade since may be its. `since` is when it was placed, or before.
    """
    if found := await _look_up(session, arguments):
        return found
    symbol, order_id, client_id = session.market(arguments.get("symbol")), arguments.get("id"), arguments.get("clientOrderId")
    listed, since = await _open(session, symbol), arguments.get("since")
    if found := next(filter(_mine(session, order_id, client_id), listed), None):
        return told(session, found)
    if order_id or not client_id:
        return None
    if unnamed := await _among_unnamed(session, symbol, listed, "fetchOpenOrders", str(client_id), since):
        return unnamed
    if since is None:
        raise HistoryIncomplete(f"{session.exchange} has to be asked for trades, and nobody says since when")
    if found := await _by_its_trades(session, symbol, str(client_id), int(since)):
        return found
    await _prove(session, symbol, since)
    return None


def _mine(session: Session, order_id: Any, client_id: Any) -> Callable[[Order], bool]:
    def is_mine(order: Order) -> bool:
        plain = abilities.plain_client_id(session.exchange, order.get("clientOrderId"))
        return bool((order_id and order.get("id") == order_id) or (client_id and plain == client_id))

    return is_mine


async def _look_up(session: Session, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """What one question is answered with, or the lists where there is none; they have to tell everything from `since` on."""
    symbol = session.market(arguments.get("symbol"))
    order_id, client_id = arguments.get("id"), arguments.get("clientOrderId")
    exchange, api = session.exchange, session.api
    ids = abilities.client_order_ids(exchange)
    unsettled: dict[str, Any] | None = None
    if order_id:
        answer = await _ask_for(session, symbol, str(order_id), {})
        if answer is None or answer.get("status") not in (None, "open"):
            return answer
        # One without a state, or that is open and not listed, may have ended in part: then it is among what is done.
        if answer.get("status") and await _is_listed(session, symbol, str(order_id)):
            return answer
        unsettled = answer
    if unsettled is None and client_id and ids["finds"]:
        if form := abilities.PATH_IDS.get(exchange):
            return await _ask_for(session, symbol, form.format(client_id), {}, in_path=str(client_id))
        answer = await _ask_for(session, symbol, None, {"clientOrderId": client_id})
        since, lasts = arguments.get("since"), abilities.CLIENT_ID_LASTS.get(exchange)
        # Where it may only have forgotten our id, the lists have to tell.
        if answer is not None or lasts is None or (since is not None and int(since) > api.milliseconds() - lasts):
            return answer
    if not ids["tells"] and not order_id:
        raise Refusal("CannotLookUp", f"{exchange} tells no client order ids", UNSUPPORTED)

    is_mine = _mine(session, order_id, client_id)

    def mine(orders: list[Order]) -> Order | None:
        return next(filter(is_mine, orders), None)

    if client_id and exchange in abilities.LISTS_BY_ID:
        narrow = {"clientOrderId": client_id}
        for method in (api.fetch_open_orders, api.fetch_closed_orders):
            with listing(ORDERS) as seen:
                orders = await method(symbol, None, None, narrow)
            if found := mine(orders):
                return told(session, found)
            if any(not is_mine(order) for order in seen.rows):
                raise HistoryIncomplete(f"{exchange} was asked for one order and told others")
        return unsettled
    since = arguments.get("since")
    # What ends between the two questions is in the second.
    listed = await _open(session, symbol)
    if found := mine(listed):
        return told(session, found)
    if not order_id and (unnamed := await _among_unnamed(session, symbol, listed, "fetchOpenOrders", str(client_id), since)):
        return unnamed
    try:
        done = await _done(session, symbol, since, is_mine)
    except HistoryIncomplete:
        if unsettled is not None and unsettled.get("status"):
            return unsettled
        if since is None or order_id:
            raise
        # Then its trades have to tell.
        return None
    found = mine(done)
    if found is None and not order_id:
        names = [name for name, _ in _done_lists(session)[:1]]
        if unnamed := await _among_unnamed(session, symbol, done, "".join(names), str(client_id), since):
            return unnamed
    if found is None and since is None and unsettled is None:
        raise HistoryIncomplete(f"{exchange} has to be asked for lists of orders, and nobody says since when")
    return told(session, found) if found else unsettled


async def _is_listed(session: Session, symbol: str, order_id: str) -> bool:
    """Whether the open orders hold it; what cannot be read whole denies nothing."""
    try:
        return any(str(row.get("id")) == order_id for row in await _open(session, symbol))
    except HistoryIncomplete:
        return True


# Each costs a question.
MOST_UNNAMED = 50


async def _among_unnamed(
    session: Session, symbol: str, orders: list[Order], method: str, client_id: str, since: int | None
) -> dict[str, Any] | None:
    """An order of ours among those that a list tells without a client order id, each asked for by the exchange's own."""
    known = session.client_ids
    rows = {str(row.get("id")): row for row in orders if not _is_named(row) and not _is_older(row, since)}
    if ours := next((order_id for order_id in rows if known.get(order_id) == client_id), None):
        return await _ask_for(session, symbol, ours, {})
    # One remembered without an id is nobody of ours only where ids are seen to be told at all.
    tells = _are_named(session, "fetchOrder", method)
    unknown = [order_id for order_id in rows if known.get(order_id) is None and not (tells and order_id in known)]
    for order_id in unknown[:MOST_UNNAMED]:
        order = await _ask_for(session, symbol, order_id, {}) if rows[order_id].get("id") else None
        if order is None or not (order["clientOrderId"] or _are_named(session, "fetchOrder", method)):
            raise HistoryIncomplete(f"{session.exchange} does not tell whose order {order_id} is")
        _remember(session.client_ids, order_id, order["clientOrderId"])
        if order["clientOrderId"] == client_id:
            return order
    if len(unknown) > MOST_UNNAMED:
        raise HistoryIncomplete(f"{session.exchange} tells {len(unknown)} orders without a client order id, which are asked for one by one")
    return None


def _is_older(row: Order, since: int | None) -> bool:
    time = row.get("timestamp")
    return since is not None and bool(time) and int(time) < int(since)


def _are_named(session: Session, *methods: str) -> bool:
    """Whether one of these has told a client order id: an order that it tells without one bears none of ours."""
    return not session.naming.isdisjoint(methods)


async def _by_its_trades(session: Session, symbol: str, client_id: str, since: int) -> dict[str, Any] | None:
    """An order of ours that is not open, and not told as done. One that was there and has ended shows in the account's trades, or has done
    nothing: then it is as if it had never been."""
    trades = await trades_from(session, {"symbol": symbol, "since": since, "limit": 1_000_000})
    ids = {str(trade.get("order")) for trade in trades}
    owners = await orders_of(session, {"symbol": symbol, "ids": sorted(ids), "since": since})
    for order_id in sorted(ids):
        if order_id not in owners:
            raise HistoryIncomplete(f"{session.exchange} does not tell whose order {order_id} was, which has traded since")
        if owners[order_id] == client_id:
            if found := await look_up(session, {"symbol": symbol, "id": order_id, "clientOrderId": client_id, "since": since}):
                return found
            raise HistoryIncomplete(f"{session.exchange} tells trades of order {order_id}, and not the order")
    return None


async def _ask_for(
    session: Session, symbol: str, order_id: str | None, parameters: dict[str, Any], in_path: str | None = None
) -> dict[str, Any] | None:
    try:
        order = await session.api.fetch_order(order_id, symbol, parameters)
    except ccxt.OrderNotFound:
        return None
    except TypeError as error:
        if session.exchange in abilities.WORDLESS and order_id is None and 'not "NoneType"' in str(error):
            return None
        raise
    answer = told(session, order)
    if in_path:
        # ccxt puts what it asked by where the exchange's own id belongs.
        answer["id"] = (order.get("info") or {}).get("id")
    # ccxt makes an order of an empty answer, too.
    ours, theirs = in_path or parameters.get("clientOrderId"), answer.get("clientOrderId")
    is_empty = answer.get("id") is None or all(answer.get(name) is None for name in ("status", "side", "amount"))
    # Nor is another order the one that was asked for.
    is_another = order_id is not None and not in_path and str(answer.get("id")) != order_id
    if is_empty or is_another or (ours is not None and theirs != str(ours) and (in_path or theirs is not None)):
        raise HistoryIncomplete(f"{session.exchange} was asked for one order and told {'nothing' if is_empty else answer['id']}")
    _note_names(session, "fetchOrder", [answer])
    return answer


async def trades_from(session: Session, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """The account's trades from a time on, each with our id of its order where it is told anywhere."""
    symbol = session.market(arguments.get("symbol"))
    since, wanted = int(arguments.get("since") or 0), int(arguments.get("limit") or 1_000)
    api, exchange = session.api, session.exchange
    end_name, skip_name = abilities.end_of(exchange, r"^fetch_my_trades\w*$"), abilities.SKIPS.get(exchange)
    feature = dict(session.feature("fetchMyTrades"))
    if exchange in abilities.UNHEEDED_SIZES:
        feature.pop("limit", None)
    if most := abilities.MOST_TRADES.get(exchange):
        feature["limit"] = most
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
        rows += [row for row in seen.rows if row.get("symbol") == symbol and str(row.get("id")) not in known]
        # Nothing that has traded is left out because it cannot be read.
        if unread := next((row for row in rows if not row.get("timestamp") or row.get("side") not in SIDES), None):
            raise HistoryIncomplete(f"{exchange} tells trade {unread.get('id')} without a time or a side that can be read")
        return Page(rows, seen.rows or rows, seen.size)

    trades = await own_trades(ask, rules, since, api.milliseconds(), wanted)
    return [wire(trade) for trade in trades]


async def orders_of(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    """Our ids of orders that the exchange's ids are known of; null for an order that carries none of ours. One that the exchange does not
    show any more is left out, and so is one without an id that was never seen to be told where it was asked for."""
    symbol = session.market(arguments.get("symbol"))
    wanted = {str(order_id) for order_id in arguments.get("ids") or []}
    found: dict[str, Any] = {order_id: session.owners[order_id] for order_id in wanted if order_id in session.owners}
    unnamed: dict[str, str] = {}
    if wanted == found.keys():
        return found

    def take(orders: list[Order], method: str) -> None:
        for order in orders:
            order_id = str(order.get("id"))
            if order_id not in wanted or order_id in found:
                continue
            if _is_named(order):
                found[order_id] = abilities.plain_client_id(session.exchange, order.get("clientOrderId"))
                _remember(session.owners, order_id, found[order_id])
            else:
                # Some lists leave our ids away: what bears none there is asked for.
                unnamed[order_id] = method

    if abilities.client_order_ids(session.exchange)["tells"]:
        # Whatever these lists leave out is asked for by its id.
        with contextlib.suppress(HistoryIncomplete, ccxt.NotSupported):
            take(await _open(session, symbol), "fetchOpenOrders")
            if wanted - found.keys() and (lists := _done_lists(session)):
                take(await _done(session, symbol, arguments.get("since")), lists[0][0])
    for order_id in sorted(wanted - found.keys()):
        # Whose it is counts, not what became of it.
        order = await _ask_for(session, symbol, order_id, {})
        if order is not None and (order["clientOrderId"] or _are_named(session, "fetchOrder", unnamed.get(order_id, ""))):
            found[order_id] = order["clientOrderId"]
            # At once: whoever has no time for all of them goes on from here.
            _remember(session.owners, order_id, found[order_id])
    return found
