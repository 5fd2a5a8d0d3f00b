// The center's API as this page uses it. Field names are those of /api/openapi.json.

export type Unit = 'users' | 'sessions' | 'count' | '1/s' | 'ms' | '%' | 'score';
export type Mode = 'ip' | 'session' | 'cookie';
export type Span = { from: string; to: string };

export interface Figure {
  value: number;
  unit: Unit;
  error_pct_95?: number | null;
  mode?: Mode | null;
  window?: Span | null;
  source?: string | null;
}

export type FigureName = 'load' | 'users.concurrent' | 'tps' | 'errors.rate' | 'latency.p95' | 'sessions.active';
export type Figures = Record<FigureName, Figure | null>;

export type SiteState = 'live' | 'stale' | 'never';

export interface Site {
  site: string;
  name: { ko: string; en: string };
  state: SiteState;
  age_s: number | null;
  figures: Figures;
}

export type Severity = 'info' | 'warning' | 'critical';

export interface Finding {
  site: string;
  at: string;
  severity: Severity;
  kind: string;
  detector: string;
  app: string | null;
  subject: string;
  summary: string;
}

export interface Overview {
  at: string;
  zone: string;
  national: Figures;
  sites: Site[];
  findings: Finding[];
}

export type PlanWindow = { kind: 'now' } | Span;

export interface Plan {
  op: string;
  metrics?: string[];
  scope?: Record<string, string[]>;
  window?: PlanWindow;
  baseline?: { kind: string; from?: string; to?: string };
  group_by?: string[];
  step?: string;
  limit?: number;
  assumed?: string[];
  [field: string]: unknown;
}

export interface Fact {
  id: string;
  metric: string;
  agg?: string;
  scope: { site?: string; sites?: string[]; apps?: string[]; urls?: string[]; instances?: string[] };
  window: PlanWindow;
  mode?: Mode | null;
  value: number;
  unit: Unit;
  error_pct_95?: number | null;
  source: string;
  derived?: { op: string; inputs: string[] } | null;
  estimate?: { kind: string; band?: [number, number]; share_pct?: number; samples?: number; threshold?: number } | null;
  query_id?: string;
}

export type Cell = string | number | null;

export interface Table {
  title: string;
  columns: { title: string; unit?: Unit }[];
  rows: Cell[][];
}

export interface ChartSeries {
  name: string;
  points?: [number, number | null][];
  values?: (number | null)[];
}

export interface Chart {
  kind: 'line' | 'bar';
  title: string;
  unit: Unit;
  categories?: string[];
  series: ChartSeries[];
}

export interface Coverage {
  expected: number;
  heard: number;
  stale: { site: string; age_s: number | null }[];
}

export interface Answer {
  plan: Plan;
  facts: Fact[];
  text: string;
  tables: Table[];
  charts: Chart[];
  links: { title: string; href: string }[];
  coverage: Coverage;
  caveats: string[];
  proposal: { kind: string; args?: Record<string, unknown> } | null;
  by: string;
  trace_id: string | null;
}

/** A refusal of the API: RFC 9457 with a stable `code`; `unreachable` when nothing answered at all. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly detail: string,
  ) {
    super(detail);
  }
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new Problem('unreachable', String(cause));
  }
  if (!response.ok) throw await problem(response);
  try {
    return (await response.json()) as T;
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new Problem('unreadable', String(cause));
  }
}

async function problem(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as { code?: string; detail?: string; title?: string };
    return new Problem(body.code ?? `http_${response.status}`, body.detail ?? body.title ?? '');
  } catch {
    return new Problem(`http_${response.status}`, response.statusText);
  }
}

export function overview(signal: AbortSignal): Promise<Overview> {
  return call('/api/overview', { signal, cache: 'no-store' });
}

/** Asks in words, or executes a plan. */
export function ask(body: { question: string; lang: string } | { plan: Plan; lang: string }, signal?: AbortSignal): Promise<Answer> {
  return call('/api/ask', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: signal ?? null,
  });
}
