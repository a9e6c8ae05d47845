"""What can honestly be done on an exchange through ccxt: above all, whether an order can be found again by our own id."""

from __future__ import annotations

import inspect
import re
from functools import lru_cache
from typing import Any

import ccxt

# What of a key can be stored and goes over the wire.
CREDENTIALS = ("apiKey", "secret", "password", "uid")

# Exchanges whose client order ids are whole numbers.
NUMERIC_CLIENT_IDS = frozenset({"bitfinex", "extended", "lighter", "pacifica"})
# Whose createOrder (4.5.90) takes our id out of what it sends, and puts one of ccxt's own or none in its place: the exchange's own name for
# it, which ccxt passes on. Others get it under a name that they do not know, and put one of theirs in its place (their manuals).
PLACED_AS = {"coinbase": "client_order_id", "coinsph": "newClientOrderId", "cryptocom": "client_oid", "toobit": "newClientOrderId"}
# The same, where no name helps: whole numbers, of which ccxt reads ours as none.
FALSE_PLACES = frozenset({"backpack", "ndax"})
# Whose client order ids are of a form that ours do not have: UUIDs, by their manuals, and whole numbers in all that bullish shows.
OTHER_FORMS = frozenset({"bitvavo", "bullish", "coinbaseexchange"})
# What ccxt or the exchange puts before our id, and tells it with.
PREFIXES = {"gate": "t-", "gateeu": "t-"}

IOC, FOK, POST_ONLY = "IOC", "FOK", "PO"
# What ccxt's features claim of an exchange while its createOrder (4.5.90) hands our word on as it stands, under a name or with a value
# that the exchange does not have: the order would rest as a plain one. Why a test compares requests: test_order_options.
FALSE_CLAIMS: dict[str, frozenset[str]] = {
    "bigone": frozenset({FOK}),  # sends no time in force at all
    "bingx": frozenset({FOK}),  # mapped for swaps alone
    "bitrue": frozenset({IOC, FOK, POST_ONLY}),  # mapped for swaps alone
    "bitstamp": frozenset({IOC, FOK, POST_ONLY}),  # its own fields are ioc_order, fok_order, moc_order
    "btcturk": frozenset({IOC, FOK, POST_ONLY}),  # raw fields
    "deepcoin": frozenset({FOK}),  # ccxt itself refuses it
    "delta": frozenset({IOC, FOK, POST_ONLY}),  # its own fields are time_in_force, post_only
    "hashkey": frozenset({FOK}),  # mapped for swaps alone
    "latoken": frozenset({IOC, FOK, POST_ONLY}),  # condition stays GTC
    "ndax": frozenset({IOC, FOK, POST_ONLY}),  # TimeInForce stays 1, which is GTC
    "onetrading": frozenset({IOC, FOK, POST_ONLY}),  # its own words are IMMEDIATE_OR_CANCELLED, FILL_OR_KILL, is_post_only
    "phemex": frozenset({IOC, FOK, POST_ONLY}),  # its own words are ImmediateOrCancel, FillOrKill, PostOnly
    "toobit": frozenset({IOC, FOK}),  # raw fields that ccxt says nothing of
}

# Whose fetchOrder (ccxt 4.5.90) names our id and does not ask by it: it puts "None" where the exchange's own id belongs, or names ours as
# the exchange does not. An order that is there would be told as none. A test builds the requests: test_look_ups.
FALSE_FINDS = frozenset({"bingx", "bitrue", "blockchaincom", "bullish", "kraken", "latoken", "toobit", "zebpay"})
# Who find an order by our id only while it is open, by their manuals.
FINDS_OPEN_ALONE = frozenset({"gate", "gateeu"})
# The same of cancelOrder as of FALSE_FINDS.
FALSE_CANCELS = frozenset({"backpack", "bitfinex", "btcmarkets", "bullish", "lbank", "ndax", "poloniex", "whitebit", "zebpay"})
# What the exchange's own id is replaced with where the exchange tells ours apart by a prefix.
PATH_IDS = {"poloniex": "cid:{}"}
# Exchanges whose lists of orders, by ccxt's methods, can be asked for one of our ids: fetchOpenOrders, fetchClosedOrders.
LISTS_BY_ID = frozenset({"kraken"})

