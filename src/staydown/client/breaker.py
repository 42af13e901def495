"""A dead Staydown costs a moment, not a time-out for each upload."""

import threading
import time
from collections.abc import Callable


class Breaker:
    """After *failures* in a row nobody asks for *rest* seconds; then one caller may try.

    Each failed try doubles the rest, up to *longest_rest*. The pattern is Nygard's circuit
    breaker (Release It!, 2nd ed., 2018). Threads may share one.
    """

    def __init__(
        self,
        *,
        failures: int = 3,
        rest: float = 5.0,
        longest_rest: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._first_rest, self._longest = failures, rest, longest_rest
        self._clock, self._lock = clock, threading.Lock()
        self._failed, self._rest, self._closed_until = 0, rest, 0.0

    def may_try(self) -> bool:
        """Whether to ask at all. Whoever is told yes says `worked` or `failed` afterwards."""
        with self._lock:
            if self._failed < self._most:
                return True
            now = self._clock()
            if now < self._closed_until:
                return False
            # One caller tries; the others go on without, until it knows more.
            self._closed_until = now + self._rest
            return True

    def worked(self) -> None:
        with self._lock:
            self._failed, self._rest = 0, self._first_rest

    def failed(self, *, is_dead: bool = False) -> None:
        """It gave no answer; *is_dead* if it was asked whether it lives, and did not say so."""
        with self._lock:
            self._failed = max(self._failed + 1, self._most if is_dead else 0)
            if self._failed >= self._most:
                self._closed_until = self._clock() + self._rest
                self._rest = min(self._longest, 2 * self._rest)
