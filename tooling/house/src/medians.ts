import { type House, packagesOf } from './house.ts'

/** Lines of functions, files and packages: of words alone, without tests and rows. */
export interface Spread {
  readonly what: 'functions' | 'files' | 'packages'
  readonly count: number
  readonly median: number
  readonly longest: number
}

/** How long things are in the packages. */
export function spreads(house: House): readonly Spread[] {
  const files = packagesOf(house).map(({ sources }) =>
    sources.filter(({ role }) => role === 'words').map(({ file }) => file),
  )
  const functions = files.flat().flatMap((file) => file.functions.map(({ lines }) => lines))
  const lines = files.map((ofPackage) => ofPackage.map((file) => file.lines))
  return [
    spread('functions', functions),
    spread('files', lines.flat()),
    spread(
      'packages',
      lines.map((ofPackage) => ofPackage.reduce((sum, each) => sum + each, 0)),
    ),
  ]
}

function spread(what: Spread['what'], lengths: readonly number[]): Spread {
  const sorted = lengths.toSorted((a, b) => a - b)
  return { what, count: sorted.length, median: sorted[sorted.length >> 1] ?? 0, longest: sorted.at(-1) ?? 0 }
}
