import { type Refused, refused } from './resolve-features.ts'

/** MSRs that were read: values by number. */
export interface ReadMsrs {
  readonly kind: 'msrs'
  readonly msrs: ReadonlyMap<number, bigint>
}

const msrLine = /^\s*MSR\s+(?:0x)?([0-9a-f]{1,8}):\s*(?:0x)?([0-9a-f]{1,16})\s*$/i

/** The MSRs that a dump tells of; none where it tells of none. */
export function readMsrs(dump: string | Uint8Array): ReadMsrs | Refused {
  if (typeof dump !== 'string') return { kind: 'msrs', msrs: new Map() }
  const text = dump.trim()
  return text.startsWith('{') ? readJsonMsrs(text) : { kind: 'msrs', msrs: readLines(text) }
}

function readLines(text: string): ReadonlyMap<number, bigint> {
  const found = text.split(/\r?\n/).flatMap((line): [number, bigint][] => {
    const [, index, value] = msrLine.exec(line) ?? []
    return index === undefined || value === undefined ? [] : [[Number.parseInt(index, 16), BigInt(`0x${value}`)]]
  })
  return new Map(found)
}

/** Takes `"msrs": { "0x10a": "0x2b" }`; the text is known to be JSON. */
function readJsonMsrs(text: string): ReadMsrs | Refused {
  const { msrs = {} } = JSON.parse(text) as { readonly msrs?: unknown }
  if (typeof msrs !== 'object' || msrs === null) return refused('msrs of this JSON is no object')
  const read = new Map<number, bigint>()
  for (const [index, value] of Object.entries(msrs)) {
    const digits = typeof value === 'string' && /^(?:0x[0-9a-f]{1,16}|\d{1,20})$/i.test(value)
    if (!digits || !/^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.test(index))
      return refused(`MSR ${index} of this JSON has no value`)
    read.set(Number(index), BigInt.asUintN(64, BigInt(value)))
  }
  return { kind: 'msrs', msrs: read }
}
