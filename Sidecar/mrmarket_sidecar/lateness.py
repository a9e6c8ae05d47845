"""Whether a book that is told without a pause is the market's own or one of some time ago. Pure; seconds come in.

Words need not bear a time, and where they do its clock is not ours: prices alone decide. A book that is asked for is held against
all that was told around that moment. Both move, and both are samples, so what was told need not be equal to it, but has to reach it.
"""

from __future__ import annotations

from collections import deque
from typing import Any

# Nothing is traded at these: how near is near is all they tell.
Best = tuple[float, float]

# What is asked for may come out of a store of the exchange's: so many seconds before the question it may be right already.
BEFORE = 5.0
# And so many after the answer what is told has to reach it.
AFTER = 2.0
# Nearer than this share of the price, or than the book's own spread, is as good as equal.
SHARE = 0.0005
# Answers in a row that were not reached: one may be a jump there and back between two words.
PATIENCE = 2
# Moves of the market in a row that a watcher which was late has to be seen to follow. A subscription may begin with a book of now and go
# on with words of some time ago, and prices of then may be those of now by chance: one answer that was reached shows nothing.
PROOF = 3


def best(book: dict[str, Any]) -> Best | None:
    """The best bid and ask; None for a book that lacks a side."""
    sides = [[float(row[0]) for row in book.get(side) or [] if row[0] is not None] for side in ("bids", "asks")]
    return (max(sides[0]), min(sides[1])) if all(sides) else None


def _near(book: Best) -> float:
    return max(book[1] - book[0], book[0] * SHARE)


class Comparison:
    def __init__(self, after: float = AFTER) -> None:
        self._after = after
        self._told: deque[tuple[float, Best]] = deque()
        self._is_asking = False
        self._wanted: Best | None = None
        self._due = 0.0
        # Where the market stood when the last move was followed; at first, where the watcher began.
        self._anchor: Best | None = None
        self.misses = 0
        self.follows = 0

    @property
    def has_book(self) -> bool:
        return bool(self._told)

    @property
    def is_late(self) -> bool:
        return self.misses >= PATIENCE

    @property
    def is_proven(self) -> bool:
        return self.follows >= PROOF

    def heard(self, now: float, told: Best | None) -> None:
        if told is None:
            return
        self._told.append((now, told))
        self._anchor = self._anchor or told
        # The one that stood at the beginning counts, however old it is.
        while not self._is_asking and len(self._told) > 1 and self._told[1][0] <= now - BEFORE:
            self._told.popleft()

    def asks(self) -> None:
        self._is_asking = True

    def answered(self, now: float, asked: Best | None) -> None:
        if asked is None or not self._told:
            self.forget()
        else:
            self._wanted, self._due = asked, now + self._after

    def forget(self) -> None:
        """No answer, or one that says nothing."""
        self._is_asking, self._wanted = False, None

    def judged(self, now: float) -> bool | None:
        """Whether the book is in time; None while that is not clear."""
        if self._wanted is None:
            return True
        if self._is_reached(self._wanted):
            self._follow(self._wanted)
        elif now < self._due:
            return None
        else:
            self.misses, self.follows, self._anchor = self.misses + 1, 0, self._told[-1][1]
        self.forget()
        return self.misses == 0

    def _follow(self, wanted: Best) -> None:
        self.misses = 0
        near = _near(wanted)
        if self._anchor is not None and any(abs(wanted[side] - self._anchor[side]) > near for side in (0, 1)):
            self.follows, self._anchor = self.follows + 1, wanted

    def _is_reached(self, wanted: Best) -> bool:
        near = _near(wanted)
        for side in (0, 1):
            prices = [told[side] for moment, told in self._told if moment < self._due]
            if not min(prices) - near <= wanted[side] <= max(prices) + near:
                return False
        return True
