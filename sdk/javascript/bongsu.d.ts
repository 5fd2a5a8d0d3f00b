/** When a batch was taken: `[fromMs, nowMs)`, milliseconds since 1970. */
export interface Batch {
  fromMs: number;
  nowMs: number;
}

/** One finished request, masked. `client`, `session` and `user` are tokens. */
export interface Transaction {
  endedMs: number;
  durationUs: number;
  sqlUs: number;
  externalUs: number;
  app: string;
  instance: string;
  release?: string;
  url: string;
  target?: string;
  method: string;
  status: number;
  failed: boolean;
  client?: string;
  session?: string;
  user?: string;
  login?: "succeeded" | "failed";
}

/** Something that happened to a session. */
export interface SessionEvent {
  atMs: number;
  change: "created" | "destroyed" | "expired" | "rejected";
  session: string;
  user?: string;
  app?: string;
}

/** The figures of one scope over a closed minute; no `app` is the whole site. */
export interface RollUp {
  fromMs: number;
  toMs: number;
  app?: string;
  instance?: string;
  url?: string;
  measures: Record<string, number>;
}

/** A statement about something that happened. */
export interface Finding {
  kind: string;
  severity: "info" | "warning" | "critical";
  subject: string;
  summary: string;
  fromMs: number;
  toMs: number;
  app?: string;
  evidence: Record<string, number>;
}

export interface Field {
  kind: "url" | "query" | "header" | "sql" | "log" | "user-agent" | "error" | "text";
  text: string;
}

export interface Edit {
  field: number;
  start: number;
  end: number;
  found: string;
  replacement: string;
}

/** What is done: its name and its values, as in `control.wit`. */
export interface Action {
  tag: string;
  val: any;
}

/** An action people approved. */
export interface Proposal {
  id: string;
  action: Action;
  reason: string;
  nowMs: number;
  untilMs?: number;
  copies?: number;
}

export interface Effect {
  action: Action;
  untilMs?: number;
}

export function finding(
  given: Partial<Finding> & Pick<Finding, "kind" | "subject" | "summary" | "fromMs" | "toMs">,
): Finding;
export function edit(field: number, start: number, end: number, found: string, replacement: string): Edit;
export function isError(transaction: Transaction): boolean;
export class Refused extends Error {}
