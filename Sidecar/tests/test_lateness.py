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

    def test_only_moves_that_were_followed_show_a_watcher_to_be_in_time(self) -> None:
        for name, asked, is_proven in [
            ("three moves", [101, 102, 103], True),
            ("back and forth", [101, 100, 101], True),
            ("two moves", [101, 102], False),
            ("none, however often it is asked for", [100] * 20, False),
            ("too small to be told from none", [100.01, 100.02, 100.03, 100.04], False),
            ("one that is missed and begins anew", [101, 102, None, 103], False),
            ("three after one that was missed", [101, None, 102, 103, 104], True),
        ]:
            with self.subTest(name):
                comparison, now, bid = Comparison(2), 0.0, 100.0
                comparison.heard(now, (bid, bid + 0.01))
                for wanted in asked:
                    now, bid = now + 15, wanted or bid
                    comparison.heard(now, (bid, bid + 0.01))
                    comparison.asks()
                    comparison.answered(now, (wanted or 200, (wanted or 200) + 0.01))
                    self.assertEqual(comparison.judged(now + 2), wanted is not None)
                self.assertEqual(comparison.is_proven, is_proven)

    def test_one_that_begins_with_a_book_of_now_and_goes_on_late_is_not_shown_to_be_in_time(self) -> None:
        for seed in range(20):
            random.seed(seed)
            prices = [100.0]
            while len(prices) < 3_000:
                prices.append(prices[-1] * (1 + random.gauss(0.0004, 0.0006) * (random.random() < 0.7)))
            for delay, is_in_time in [(0.2, True), (20.0, False)]:
                with self.subTest(seed=seed, delay=delay):
                    self.assertEqual(self.proven(prices, delay), is_in_time)

    def proven(self, prices: list[float], delay: float) -> bool:
        """Five prices a second; a watcher that begins at ten seconds, and is asked about every fifteen until it is found out."""
        comparison = Comparison()
        ask, is_pending = 11.0, False
        for tick in range(50, len(prices)):
            now, bid = tick / 5, prices[max(50, tick - int(delay * 5))]
            comparison.heard(now, (bid, bid + 0.01))
            if now >= ask and not is_pending:
                is_pending = True
                comparison.asks()
                comparison.answered(now, (prices[tick], prices[tick] + 0.01))
            if is_pending and (verdict := comparison.judged(now)) is not None:
                is_pending, ask = False, now + (15 if verdict else 1)
            if comparison.is_late or comparison.is_proven:
                break
        return comparison.is_proven

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
