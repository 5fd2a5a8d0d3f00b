// @ts-check
// Hides customer numbers such as C-12345678.

import { edit } from "./bongsu.js";

const NUMBER = /\bC-(\d{8})\b/g;

export default class Plugin {
  /** @param {import("./bongsu.js").Field[]} fields */
  mask(fields) {
    return fields.flatMap(({ text }, place) =>
      [...text.matchAll(NUMBER)].map((found) => {
        const start = found.index + 2;
        return edit(place, start, start + 8, "customer-number", "*".repeat(8));
      }),
    );
  }
}