# Parameters that ccxt passes on as they stand: the end of the time that is asked for (milliseconds), how many rows to skip.
ENDS = {"bitrue": "endTime", "bittrade": "end-time", "coinsph": "endTime", "derive": "to_timestamp"}
SKIPS = {"bitstamp": "offset", "kraken": "ofs", "ndax": "StartIndex", "phemex": "offset", "whitebit": "offset"}
# Days that a question reaches on from its beginning, where that is less than ccxt says: it sets the end itself.
WINDOWS = {"bullish": 7, "lbank": 1, "onetrading": 7}
# Exchanges that are asked for whole days: an answer that begins before the time that was asked for says nothing of its order.
WHOLE_DAYS = frozenset({"lbank"})
# How many open orders to ask for where ccxt's features say nothing of it.
OPEN_PAGES = {"coinbase": 100}
# Who tell all open orders of a market in one answer, by their manuals, which know no pages of them. Of the others a list that nothing was
# asked of in number, and that holds a round number of orders, is not taken as whole.
WHOLE_OPEN_LISTS = frozenset({
    "backpack", "binance", "binanceus", "bitfinex", "bitrue", "bitstamp", "bitvavo", "coinsph", "cryptocom", "kraken", "mexc", "phemex"})
# Who tell so many in a list of which no number is asked for, by ccxt's comments on their other lists.
OPEN_BOUNDS = {"latoken": 100}
# Whose questions for own trades carry a number that the exchange does not heed, or that it bounds lower than ccxt says: woo counts by
# `size`, latoken tells 100.
UNHEEDED_SIZES = frozenset({"latoken", "whitebit", "woo"})
# Whose list of open orders leaves those out that have traded in part.
PARTIAL_OPEN_LISTS = frozenset({"foxbit"})
# Whose trades are told of the last day alone: an order that rests for longer and trades then could not be accounted for.
SHORT_TRADES = frozenset({"bingx"})
# Whose trades bear no market by ccxt's code, and are told of all markets as of the one that was asked for.
MARKETLESS_TRADES = frozenset({"btcturk"})
# Whose fetchOrder fails for every order that is asked for by the exchange's id.
IDLESS = frozenset({"bybit", "bybiteu", "bybitid"})
# Whose fetchOrder asks for a list and takes its first: the endpoint for one order is another.
FALSE_ASKS = frozenset({"tokocrypto"})
# Whose trades bear times that ccxt does not read for sure: microseconds where it looks for a text.
TIMELESS_TRADES = frozenset({"delta"})
# Whose cancelOrder sends ccxt's own name of the market: it is left away.
CANCELS_WITHOUT_SYMBOL = frozenset({"coinbaseexchange"})
# Whose answer about one order tells what is left of it alone, under this name; and whose lists tell what was ordered under this one, and
# what is left where ccxt looks for that.
RESTS = {"bitstamp": "amount_remaining"}
ORDERED = {"bitstamp": "amount_at_create"}
# For how many seconds a signed request is valid, where that is longer than the rule: bitstamp's, htx's and woo's timestamps by their manuals;
# alpaca's, latoken's and onetrading's requests bear none, and may come as late as a network lets them.
VALID_SECONDS = {"alpaca": 300, "bitstamp": 180, "htx": 300, "latoken": 300, "onetrading": 300, "woo": 300}
# The longest of all others that is known is coinbase's two minutes.
RULE_SECONDS = 150
# Who are asked for no more own trades at once, by their manuals, than ccxt names.
MOST_TRADES = {"hashkey": 500}
# Whose lists of done orders ccxt has for derivatives alone.
NO_DONE_LISTS = frozenset({"poloniex"})
# For how long after its placing an order can be asked for by our id, in milliseconds, where that is less than it may last: of one that
# has ended, two hours at HTX (announcements of April 2021).
CLIENT_ID_LASTS = {"htx": 2 * 3_600_000}
# Whose lists of done orders leave some out by ccxt's code: asked for no time at all, or for some of the states alone.
PARTIAL_LISTS = frozenset({"bittrade", "blockchaincom"})
# Whose first list by our order of preference is not of the spot market, or tells what is open alone unless it is asked for more.
DONE_LIST = {"bigone": "fetchClosedOrders", "bingx": "fetchCanceledAndClosedOrders"}
# Whose fetchOrder, asked by our id, fails for its own words when there is no such order: it adds the exchange's id, which is none.
WORDLESS = frozenset({"bitget"})


