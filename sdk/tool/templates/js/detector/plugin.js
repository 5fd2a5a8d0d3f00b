// @ts-check
// Finds URLs with slow requests.

import { finding } from "./bongsu.js";

export default class Plugin {
  /** @param {{ limit_ms: number, least: number }} settings */
  constructor(settings) {
    this.limitUs = settings.limit_ms * 1000;
    this.least = settings.least;
  }

  /**
   * @param {import("./bongsu.js").Transaction[]} transactions
   * @param {import("./bongsu.js").Batch} batch
   */
  transactions(transactions, batch) {
    const slow = new Map();
    for (const { app, url, durationUs } of transactions) {
      if (durationUs > this.limitUs) {
        const key = `${app} ${url}`;
        slow.set(key, { app, url, count: (slow.get(key)?.count ?? 0) + 1 });
      }
    }
    return [...slow.values()]
      .filter(({ count }) => count >= this.least)
      .map(({ app, url, count }) =>
        finding({
          kind: "slow-requests",
          severity: "warning",
          subject: `url:${url}`,
          summary: `${count} requests took longer than ${this.limitUs / 1000} ms`,
          fromMs: batch.fromMs,
          toMs: batch.nowMs,
          app,
          evidence: { requests: count },
        }),
      );
  }
}
