"""What a Bongsu plugin in Python is written with.

A plugin is a class called ``Plugin`` in ``plugin.py``. It is made once with its settings (a dict; keys, types, defaults and
ranges are declared in ``plugin.json`` and have been checked) and then handed batches. Raise ``ValueError`` in ``__init__``
to refuse a setting; the operator sees the message.

    class Plugin:                                   # a detector
        def __init__(self, settings): ...
        def transactions(self, transactions, batch): return [Finding(...)]
        def session_events(self, events, batch): return []
        def roll_ups(self, roll_ups, batch): return []

    class Plugin:                                   # a masker
        def mask(self, fields): return [Edit(...)]

    class Plugin:                                   # a controller
        def apply(self, proposal): return [Effect(...)]

Nothing here needs WebAssembly, so ``python3 -m unittest`` tests a plugin as it is. There is no clock (``batch.now_ms`` is the
time), no file, no network. What is kept from call to call must be bounded; it is lost when a call fails.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Optional

INFO, WARNING, CRITICAL = "info", "warning", "critical"


@dataclass
class Batch:
    """When a batch was taken: ``[from_ms, now_ms)``, milliseconds since 1970."""

    from_ms: int
    now_ms: int


@dataclass
class Transaction:
    """One finished request, masked. ``client``, ``session`` and ``user`` are tokens."""

    ended_ms: int
    duration_us: int
    app: str
    url: str
    instance: str = ""
    method: str = "GET"
    status: int = 200
    failed: bool = False
    sql_us: int = 0
    external_us: int = 0
    release: Optional[str] = None
    target: Optional[str] = None
    client: Optional[str] = None
    session: Optional[str] = None
    user: Optional[str] = None
    login: Optional[str] = None
    """``"succeeded"`` or ``"failed"`` where it was an attempt to log in."""

    @property
    def is_error(self) -> bool:
        return self.failed or self.status >= 500


@dataclass
class SessionEvent:
    """Something that happened to a session: ``created``, ``destroyed``, ``expired`` or ``rejected``."""

    at_ms: int
    change: str
    session: str
    user: Optional[str] = None
    app: Optional[str] = None


@dataclass
class RollUp:
    """The figures of one scope over a closed minute; no ``app`` is the whole site."""

    from_ms: int
    to_ms: int
    measures: Dict[str, float]
    app: Optional[str] = None
    instance: Optional[str] = None
    url: Optional[str] = None


@dataclass
class Finding:
    """A statement about something that happened.

    ``kind`` is a stable word such as ``slow-requests``; ``subject`` is whom it is about, such as ``url:/list``.
    """

    kind: str
    severity: str
    subject: str
    summary: str
    from_ms: int
    to_ms: int
    app: Optional[str] = None
    evidence: Dict[str, float] = field(default_factory=dict)


@dataclass
class Field:
    """A text to mask; ``kind`` is ``url``, ``query``, ``header``, ``sql``, ``log``, ``user-agent``, ``error`` or ``text``."""

    kind: str
    text: str


@dataclass
class Edit:
    """One replacement: characters ``[start, end)`` of field number ``field``."""

    field: int
    start: int
    end: int
    found: str
    replacement: str


@dataclass
class Action:
    """What is done: its name and its values, as in ``control.wit`` (``block``, ``limit``, ``end-sessions``, ...)."""

    name: str
    value: Any


@dataclass
class Proposal:
    """An action people approved."""

    id: str
    action: Action
    reason: str
    now_ms: int
    until_ms: Optional[int] = None
    copies: Optional[int] = None


@dataclass
class Effect:
    """One thing the host is asked to do; never wider or longer than the proposal."""

    action: Action
    until_ms: Optional[int] = None


class Refused(Exception):
    """Raised by a controller that will not do it; whoever approved sees the message."""


__all__ = [
    "Action", "Batch", "CRITICAL", "Edit", "Effect", "Field", "Finding", "INFO", "Proposal", "Refused", "RollUp",
    "SessionEvent", "Transaction", "WARNING", "replace",
]
