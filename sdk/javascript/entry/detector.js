// Between the component and the class in `plugin.js`, for the world `detector`. Written by `bongsu-plugin build`.

import Plugin from "./plugin.js";
import { made, told } from "./trouble.js";

let running;

export const boot = (settings) => {
  running = made(Plugin, settings);
};

export const detection = {
  check(batch) {
    return told(() => judged(batch));
  },
};

function judged({ texts, window, events }) {
  const when = { fromMs: window.fromMs, nowMs: window.toMs };
  const at = (place) => (place == null ? undefined : texts[place]);
  if (events.tag === "transactions") {
    return ask("transactions", events.val.map((row) => transaction(row, at)), when);
  }
  if (events.tag === "session-events") {
    const rows = events.val.map((row) => ({
      atMs: row.atMs, change: row.change, session: at(row.session), user: at(row.user), app: at(row.app),
    }));
    return ask("sessionEvents", rows, when);
  }
  const rows = events.val.map((row) => ({
    fromMs: row.window.fromMs,
    toMs: row.window.toMs,
    app: at(row.app),
    instance: at(row.instance),
    url: at(row.url),
    measures: Object.fromEntries(row.measures.map(({ metric, value }) => [at(metric), value])),
  }));
  return ask("rollUps", rows, when);
}

function ask(name, rows, when) {
  return (running[name]?.(rows, when) ?? []).map((found) => ({
    kind: found.kind,
    severity: found.severity,
    app: found.app,
    when: { fromMs: Math.trunc(found.fromMs), toMs: Math.trunc(found.toMs) },
    subject: found.subject,
    summary: found.summary,
    evidence: Object.entries(found.evidence ?? {}).map(([figure, value]) => ({ name: figure, value })),
  }));
}

function transaction(row, at) {
  return {
    endedMs: row.endedMs,
    durationUs: row.durationUs,
    sqlUs: row.sqlUs,
    externalUs: row.externalUs,
    app: at(row.app),
    instance: at(row.instance),
    release: at(row.release),
    url: at(row.url),
    target: at(row.target),
    method: at(row.method),
    status: row.status,
    failed: row.failed,
    client: at(row.client),
    session: at(row.session),
    user: at(row.user),
    login: row.login ?? undefined,
  };
}
