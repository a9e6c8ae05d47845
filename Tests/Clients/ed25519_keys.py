"""binance-sdk-spot with an Ed25519 key against the paper exchange: orders by REST, then a session of the WebSocket API in
which nothing is signed any more, and its user stream. The key is that of RFC 8032, section 7.1, test 2; its public half
stands in ed25519_accounts.json."""
import asyncio

from binance_common.errors import BadRequestError
from binance_sdk_spot.spot import ConfigurationRestAPI, ConfigurationWebSocketAPI, Spot

from paper import SYMBOL, D, Feed, Rules, Setting, check, said

KEY = "carolKEY" * 8
SIGNS = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7
-----END PRIVATE KEY-----
"""
# Another key's: nobody here knows it.
FORGES = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
"""


def plain(answer):
    model = answer.data() if hasattr(answer, "data") else answer
    if isinstance(model, list):
        return [plain(row) for row in model]
    return model.to_dict() if hasattr(model, "to_dict") else model


def event(message):
    model = getattr(message, "actual_instance", None) or message
    if not hasattr(model, "to_dict"):
        return model
    name = type(model).__name__
    return {"e": name[0].lower() + name[1:], **model.to_dict()}


def rest(setting, key):
    configuration = ConfigurationRestAPI(api_key=KEY, private_key=key, base_path=setting.http)
    return Spot(config_rest_api=configuration).rest_api


def by_rest(setting):
    client = rest(setting, SIGNS)
    symbol = plain(client.exchange_info(symbol=SYMBOL))["symbols"][0]
    rules = Rules(symbol)
    bid = D(plain(client.depth(symbol=SYMBOL, limit=5))["bids"][0][0])
    price = rules.price(bid * D("0.99"))
    quantity = rules.enough(price)
    made = plain(client.new_order(
        symbol=SYMBOL, side="BUY", type="LIMIT", time_in_force="GTC", price=float(price), quantity=float(quantity),
        new_client_order_id="ed-rest"))
    check("status by REST", made["status"], "NEW")
    check("open orders", [row["clientOrderId"] for row in plain(client.get_open_orders(symbol=SYMBOL))], ["ed-rest"])
    said("signed with Ed25519 by REST")
    try:
        rest(setting, FORGES).get_account()
        raise AssertionError("another key's signature was taken")
    except BadRequestError as error:
        check("code of a forged signature", error.status_code, -1022)
    said("another key's signature is refused")
    return price, quantity


async def by_session(setting, price, quantity):
    client = Spot(config_ws_api=ConfigurationWebSocketAPI(
        api_key=KEY, private_key=SIGNS, stream_url=setting.ws + "/ws-api/v3"))
    api = await client.websocket_api.create_connection()
    on = plain(await api.session_logon())
    check("whose session", on["result"]["apiKey"], KEY)
    said("session.logon")
    feed = Feed("user data")
    made = await api.user_data_stream_subscribe()
    made.stream.on("message", lambda message: feed.put(event(message)))
    said("userDataStream.subscribe without a signature")
    placed = plain(await api.order_place(
        symbol=SYMBOL, side="BUY", type="LIMIT", time_in_force="GTC", price=float(price), quantity=float(quantity),
        new_client_order_id="ed-session"))
    check("status in the session", placed["result"]["status"], "NEW")
    gone = plain(await api.order_cancel(symbol=SYMBOL, orig_client_order_id="ed-session"))
    check("cancelled in the session", gone["result"]["status"], "CANCELED")
    said("order.place and order.cancel without a signature")
    await asyncio.to_thread(
        feed.wait, "the report of the new order",
        lambda m: m.get("e") == "executionReport" and m.get("c") == "ed-session" and m.get("x") == "NEW")
    said("the session's user stream")
    status = plain(await api.session_status())
    check("still whose session", status[0]["result"]["apiKey"] if isinstance(status, list) else status["result"]["apiKey"],
          KEY)
    await api.session_logout()
    said("session.logout")


def main():
    setting = Setting()
    price, quantity = by_rest(setting)
    asyncio.run(by_session(setting, price, quantity))
    said("the whole story with an Ed25519 key")


main()
import os  # noqa: E402
os._exit(0)
