// The beacon code. Joseon's beacon towers had five hearths: one fire meant calm, five meant battle, none meant
// that nobody was watching. A region here lights its hearths by the same rule, so the state can be read
// without telling colours apart.

import type { Finding, Site } from './api';

export type Fires = 0 | 1 | 2 | 3 | 4 | 5;

export const LOAD_WARNING = 70;
export const LOAD_CRITICAL = 90;
const RECENT_MS = 60 * 60 * 1_000;

/** How many fires a site has lit: the highest rule that holds. */
export function fires(site: Site | undefined, findings: Finding[], at: string, lost: boolean): Fires {
  if (!site || site.state !== 'live' || lost) return 0;
  const load = site.figures.load?.value ?? 0;
  if (load >= LOAD_CRITICAL) return 5;
  const since = Date.parse(at) - RECENT_MS;
  const recent = findings.filter((f) => f.site === site.site && Date.parse(f.at) >= since);
  if (recent.some((f) => f.severity === 'critical')) return 4;
  if (load >= LOAD_WARNING) return 3;
  return recent.length > 0 ? 2 : 1;
}

export type Tone = 'none' | 'calm' | 'warn' | 'alarm';

/** The colour family that goes with a number of fires. */
export function tone(lit: Fires): Tone {
  if (lit === 0) return 'none';
  if (lit === 1) return 'calm';
  return lit >= 4 ? 'alarm' : 'warn';
}

/** The colour family that goes with a load in per cent. */
export function loadTone(load: number): Tone {
  if (load >= LOAD_CRITICAL) return 'alarm';
  return load >= LOAD_WARNING ? 'warn' : 'calm';
}
