import { releases } from './releases.rows.ts'

/** A release series of the kernel: `'6.1'`. In a lifetime it means the mainline release of that name, X.Y.0. */
export type Series = `${number}.${number}`
/** A full release: `'6.1.43'`; `'6.1.0'` is the mainline release. */
export type KernelVersion = `${number}.${number}.${number}`
/** A release as three numbers. */
export interface Release {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

/** What a text that should name a release turned out to be. */
export type ReadVersion =
  | { readonly kind: 'version'; readonly version: KernelVersion }
  | { readonly kind: 'bad-version'; readonly says: string }

const fullRelease = /^(\d{1,3})\.(\d{1,4})\.(\d{1,5})$/
const seriesOnly = /^(\d{1,3})\.(\d{1,4})$/

/**
 * Reads a release. A series (`'6.1'`) means the newest release of it that {@link releases} lists; a full release
 * need not be listed, but its series must be: nobody has read the others.
 */
export function readVersion(text: string): ReadVersion {
  const match = fullRelease.exec(text) ?? seriesOnly.exec(text)
  if (match === null) return bad(`"${text}" is not a kernel release: expected X.Y or X.Y.Z, such as 6.1 or 6.1.43`)
  const series = `${Number(match[1])}.${Number(match[2])}` as Series
  const row = releases.find((release) => release.series === series)
  if (row === undefined) return bad(`kernel ${series} is not known: expected one of ${knownSeries().join(' ')}`)
  const patch = match[3] === undefined ? row.newest : Number(match[3])
  return { kind: 'version', version: `${series}.${patch}` as KernelVersion }
}

/** The series that {@link releases} lists, oldest first. */
export function knownSeries(): readonly Series[] {
  return releases.map(({ series }) => series)
}

/** Lifetimes name few releases, and are asked often. */
const known = new Map<string, Release>()
const knownAtMost = 4096

/** The three numbers of a release; a series is its mainline release. */
export function numbers(version: KernelVersion | Series): Release {
  const found = known.get(version)
  if (found !== undefined) return found
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const read = { major, minor, patch }
  if (known.size < knownAtMost) known.set(version, read)
  return read
}

/** The series that a release belongs to. */
export function seriesOf(version: KernelVersion | Series): Series {
  const { major, minor } = numbers(version)
  return `${major}.${minor}`
}

/** Negative where `a` is numbered before `b`, 0 where they are one release. 6.9 comes before 6.10. */
export function compareVersions(a: KernelVersion | Series, b: KernelVersion | Series): number {
  const left = numbers(a)
  const right = numbers(b)
  return left.major - right.major || left.minor - right.minor || left.patch - right.patch
}

function bad(says: string): ReadVersion {
  return { kind: 'bad-version', says }
}
