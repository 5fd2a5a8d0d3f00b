"""Hides customer numbers such as C-12345678."""

import re

from bongsu import Edit

NUMBER = re.compile(r"\bC-(\d{8})\b")


class Plugin:
    def __init__(self, settings):
        pass

    def mask(self, fields):
        return [
            Edit(place, found.start(1), found.end(1), "customer-number", "*" * 8)
            for place, field in enumerate(fields)
            for found in NUMBER.finditer(field.text)
        ]
