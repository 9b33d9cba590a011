import { describe, expect, test } from 'vitest'
import { differences, travel } from './cross-check.ts'
import { at } from './layout.ts'
import { EngineSubject, OracleSubject, type Subject } from './subjects.ts'
import { bench, lastTable, type Piece } from './workbench.ts'

/* What the engine remembers of a page must go when the guest says so. The oracle remembers nothing. */

const page = 0x1000
/** The page that changes, and where its entry is. Another page has other bytes. */
const [X, other] = [at.end - 2 * page, at.end - 3 * page] as const
const entry = lastTable + (X / page) * 8
const descriptor = at.data
const cr3 = BigInt(at.tables)
const [present, writable, user] = [1n, 2n, 4n] as const
const all = BigInt(X) | present | writable | user
const noExecute = 1n << 63n

const gprs = {
  /** CR3 */ 0: cr3,
  /** the page */ 1: BigInt(X),
  /** where a visit comes back to */ 3: 0n,
  /** type of INVPCID */ 6: 0n,
  /** its descriptor */ 7: BigInt(descriptor),
}

/** Instructions that make the processor forget. RDX holds the new CR0 or CR4. */
const flushes = {
  INVLPG: { code: [0x0f, 0x01, 0x39] },
  'MOV to CR3': { code: [0x0f, 0x22, 0xd8] },
  'MOV to CR4 with another PGE': { code: [0x0f, 0x22, 0xe2], rdx: 0x6a0n },
  'INVPCID of an address': { code: [0x66, 0x0f, 0x38, 0x82, 0x37], type: 0n },
  'INVPCID of a context': { code: [0x66, 0x0f, 0x38, 0x82, 0x37], type: 1n },
  'INVPCID of everything': { code: [0x66, 0x0f, 0x38, 0x82, 0x37], type: 2n },
  'INVPCID of all but global pages': { code: [0x66, 0x0f, 0x38, 0x82, 0x37], type: 3n },
} as const satisfies Record<string, { code: readonly number[]; rdx?: bigint; type?: bigint }>

/** Ways to be at the page, and how many instructions they take. */
const accesses = {
  load: { code: [0x44, 0x8a, 0x01], count: 1 },
  store: { code: [0x44, 0x88, 0x01], count: 1 },
  'load and store': { code: [0xfe, 0x01], count: 1 },
  fetch: { code: [0xff, 0xd1], count: 2 },
} as const

/** What becomes of its entry. */
const changes = {
  'no page': all & ~present,
  'read-only': all & ~writable,
  'not executable': all | noExecute,
  'another frame': (all & 0xfffn) | BigInt(other),
} as const

const little = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer)

interface Flush {
  readonly code: readonly number[]
  readonly rdx?: bigint
  readonly type?: bigint
  /** Instructions, if there is more than one. */
  readonly count?: number
}

interface Case {
  readonly access: (typeof accesses)[keyof typeof accesses]
  readonly flush: Flush
  readonly before?: bigint
  readonly after?: bigint
  readonly fields?: Piece['fields']
  readonly rflags?: bigint
}

const toCr0 = (rdx: bigint) => ({ flush: { code: [0x0f, 0x22, 0xc2], rdx } })
const toCr4 = (rdx: bigint) => ({ flush: { code: [0x0f, 0x22, 0xe2], rdx } })

/** Is at the page, changes its entry, forgets, and is there again. */
function visitTwice(
  subject: Subject,
  { access, flush, before = all, after, fields = {}, rflags = 2n }: Case,
): ReturnType<typeof travel> {
  subject.load(
    bench({
      mode: 'long',
      code: [...access.code, ...flush.code, ...access.code],
      fields,
      rflags,
      gprs: { ...gprs, 2: flush.rdx ?? 0n, 4: BigInt(at.data + 0x800), 6: flush.type ?? 0n },
      memory: [
        [X, [0xc3]],
        [other, [0x90, 0xc3]],
        [descriptor, [0, 0, 0, 0, 0, 0, 0, 0, ...little(BigInt(X))]],
        [entry, [...little(before)]],
      ],
    }),
  )
  travel(subject, access.count)
  if (after !== undefined) subject.poke(entry, little(after))
  return travel(subject, access.count * 2 + (flush.count ?? 1))
}

const [oracle, engine] = [new OracleSubject(), new EngineSubject()]
const agree = (one: Case): string[] => differences(oracle, engine, [visitTwice(oracle, one), visitTwice(engine, one)])

describe('after a page has changed', () => {
  const names = <T extends object>(from: T) => Object.keys(from) as (keyof T & string)[]
  const rows = names(flushes).flatMap((flush) =>
    names(accesses).flatMap((access) => names(changes).map((change) => [flush, access, change] as const)),
  )
  test.for(rows)('%s lets a %s see it: %s', ([flush, access, change]) => {
    const one = { access: accesses[access], flush: flushes[flush], after: changes[change] }
    expect(agree(one)).toEqual([])
    expect(engine.get('RIP')).toBe(oracle.get('RIP'))
  })

  test('without such an instruction the engine may still know the old one', () => {
    const one = { access: accesses.load, flush: { code: [0x90] }, after: changes['no page'] }
    expect(agree(one)).not.toEqual([])
  })
})

/** Closed by a register, with the entry as it was. Sources: SDM 3A §4.6.1, §4.6.2. */
const closings: readonly (readonly [says: string, one: Case])[] = [
  [
    'MOV to CR0 with WP closes read-only pages to stores of the supervisor',
    { ...toCr0(0x8001_0011n), access: accesses.store, before: all & ~writable, fields: { CR0: 0x8000_0011n } },
  ],
  [
    'CLAC closes user pages to the supervisor',
    { flush: { code: [0x0f, 0x01, 0xca] }, access: accesses.load, fields: { CR4: 0x20_0620n }, rflags: 0x4_0002n },
  ],
  ['MOV to CR4 with SMAP closes user pages to the supervisor', { ...toCr4(0x20_0620n), access: accesses.load }],
  [
    'MOV to CR4 with SMEP closes user pages to fetches of the supervisor',
    { ...toCr4(0x10_0620n), access: accesses.fetch },
  ],
  [
    'WRPKRU closes pages of a key',
    {
      // mov r8, rcx; xor ecx, ecx; mov eax, 12; wrpkru; mov rcx, r8
      flush: { code: [0x49, 0x89, 0xc8, 0x31, 0xc9, 0xb8, 12, 0, 0, 0, 0x0f, 0x01, 0xef, 0x4c, 0x89, 0xc1], count: 5 },
      access: accesses.load,
      before: all | (1n << 59n),
      fields: { CR4: 0x40_0620n },
    },
  ],
]

test.for(closings)('%s', ([, one]) => {
  expect(agree(one)).toEqual([])
  expect(oracle.get('CR2')).toBe(BigInt(X))
})
