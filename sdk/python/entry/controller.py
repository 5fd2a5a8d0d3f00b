"""Between the component and ``plugin.Plugin``, for the world ``controller``. Written by ``bongsu-plugin build``."""

import re

import bongsu
import plugin
import wit_world
from componentize_py_types import Err
from trouble import settings_of, told
from wit_world import exports
from wit_world.exports import control
from wit_world.imports import clock

running = None


class WitWorld(wit_world.WitWorld):
    def init(self, settings):
        global running
        try:
            running = plugin.Plugin(settings_of(settings))
        except ValueError as error:
            raise Err(str(error))


class Control(exports.Control):
    def apply(self, proposal):
        try:
            effects = running.apply(proposal_of(proposal))
        except bongsu.Refused as refused:
            raise Err(str(refused))
        except Exception:
            told(again)
        return [control.Effect(action_of(effect.action), effect.until_ms) for effect in effects or []]


def again():
    raise


def proposal_of(proposal):
    kind = type(proposal.action).__name__.removeprefix("Action_")
    name = re.sub("(?<!^)(?=[A-Z])", "-", kind).lower()
    return bongsu.Proposal(
        id=proposal.id,
        action=bongsu.Action(name, proposal.action.value),
        reason=proposal.reason,
        now_ms=clock.now_ms(),
        until_ms=proposal.until_ms,
        copies=proposal.copies,
    )


def action_of(action):
    kind = "".join(word.capitalize() for word in action.name.split("-"))
    return getattr(control, f"Action_{kind}")(action.value)
