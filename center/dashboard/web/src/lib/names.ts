// What a site is called: as the center says, else as the map says, else its id.

import { live } from './live.svelte';
import { REGIONS } from './regions';
import type { Lang } from './ui.svelte';

export function placeName(site: string, lang: Lang): string {
  const told = live.overview?.sites.find((s) => s.site === site)?.name;
  return (told ?? REGIONS.find((region) => region.site === site))?.[lang] ?? site;
}
