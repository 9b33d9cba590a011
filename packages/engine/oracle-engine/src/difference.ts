import { createDecoded, decode, format } from '@vmm/x86-decoder'

/** An instruction that was run, as the oracle read it. */
export interface Executed {
  /** Instructions retired before it. */
  readonly count: number
  readonly rip: bigint
  readonly bytes: Uint8Array
  readonly codeSize: 16 | 32 | 64
}

/** What two engines do not agree on. */
export interface Unequal {
  readonly what: string
  readonly engine: string
  readonly oracle: string
}

/** A slice that an engine ran otherwise than the oracle. */
export interface Difference {
  /** Instructions retired before the slice and behind it. */
  readonly from: number
  readonly to: number
  /** Instructions after which they first differ; undefined where they agreed when the slice was run again. */
  readonly first: number | undefined
  readonly unequal: readonly Unequal[]
  /** What came before, the last one last. */
  readonly executed: readonly Executed[]
}

const mostUnequal = 24
const mostExecuted = 16

/** A difference on one page. */
export function sayDifference({ from, to, first, unequal, executed }: Difference): string {
  const where =
    first === undefined
      ? `in instructions ${from} to ${to}; when they were run again there was no difference`
      : `behind instruction ${first}, of the slice from ${from} to ${to}`
  const width = Math.max(0, ...unequal.map(({ what }) => what.length))
  const rows = unequal
    .slice(0, mostUnequal)
    .map(({ what, engine, oracle }) => `  ${what.padEnd(width)}  engine ${engine}  oracle ${oracle}`)
  const more = unequal.length > mostUnequal ? [`  and ${unequal.length - mostUnequal} more`] : []
  const code = executed.slice(-mostExecuted).map(sayExecuted)
  return [
    `the engine and the oracle differ ${where}`,
    ...rows,
    ...more,
    'instructions before it, by the oracle:',
    ...code,
  ].join('\n')
}

function sayExecuted({ count, rip, bytes, codeSize }: Executed): string {
  const decoded = createDecoded()
  const isBad = decode(bytes, 0, bytes.length, codeSize, decoded) !== undefined
  const text = isBad ? '(bad)' : format(decoded, rip)
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `  ${count}  ${rip.toString(16).padStart(codeSize / 4, '0')}  ${hex.padEnd(20)}  ${text}`
}
