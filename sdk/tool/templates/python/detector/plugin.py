"""Finds URLs with slow requests."""

from collections import Counter

from bongsu import WARNING, Finding


class Plugin:
    def __init__(self, settings):
        self.limit_us = settings["limit_ms"] * 1000
        self.least = settings["least"]

    def transactions(self, transactions, batch):
        slow = Counter((t.app, t.url) for t in transactions if t.duration_us > self.limit_us)
        return [
            Finding(
                kind="slow-requests",
                severity=WARNING,
                subject=f"url:{url}",
                summary=f"{count} requests took longer than {self.limit_us // 1000} ms",
                from_ms=batch.from_ms,
                to_ms=batch.now_ms,
                app=app,
                evidence={"requests": count},
            )
            for (app, url), count in slow.items()
            if count >= self.least
        ]
