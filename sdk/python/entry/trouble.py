"""What every world needs: settings as a dict, and a word to the operator before an exception becomes a trap."""

import traceback

from wit_world.imports import log


def settings_of(settings):
    return {setting.key: setting.value.value for setting in settings}


def told(call, *given, quote=True):
    try:
        return call(*given)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        # A message may quote the text that was being masked.
        words = f"{type(error).__name__}: {error}" if quote else type(error).__name__
        log.panicking(f"{words} at {place.filename.rsplit('/', 1)[-1]}:{place.lineno}")
        raise
