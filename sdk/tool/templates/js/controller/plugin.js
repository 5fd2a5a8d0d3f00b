// @ts-check
// Blocks URLs for at most so long.

import { Refused } from "./bongsu.js";

export default class Plugin {
  /** @param {{ most_minutes: number }} settings */
  constructor(settings) {
    this.mostMs = settings.most_minutes * 60_000;
  }

  /** @param {import("./bongsu.js").Proposal} proposal */
  apply(proposal) {
    if (proposal.action.tag !== "block") throw new Refused("this controller only blocks");
    const latest = proposal.nowMs + this.mostMs;
    return [{ action: proposal.action, untilMs: Math.min(proposal.untilMs ?? latest, latest) }];
  }
}