def _source(kind: type, pattern: str) -> str:
    """Source of the methods of this exchange, its parents included, whose names match."""
    found = []
    for owner in kind.__mro__:
        if owner.__name__ == "Exchange" or not owner.__module__.startswith("ccxt."):
            break
        for name, member in vars(owner).items():
            if inspect.isfunction(member) and re.search(pattern, name):
                try:
                    found.append(inspect.getsource(member))
                except (OSError, TypeError):
                    continue
    return "\n".join(found)


@lru_cache(maxsize=None)
def client_order_ids(exchange: str) -> dict[str, bool]:
    """Whether ccxt sends our id with an order, asks by it, cancels by it, and tells it with an order."""
    kind = getattr(ccxt, exchange)
    name = "clientOrderId"
    parsed = _source(kind, r"^parse_(\w+_)?order$")
    return {
        "places": exchange not in FALSE_PLACES and name in _source(kind, r"create_(\w+_)?order|order_request$|^prepare_\w*order"),
        "finds": exchange not in FALSE_FINDS | FINDS_OPEN_ALONE and (
            name in _source(kind, r"^fetch_(\w+_)?order(_request|_classic|_uta)?$")),
        "cancels": exchange not in FALSE_CANCELS and (
            name in _source(kind, r"^cancel_(\w+_)?order(_request|_classic|_uta)?$")),
        "tells": re.search(r"'clientOrderId':(?!\s*None)", parsed) is not None,
    }


@lru_cache(maxsize=None)
def end_of(exchange: str, methods: str) -> str | None:
    """The parameter for the end of the time that these methods of ccxt are asked for; None where there is none."""
    own = re.search(r"'until'|handle_until|since_and_until", _source(getattr(ccxt, exchange), methods))
    return "until" if own else ENDS.get(exchange)


@lru_cache(maxsize=None)
def other_credentials(exchange: str) -> list[str]:
    """What the exchange's requests are signed with, and our keys do not hold."""
    required = getattr(ccxt, exchange)().requiredCredentials
    return [name for name, is_required in required.items() if is_required and name not in CREDENTIALS]


def tells_done_orders(exchange: str, has: dict[str, Any]) -> bool:
    return exchange not in PARTIAL_LISTS and any(has.get(method) for method in ("fetchOrders", "fetchCanceledAndClosedOrders", "fetchClosedOrders"))


def obstacles(exchange: str, has: dict[str, Any]) -> list[str]:
    """Why no order is placed there: without an id of ours, one whose answer is lost cannot be found again."""
    ids = client_order_ids(exchange)
    found = []
    if not has.get("spot", True):
        found.append("has no spot market")
    if not ids["places"]:
        found.append("takes no client order id")
    if exchange in OTHER_FORMS:
        found.append("takes no client order ids of our form")
    if not ids["finds"] and not ids["tells"]:
        found.append("neither finds orders by client order id nor tells it with them")
    if exchange in PARTIAL_OPEN_LISTS:
        found.append("tells no open orders that have traded in part")
    if exchange in SHORT_TRADES:
        found.append("tells own trades of one day only")
    if exchange in MARKETLESS_TRADES:
        found.append("does not tell the markets of own trades")
    if exchange in TIMELESS_TRADES:
        found.append("tells times of own trades that cannot be read for sure")
    if exchange in IDLESS | FALSE_ASKS or not has.get("fetchOrder"):
        found.append("finds no order by the exchange's own id")
    if others := other_credentials(exchange):
        found.append(f"needs a key of another kind ({', '.join(others)})")
    for method in ("createOrder", "cancelOrder", "fetchOpenOrders", "fetchMyTrades", "fetchBalance"):
        if not has.get(method):
            found.append(f"has no {method}")
    if not ids["finds"] and not tells_done_orders(exchange, has):
        found.append("finds no order that is done by client order id")
    return found


def has_order_option(exchange: str, features: dict[str, Any] | None, option: str) -> bool:
    """Whether ccxt says of limit orders on the spot market that they can be so, and does not say it falsely. Silence is a no."""
    found: Any = features
    for name in ("spot", "createOrder", "timeInForce"):
        found = (found or {}).get(name)
    return (found or {}).get(option) is True and option not in FALSE_CLAIMS.get(exchange, ())


def client_id_style(exchange: str) -> str:
    return "number" if exchange in NUMERIC_CLIENT_IDS else "text"


def plain_client_id(exchange: str, text: Any) -> str | None:
    """Our id as we made it."""
    if text is None:
        return None
    plain = str(text)
    prefix = PREFIXES.get(exchange)
    return plain[len(prefix):] if prefix and plain.startswith(prefix) else plain
