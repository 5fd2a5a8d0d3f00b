// Numbers, units, ages and instants as words. Pure: language and zone are passed in.

import type { Figure, PlanWindow, Unit } from './api';
import type { Lang } from './ui.svelte';
import type { Words } from './words/ko';

const numbers = new Map<string, Intl.NumberFormat>();

export function number(value: number, digits: number, lang: Lang): string {
  const key = `${lang}${digits}`;
  let format = numbers.get(key);
  if (!format) {
    format = new Intl.NumberFormat(lang, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    numbers.set(key, format);
  }
  return format.format(value);
}

/** A value with as many digits as its unit and size deserve, without the unit. */
export function amount(value: number, unit: Unit | undefined, lang: Lang): string {
  const size = Math.abs(value);
  switch (unit) {
    case 'users':
    case 'sessions':
    case 'count':
      return number(value, Number.isInteger(value) || size >= 100 ? 0 : 1, lang);
    case '1/s':
      return number(value, size >= 100 ? 0 : 1, lang);
    case 'ms':
      return number(value, size >= 100 ? 0 : 1, lang);
    case '%':
      return number(value, size < 10 && size > 0 ? 2 : 1, lang);
    case 'score':
      return number(value, 2, lang);
    default:
      return number(value, Number.isInteger(value) ? 0 : 2, lang);
  }
}

/** Value and unit, as `5,210명` or `5,210 users`. */
export function measured(value: number, unit: Unit | undefined, lang: Lang, words: Words): string {
  const name = unit ? words.units[unit] : '';
  const gap = name && !(lang === 'ko' && name !== 'ms') && !name.startsWith('/') && name !== '%' ? ' ' : '';
  return `${amount(value, unit, lang)}${gap}${name}`;
}

/** Whether the figure is an estimate, so that it is shown as "about". */
export function isEstimate(figure: Pick<Figure, 'error_pct_95'>): boolean {
  return (figure.error_pct_95 ?? 0) > 0;
}

/** `±1.6%`, or nothing for an exact figure. */
export function band(figure: Pick<Figure, 'error_pct_95'>, lang: Lang): string {
  return isEstimate(figure) ? `±${number(figure.error_pct_95 ?? 0, 1, lang)}%` : '';
}

/** Both ends of the 95 % band. */
export function ends(figure: Pick<Figure, 'value' | 'error_pct_95'>): [number, number] {
  const half = (Math.abs(figure.value) * (figure.error_pct_95 ?? 0)) / 100;
  return [figure.value - half, figure.value + half];
}

/** `12초`, `15분`, `3시간`, `2일`. */
export function age(seconds: number, words: Words): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 100) return words.seconds(s);
  if (s < 100 * 60) return words.minutes(Math.round(s / 60));
  if (s < 48 * 3600) return words.hours(Math.round(s / 3600));
  return words.days(Math.round(s / 86400));
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clock(lang: Lang, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = lang + zone + JSON.stringify(options);
  let format = clocks.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(lang === 'ko' ? 'ko-KR' : 'en-GB', { timeZone: zone, hourCycle: 'h23', ...options });
    clocks.set(key, format);
  }
  return format;
}

const HM: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
const HMS: Intl.DateTimeFormatOptions = { ...HM, second: '2-digit' };
const DAY: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric', weekday: 'short' };

export const timeOfDay = (at: string | number, lang: Lang, zone: string) => clock(lang, zone, HM).format(new Date(at));
export const clockTime = (at: string | number, lang: Lang, zone: string) => clock(lang, zone, HMS).format(new Date(at));
export const day = (at: string | number, lang: Lang, zone: string) => clock(lang, zone, DAY).format(new Date(at));

/** `11월 20일 (금) 13:30–14:30`; both days are named when they differ. */
export function interval(window: PlanWindow, lang: Lang, zone: string, words: Words): string {
  if ('kind' in window) return words.now;
  const days = [day(window.from, lang, zone), day(window.to, lang, zone)];
  const times = [timeOfDay(window.from, lang, zone), timeOfDay(window.to, lang, zone)];
  return days[0] === days[1]
    ? `${days[0]} ${times[0]}–${times[1]}`
    : `${days[0]} ${times[0]} – ${days[1]} ${times[1]}`;
}
