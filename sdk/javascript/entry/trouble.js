// What every world needs: settings as an object, and a word to the operator before an exception becomes a trap.

import { panicking } from "bongsu:plugin/log@1.0.0";

export function settingsOf(settings) {
  return Object.fromEntries(settings.map(({ key, value }) => [key, value.val]));
}

/** Makes the plugin; what its constructor throws refuses the settings. */
export function made(Plugin, settings) {
  try {
    return new Plugin(settingsOf(settings));
  } catch (error) {
    throw String(error?.message ?? error);
  }
}

export function told(call, quote = true) {
  try {
    return call();
  } catch (error) {
    const place = String(error?.stack ?? "").split("\n")[0].trim();
    // A message may quote the text that was being masked.
    panicking(`${quote ? error : (error?.name ?? "exception")} ${place}`);
    throw error;
  }
}
