"""Run with: python3 -m unittest"""

import unittest

from bongsu import Batch, Transaction
from plugin import Plugin


class SlowRequests(unittest.TestCase):
    def found(self, *durations_us):
        plugin = Plugin({"limit_ms": 1000, "least": 3})
        transactions = [Transaction(5, duration, "minwon", "/report") for duration in durations_us]
        return plugin.transactions(transactions, Batch(0, 10))

    def test_three_slow_requests_are_found_and_two_are_not(self):
        self.assertEqual(len(self.found(2_000_000, 2_000_000, 2_000_000)), 1)
        self.assertEqual(self.found(2_000_000, 2_000_000, 80_000), [])


if __name__ == "__main__":
    unittest.main()
