import unittest
from decimal import Decimal

from mrmarket_sidecar import wire


class WireTests(unittest.TestCase):
    def test_decimals_are_plain_text(self) -> None:
        for value, text in ((1e-05, "0.00001"), (0.1, "0.1"), (1e22, "10000000000000000000000"), (5.0, "5"), (0.0, "0"),
                            (-0.0, "0"), (Decimal("1.500"), "1.5"), (3, "3"), (123456.789, "123456.789")):
            with self.subTest(value=value):
                self.assertEqual(wire.wire(value), text)

    def test_texts_stay_as_they_are_times_are_whole_numbers_and_the_raw_payload_is_left_out(self) -> None:
        order = {"id": 12, "price": "0.10", "timestamp": 1_700_000_000_000, "info": {"x": 1}, "postOnly": False,
                 "fees": [{"cost": 0.001, "currency": "BNB"}], "amount": None}
        self.assertEqual(wire.wire(order), {
            "id": "12", "price": "0.10", "timestamp": 1_700_000_000_000, "postOnly": False,
            "fees": [{"cost": "0.001", "currency": "BNB"}], "amount": None,
        })

    def test_what_is_no_number_is_none(self) -> None:
        self.assertIsNone(wire.wire(float("nan")))
        self.assertIsNone(wire.wire(float("inf")))

    def test_a_book_is_sorted_by_value_and_cut(self) -> None:
        # Texts sort as texts in ccxt: 9 above 10.
        told = wire.book({"symbol": "A/B", "bids": [["9", "1"], ["10", "2"], ["8.5", "3"]],
                          "asks": [[11.0, 1.0], [10.5, 2e-05]], "timestamp": None}, 2)
        self.assertEqual(told["bids"], [["10", "2"], ["9", "1"]])
        self.assertEqual(told["asks"], [["10.5", "0.00002"], ["11", "1"]])


if __name__ == "__main__":
    unittest.main()
