// Between the component and the class in `plugin.js`, for the world `masker`. Written by `bongsu-plugin build`.

import Plugin from "./plugin.js";
import { made, told } from "./trouble.js";

let running;

export const boot = (settings) => {
  running = made(Plugin, settings);
};

export const masking = {
  mask(fields) {
    return told(() => {
      const edits = [...(running.mask(fields) ?? [])];
      edits.sort((a, b) => a.field - b.field || a.start - b.start);
      return edits.map((edit) => inBytes(edit, fields[edit.field].text));
    }, false);
  },
};

// The contract counts bytes, JavaScript UTF-16 units.
function inBytes({ field, start, end, found, replacement }, text) {
  const before = bytes(text.slice(0, start));
  return { field, start: before, end: before + bytes(text.slice(start, end)), found, replacement };
}

function bytes(text) {
  let count = 0;
  for (const character of text) {
    const code = character.codePointAt(0);
    count += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return count;
}
