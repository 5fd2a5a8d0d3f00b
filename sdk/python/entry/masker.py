"""Between the component and ``plugin.Plugin``, for the world ``masker``. Written by ``bongsu-plugin build``."""

import bongsu
import plugin
import wit_world
from componentize_py_types import Err
from trouble import settings_of, told
from wit_world import exports
from wit_world.exports import masking

running = None


class WitWorld(wit_world.WitWorld):
    def init(self, settings):
        global running
        try:
            running = plugin.Plugin(settings_of(settings))
        except ValueError as error:
            raise Err(str(error))


class Masking(exports.Masking):
    def mask(self, fields):
        return told(masked, fields, quote=False)


def masked(fields):
    kinds = [bongsu.Field(field.kind.name.lower().replace("_", "-"), field.text) for field in fields]
    edits = sorted(running.mask(kinds) or [], key=lambda edit: (edit.field, edit.start))
    return [edit_of(edit, kinds[edit.field].text) for edit in edits]


def edit_of(edit, text):
    """The contract counts bytes, Python characters."""
    if text.isascii():
        start, end = edit.start, edit.end
    else:
        start = len(text[: edit.start].encode())
        end = start + len(text[edit.start : edit.end].encode())
    return masking.Edit(edit.field, start, end, edit.found, edit.replacement)
