"""Between the component and ``plugin.Plugin``, for the world ``detector``. Written by ``bongsu-plugin build``."""

import bongsu
import plugin
import wit_world
from componentize_py_types import Err
from trouble import settings_of, told
from wit_world import exports
from wit_world.exports import detection
from wit_world.imports.types import Window

SEVERITIES = {
    bongsu.INFO: detection.Severity.INFO,
    bongsu.WARNING: detection.Severity.WARNING,
    bongsu.CRITICAL: detection.Severity.CRITICAL,
}
running = None


class WitWorld(wit_world.WitWorld):
    def init(self, settings):
        global running
        try:
            running = plugin.Plugin(settings_of(settings))
        except ValueError as error:
            raise Err(str(error))


class Detection(exports.Detection):
    def check(self, batch):
        return told(judged, batch)


def judged(batch):
    texts = batch.texts
    when = bongsu.Batch(batch.window.from_ms, batch.window.to_ms)
    rows = batch.events.value
    if isinstance(batch.events, detection.Events_Transactions):
        found = ask("transactions", [transaction(row, texts) for row in rows], when)
    elif isinstance(batch.events, detection.Events_SessionEvents):
        found = ask("session_events", [session_event(row, texts) for row in rows], when)
    else:
        found = ask("roll_ups", [roll_up(row, texts) for row in rows], when)
    return [finding(one) for one in found or []]


def ask(name, events, when):
    method = getattr(running, name, None)
    return method(events, when) if method else []


def optional(texts, place):
    return None if place is None else texts[place]


def transaction(row, texts):
    return bongsu.Transaction(
        ended_ms=row.ended_ms,
        duration_us=row.duration_us,
        sql_us=row.sql_us,
        external_us=row.external_us,
        app=texts[row.app],
        instance=texts[row.instance],
        release=optional(texts, row.release),
        url=texts[row.url],
        target=optional(texts, row.target),
        method=texts[row.method],
        status=row.status,
        failed=row.failed,
        client=optional(texts, row.client),
        session=optional(texts, row.session),
        user=optional(texts, row.user),
        login=None if row.login is None else row.login.name.lower(),
    )


def session_event(row, texts):
    return bongsu.SessionEvent(
        at_ms=row.at_ms,
        change=row.change.name.lower(),
        session=texts[row.session],
        user=optional(texts, row.user),
        app=optional(texts, row.app),
    )


def roll_up(row, texts):
    return bongsu.RollUp(
        from_ms=row.window.from_ms,
        to_ms=row.window.to_ms,
        measures={texts[measure.metric]: measure.value for measure in row.measures},
        app=optional(texts, row.app),
        instance=optional(texts, row.instance),
        url=optional(texts, row.url),
    )


def finding(one):
    return detection.Finding(
        kind=one.kind,
        severity=SEVERITIES[one.severity],
        app=one.app,
        when=Window(int(one.from_ms), int(one.to_ms)),
        subject=one.subject,
        summary=one.summary,
        evidence=[detection.Figure(name, float(value)) for name, value in one.evidence.items()],
    )
