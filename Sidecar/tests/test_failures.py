import asyncio
import unittest

import ccxt

from mrmarket_sidecar import methods
from mrmarket_sidecar.failures import Refusal, Trace, classify, redacted


def seen(sent: int, status: int | None = None, acts: bool = True) -> Trace:
    trace = Trace(acts=acts)
    trace.sent, trace.status = sent, status
    return trace


class FailureTests(unittest.TestCase):
    def test_refused_apart_from_unknown(self) -> None:
        for error, trace, expected in (
            (ccxt.InsufficientFunds("no"), seen(1, 400), "refused"),
            (ccxt.InvalidOrder("no"), seen(1, 200), "refused"),
            (ccxt.RequestTimeout("?"), seen(1), "unknown"),
            (ccxt.ExchangeNotAvailable("?"), seen(1, 503), "unknown"),
            (ccxt.BadResponse("?"), seen(1, 200), "unknown"),
            # The exchange fell over, whatever words it found for it.
            (ccxt.ExchangeError("internal"), seen(1, 500), "unknown"),
            # Or said that it may have done it.
            (ccxt.ExchangeError('hashkey {"code":"-1006","msg":"Execution status unknown"}'), seen(1, 400), "unknown"),
            (ccxt.ExchangeError("Unknown error. Operation may or may not have succeeded."), seen(1, 400), "unknown"),
            (ccxt.ExchangeError('kraken {"error":["EService:Timeout"]}'), seen(1, 200), "unknown"),
            (ccxt.ExchangeError('kraken {"error":["EService:Deadline elapsed"]}'), seen(1, 200), "unknown"),
            (ccxt.ExchangeError('ndax {"result":false,"errormsg":"Server Error","errorcode":102}'), seen(1, 200), "unknown"),
            (ccxt.ExchangeError("INTERNAL_SERVER_ERROR"), seen(1, 400), "unknown"),
            (ccxt.InvalidOrder("timeInForce is not valid"), seen(1, 400), "refused"),
            (ccxt.InsufficientFunds("balance not enough at this time"), seen(1, 400), "refused"),
            # ccxt fell over an answer: the request had left.
            (KeyError("orderId"), seen(1, 200), "unknown"),
            (asyncio.TimeoutError(), seen(1), "unknown"),
            # Nothing left.
            (asyncio.TimeoutError(), seen(0), "refused"),
            (TypeError("'str' and 'int'"), seen(0), "refused"),
            (ccxt.RequestTimeout("?"), seen(0), "refused"),
            (ccxt.NotSupported("no"), seen(0), "unsupported"),
            (Refusal("CannotTrade", "no", "unsupported"), seen(0), "unsupported"),
        ):
            with self.subTest(error=repr(error)):
                self.assertEqual(classify(error, trace)[0], expected)

    def test_only_a_class_that_proves_it_refuses_an_order(self) -> None:
        undecided = (
            'bitget {"err_code":"system exception","err_msg":"system exception"}', 'bybiteu {"retCode":131200,"retMsg":"Service error"}',
            'bitget {"code":30030,"message":"endpoint request failed. Please try again"}', 'htx {"err-code":"base-system-error"}')
        for words in undecided:
            for kind in (ccxt.ExchangeError, ccxt.BadRequest, ccxt.InvalidOrder, ccxt.OperationRejected):
                with self.subTest(words=words, kind=kind.__name__):
                    self.assertEqual(classify(kind(words), seen(1, 200))[0], "unknown")
        self.assertEqual(classify(ccxt.ExchangeError("99 something"), seen(1, 200))[0], "unknown")
        self.assertEqual(classify(ccxt.ExchangeError("99 something"), seen(1, 200, acts=False))[0], "refused")
        for kind in (ccxt.InsufficientFunds, ccxt.InvalidOrder, ccxt.OrderNotFound, ccxt.OrderImmediatelyFillable, ccxt.BadRequest,
                     ccxt.BadSymbol, ccxt.AuthenticationError, ccxt.PermissionDenied, ccxt.AccountSuspended, ccxt.OperationRejected,
                     ccxt.ArgumentsRequired, ccxt.DuplicateOrderId, ccxt.MarketClosed):
            with self.subTest(kind=kind.__name__):
                self.assertEqual(classify(kind("no"), seen(1, 200))[0], "refused")

    def test_every_method_is_known_to_act_or_to_read(self) -> None:
        self.assertEqual(set(methods.METHODS) - methods.READING, {"createOrder", "cancelOrder"})

    def test_no_secret_and_no_query_is_told(self) -> None:
        text = redacted(
            "binance GET https://api.binance.com/api/v3/order?timestamp=1&signature=abc123 failed for hunter2hunter2 "
            "{\"apiKey\":\"visible\"} sign=deadbeef", ["hunter2hunter2"])
        for word in ("abc123", "hunter2", "visible", "deadbeef", "timestamp=1"):
            self.assertNotIn(word, text)
        self.assertIn("https://api.binance.com/api/v3/order?***", text)
        self.assertLess(len(redacted("x" * 5_000, [])), 600)


if __name__ == "__main__":
    unittest.main()
