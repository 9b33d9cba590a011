import { kernelSource, probe, type Source, spec } from '@vmm/source'
import type { Series } from './kernel-version.ts'

/** A release series: its newest release that this list knows, and where that number was seen. */
export interface ReleaseRow {
  readonly series: Series
  /** The last number of the newest release: 192 for 6.1.192. */
  readonly newest: number
  readonly source: Source
}

const archive = spec('kernel.org release archive', 'ChangeLog of the last release')
const debian = (release: string): Source => kernelSource('Makefile', 'SUBLEVEL', release)

/** Every series from the oldest that lifetimes speak of, in order. A new stable release is a new number here. */
export const releases: readonly ReleaseRow[] = [
  { series: '4.13', newest: 16, source: archive },
  { series: '4.14', newest: 336, source: archive },
  { series: '4.15', newest: 18, source: archive },
  { series: '4.16', newest: 18, source: archive },
  { series: '4.17', newest: 19, source: archive },
  { series: '4.18', newest: 20, source: archive },
  { series: '4.19', newest: 325, source: archive },
  { series: '4.20', newest: 17, source: archive },
  { series: '5.0', newest: 21, source: archive },
  { series: '5.1', newest: 21, source: archive },
  { series: '5.2', newest: 21, source: archive },
  { series: '5.3', newest: 18, source: archive },
  { series: '5.4', newest: 302, source: archive },
  { series: '5.5', newest: 19, source: archive },
  { series: '5.6', newest: 19, source: archive },
  { series: '5.7', newest: 19, source: archive },
  { series: '5.8', newest: 18, source: archive },
  { series: '5.9', newest: 16, source: archive },
  { series: '5.10', newest: 247, source: archive },
  { series: '5.11', newest: 22, source: archive },
  { series: '5.12', newest: 19, source: archive },
  { series: '5.13', newest: 19, source: archive },
  { series: '5.14', newest: 21, source: archive },
  { series: '5.15', newest: 197, source: archive },
  { series: '5.16', newest: 20, source: archive },
  { series: '5.17', newest: 15, source: archive },
  { series: '5.18', newest: 19, source: archive },
  { series: '5.19', newest: 17, source: archive },
  { series: '6.0', newest: 19, source: archive },
  { series: '6.1', newest: 192, source: debian('6.1.192') },
  { series: '6.2', newest: 16, source: archive },
  { series: '6.3', newest: 13, source: archive },
  { series: '6.4', newest: 16, source: archive },
  { series: '6.5', newest: 13, source: archive },
  { series: '6.6', newest: 119, source: archive },
  { series: '6.7', newest: 12, source: archive },
  { series: '6.8', newest: 12, source: archive },
  { series: '6.9', newest: 12, source: archive },
  { series: '6.10', newest: 14, source: archive },
  { series: '6.11', newest: 11, source: archive },
  { series: '6.12', newest: 117, source: debian('6.12.117') },
  { series: '6.13', newest: 12, source: archive },
  { series: '6.14', newest: 11, source: archive },
  { series: '6.15', newest: 11, source: archive },
  { series: '6.16', newest: 12, source: archive },
  { series: '6.17', newest: 13, source: archive },
  { series: '6.18', newest: 44, source: probe('uname', 'Linux 6.18.44') },
  { series: '6.19', newest: 0, source: archive },
  { series: '7.0', newest: 0, source: archive },
]
