// What a Bongsu plugin in JavaScript is written with.
//
// A plugin is the default export of `plugin.js`: a class that is made once with its settings (an object; keys, types,
// defaults and ranges are declared in `plugin.json` and have been checked) and then handed batches. Throw in the
// constructor to refuse a setting; the operator sees the message.
//
//     export default class {                      // a detector
//       constructor(settings) {}
//       transactions(transactions, batch) { return [finding({...})]; }
//       sessionEvents(events, batch) { return []; }
//       rollUps(rollUps, batch) { return []; }
//     }
//
// A masker has `mask(fields)` and returns `edit(…)`s, a controller has `apply(proposal)` and returns effects. Types are in
// `bongsu.d.ts`. Nothing here needs WebAssembly, so `node --test` tests a plugin as it is. There is no clock
// (`batch.nowMs` is the time), no file, no network. What is kept from call to call must be bounded; it is lost when a call
// fails.

/** Makes a finding; what is not given has its default. */
export function finding({ kind, severity = "warning", subject, summary, fromMs, toMs, app, evidence = {} }) {
  return { kind, severity, subject, summary, fromMs, toMs, app, evidence };
}

/** Makes an edit: characters `[start, end)` of field number `field`. */
export function edit(field, start, end, found, replacement) {
  return { field, start, end, found, replacement };
}

/** Whether a request failed: status 500 or more, or its span said so. */
export function isError(transaction) {
  return transaction.failed || transaction.status >= 500;
}

/** Thrown by a controller that will not do it; whoever approved sees the message. */
export class Refused extends Error {}
