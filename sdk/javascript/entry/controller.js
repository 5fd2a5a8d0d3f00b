// Between the component and the class in `plugin.js`, for the world `controller`. Written by `bongsu-plugin build`.

import { nowMs } from "bongsu:plugin/clock@1.0.0";
import { Refused } from "./bongsu.js";
import Plugin from "./plugin.js";
import { made, told } from "./trouble.js";

let running;

export const boot = (settings) => {
  running = made(Plugin, settings);
};

export const control = {
  apply(proposal) {
    let refused;
    const effects = told(() => {
      try {
        return running.apply({ ...proposal, nowMs: nowMs() }) ?? [];
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        refused = error.message;
        return [];
      }
    });
    if (refused !== undefined) throw refused;
    return effects.map(({ action, untilMs }) => ({ action, untilMs }));
  },
};
