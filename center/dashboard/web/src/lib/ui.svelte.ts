// What the person chose: language, light or dark, and the region looked at. The first two are kept in the
// browser, the region in the address.

import { en } from './words/en';
import { ko, type Words } from './words/ko';

export type Lang = 'ko' | 'en';
export type Theme = 'light' | 'dark';

const LANGS: Record<Lang, Words> = { ko, en };

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key: string, value: string) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A browser that keeps nothing still shows the page.
  }
}

function firstLang(): Lang {
  const kept = stored('bongsu.lang');
  if (kept === 'ko' || kept === 'en') return kept;
  const wanted = navigator.languages.find((tag) => /^(ko|en)\b/.test(tag));
  return wanted?.startsWith('en') ? 'en' : 'ko';
}

function siteInAddress(): string | null {
  return /^\/sites\/([a-z0-9_.-]+)$/.exec(location.pathname)?.[1] ?? null;
}

const prefersDark = matchMedia('(prefers-color-scheme: dark)');

class Ui {
  lang = $state<Lang>(firstLang());
  words = $derived(LANGS[this.lang]);
  #chosen = $state(stored('bongsu.theme'));
  #systemDark = $state(prefersDark.matches);
  theme = $derived<Theme>(
    this.#chosen === 'light' || this.#chosen === 'dark' ? this.#chosen : this.#systemDark ? 'dark' : 'light',
  );
  /** The region looked at; none means the whole country. */
  site = $state(siteInAddress());

  constructor() {
    prefersDark.addEventListener('change', (event) => (this.#systemDark = event.matches));
    addEventListener('popstate', () => (this.site = siteInAddress()));
  }

  speak(lang: Lang) {
    this.lang = lang;
    store('bongsu.lang', lang);
  }

  turn() {
    this.#chosen = this.theme === 'dark' ? 'light' : 'dark';
    store('bongsu.theme', this.#chosen);
  }

  look(site: string | null) {
    if (site === this.site) return;
    this.site = site;
    history.pushState(null, '', site ? `/sites/${site}` : '/');
  }

  /** Follows a link of an answer inside the page; false when this page has no such place. */
  follow(href: string): boolean {
    const place = /^\/(?:sites\/([a-z0-9_.-]+))?(?:\?|$)/.exec(href);
    if (place) this.look(place[1] ?? null);
    return place !== null;
  }
}

export const ui = new Ui();
