"""Blocks URLs for at most so long."""

from bongsu import Effect, Refused


class Plugin:
    def __init__(self, settings):
        self.most_ms = settings["most_minutes"] * 60_000

    def apply(self, proposal):
        if proposal.action.name != "block":
            raise Refused("this controller only blocks")
        latest = proposal.now_ms + self.most_ms
        until = latest if proposal.until_ms is None else min(proposal.until_ms, latest)
        return [Effect(proposal.action, until)]
