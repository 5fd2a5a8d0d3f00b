// The page's one source of live figures: /api/overview every two seconds, one request at a time, silent
// while the page is hidden. It keeps the latest overview and a bounded tail of national figures, so a page
// left open does not grow.

import { overview, type FigureName, type Overview, type Site } from './api';

const EVERY_MS = 2_000;
const REQUEST_LIMIT_MS = 8_000;
/** National figures remembered for the small courses: five minutes. */
const REMEMBERED = 150;
/** After this long without news everything shown is old, whatever it said when it came. */
const LOST_AFTER_MS = 8_000;

class Live {
  overview = $state.raw<Overview | null>(null);
  /** When the overview came, in this browser's monotonic milliseconds. */
  #heardAt = 0;
  /** Milliseconds since the overview came. */
  silenceMs = $state(0);
  failing = $state(false);
  /** Latest national figures, oldest first, by name. */
  tail = $state.raw<Partial<Record<FigureName, (number | null)[]>>>({});

  /** No news for too long: nothing on the page may look live. */
  lost = $derived(this.overview !== null && this.silenceMs > LOST_AFTER_MS);

  /** Seconds since a site was last heard: as the center said, and the silence since. */
  ageOf(site: Site): number | null {
    return site.age_s === null ? null : site.age_s + this.silenceMs / 1_000;
  }

  /** Starts; the returned function stops. */
  start(): () => void {
    let stopped = false;
    let timer = 0;
    let request: AbortController | null = null;

    const tick = async () => {
      if (stopped || document.hidden || request) return;
      request = new AbortController();
      const limit = window.setTimeout(() => request?.abort(), REQUEST_LIMIT_MS);
      try {
        this.overview = await overview(request.signal);
        this.#heardAt = performance.now();
        this.failing = false;
        this.#remember(this.overview);
      } catch {
        this.failing = !stopped;
      } finally {
        window.clearTimeout(limit);
        request = null;
      }
      this.#measure();
      if (!stopped) timer = window.setTimeout(tick, EVERY_MS);
    };
    const onVisible = () => {
      window.clearTimeout(timer);
      void tick();
    };
    const clock = window.setInterval(() => this.#measure(), 1_000);
    document.addEventListener('visibilitychange', onVisible);
    void tick();
    return () => {
      stopped = true;
      window.clearTimeout(timer);
      window.clearInterval(clock);
      document.removeEventListener('visibilitychange', onVisible);
      request?.abort();
    };
  }

  #remember(overview: Overview) {
    const names = Object.keys(overview.national) as FigureName[];
    this.tail = Object.fromEntries(
      names.map((name) => [name, [...(this.tail[name] ?? []), overview.national[name]?.value ?? null].slice(-REMEMBERED)]),
    );
  }

  #measure() {
    if (this.overview) this.silenceMs = performance.now() - this.#heardAt;
  }
}

export const live = new Live();
