import random
import unittest

from mrmarket_sidecar.lateness import Comparison, best


def judge(told: list[tuple[float, float]], asked: float, at: float, after: float = 2.0) -> bool | None:
    """Told are moments and bids, asked is a bid at a moment; spreads are a hundredth."""
    comparison = Comparison(after)
    pending = [word for word in told if word[0] > at]
    for moment, bid in told:
        if moment <= at:
            comparison.heard(moment, (bid, bid + 0.01))
    comparison.asks()
    comparison.answered(at, (asked, asked + 0.01))
    for moment, bid in pending:
        comparison.heard(moment, (bid, bid + 0.01))
        if (verdict := comparison.judged(moment)) is not None:
            return verdict
    return comparison.judged(at + after)


class ComparisonTests(unittest.TestCase):
    def test_what_is_told_has_to_reach_what_is_asked_for(self) -> None:
        for name, told, asked, verdict in [
            ("the same", [(0, 100.0)], 100.0, True),
            ("nearly the same", [(0, 100.0)], 100.04, True),
            ("another", [(0, 100.0)], 100.2, False),
            ("told a little later", [(0, 100.0), (11, 100.2)], 100.2, True),
            ("told too late", [(0, 100.0), (13, 100.2)], 100.2, False),
            ("told just before", [(0, 100.0), (8, 101.0), (9, 102.0)], 101.0, True),
            ("told long before", [(0, 99.0), (1, 101.0), (9, 102.0)], 99.0, False),
            ("leapt over", [(0, 100.0), (11, 102.0)], 101.0, True),
        ]:
            with self.subTest(name):
                self.assertEqual(judge(told, asked, 10), verdict)

    def test_one_miss_is_no_lateness_two_in_a_row_are(self) -> None:
        comparison = Comparison(2)
        comparison.heard(0, (100, 101))
        for moment, asked, is_late in [(1, 200, False), (2, 100, False), (3, 200, False), (4, 200, True)]:
            comparison.asks()
            comparison.answered(10 * moment, (asked, asked + 1))
            self.assertEqual(comparison.judged(10 * moment + 2), asked == 100)
            self.assertEqual(comparison.is_late, is_late)

    def test_a_question_without_an_answer_says_nothing(self) -> None:
        comparison = Comparison(2)
        comparison.heard(0, (100, 101))
        comparison.asks()
        comparison.forget()
        comparison.asks()
        comparison.answered(1, None)
        self.assertEqual((comparison.judged(9), comparison.misses), (True, 0))

    def test_a_book_without_a_side_has_no_best_prices(self) -> None:
        self.assertEqual(best({"bids": [["1.5", "1"], ["2", "1"]], "asks": [[3.0, 1.0], [2.5, 1]]}), (2.0, 2.5))
        self.assertIsNone(best({"bids": [], "asks": [[3, 1]]}))

    def test_a_market_that_leaps_at_random_is_in_time_and_told_late_it_is_not(self) -> None:
        for seed in range(20):
            random.seed(seed)
            with self.subTest(seed=seed):
                truth = [(0.0, 100.0)]
                while truth[-1][0] < 300:
                    moment, price = truth[-1]
                    truth.append((moment + random.expovariate(5), price * (1 + random.gauss(0.0004, 0.0006))))
                for delay, expected in [(0.05, 0), (0.5, 0), (20, 9)]:
                    misses = 0
                    for at in range(30, 280, 25):
                        asked = [price for moment, price in truth if moment <= at][-1]
                        told = [(moment + delay, price) for moment, price in truth]
                        misses += judge(told, asked, at) is False
                    self.assertEqual(misses, 0) if expected == 0 else self.assertGreaterEqual(misses, expected)


if __name__ == "__main__":
    unittest.main()
