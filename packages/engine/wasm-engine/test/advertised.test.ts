import { buildTable, type Feature, features, featuresOf, has } from '@vmm/cpuid'
import { type OpcodeRow, parseOpcode, placeOf, rows } from '@vmm/x86-opcodes'
import { instructions, nobodyAround } from '@vmm/x86-semantics'
import { describe, expect, test } from 'vitest'
import { Engine } from '../src/index.ts'
import { instructionsOf, sampleOf, withoutInstructions } from './feature-instructions.rows.ts'

const built = buildTable({ model: 'max' })
if (built.kind !== 'table') throw new Error(built.says)
const table = built.entries
/** Those that the guest switches on are there once it has. */
const switchedOn: Partial<Record<Feature, Feature>> = { OSXSAVE: 'XSAVE', OSPKE: 'PKU' }
/** What rows need and no table of ours has a bit for: AVX10.2 is a version in leaf 24H, the others came after Linux 6.12. */
const withoutBit: ReadonlySet<string> = new Set([
  'AVX10_2',
  'AVX512_BMM',
  'ACEV1',
  'RMPREAD',
  'SM2',
  'CCS',
  'PHE2',
  'RNG2',
  'XMODX',
])
const isAdvertised = (feature: Feature): boolean =>
  !withoutBit.has(feature) && has(table, switchedOn[feature] ?? feature)

const place = { tables: 0x1000, code: 0x1_0000, data: 0x2_0000, bytes: 0x4_0000 } as const
const [undefinedOpcode, generalProtectionFault, pageFault] = [6, 13, 14]

/** The first 2 MiB are mapped to themselves. */
function machine(): Engine {
  const ports = { ...nobodyAround, vmx: () => ({ kind: 'succeeded', value: 0n }) as const }
  const engine = new Engine({ slots: [{ address: 0, bytes: place.bytes }], ports })
  const tables = new BigUint64Array((3 * 4096) / 8)
  for (const level of [0, 1]) tables[level * 512] = BigInt(place.tables + (level + 1) * 4096) | 7n
  tables[2 * 512] = 0x87n
  engine.writePhysical(place.tables, new Uint8Array(tables.buffer))
  return engine
}

/** 64-bit code at CPL 0 with everything switched on that lets instructions be; RCX is zero, the rest point to zeros. */
function enter(engine: Engine): void {
  engine.set('CPL', 0n)
  engine.set('CR0', 0x8001_0033n)
  engine.set('CR3', BigInt(place.tables))
  // PAE, OSFXSR, OSXMMEXCPT, VMXE, FSGSBASE, OSXSAVE, PKE, CET
  engine.set('CR4', 0xc5_2620n)
  // shadow stacks may be written to; there is none
  engine.set('IA32_S_CET', 3n)
  // non-root operation that nothing leaves: VMFUNC is there alone
  engine.set('VMX', 2n)
  // the state of AVX can be switched on where there is AVX
  engine.set('XCR0', isAdvertised('AVX') ? 0x207n : 0x203n)
  engine.set('IA32_EFER', 0xd01n)
  engine.set('PHYSICAL_MASK', (1n << 46n) - 1n)
  engine.set('CS.selector', 0x8n)
  engine.set('CS.access', 0xa09bn)
  for (const name of ['SS', 'DS', 'ES', 'FS', 'GS'] as const) {
    engine.set(`${name}.access`, 0xc093n)
    engine.set(`${name}.limit`, 0xffff_ffffn)
    engine.set(`${name}.base`, 0n)
  }
  engine.set('RIP', BigInt(place.code))
  engine.setRflags(2n)
  for (let index = 0; index < 16; index += 1) engine.setGpr(index, index === 1 ? 0n : BigInt(place.data))
  engine.set('FSW', 0n)
  engine.set('FTW', 0n)
  engine.set('FCW', 0x37fn)
  engine.set('MXCSR', 0x1f80n)
  engine.modeChanged()
}

/** The vector of what an instruction's execution ends in; undefined: it ends well. */
function faultOf(engine: Engine, bytes: Uint8Array): number | undefined {
  engine.writePhysical(place.data, new Uint8Array(4096))
  engine.writePhysical(place.code, new Uint8Array(16))
  engine.writePhysical(place.code, bytes)
  enter(engine)
  const stop = engine.run(1)
  return stop.kind === 'fault' ? stop.vector : undefined
}

const prefixes = { any: [], NP: [], NFx: [], '66': [0x66], F2: [0xf2], F3: [0xf3] } as const
const vexPrefix = { any: 0, NP: 0, NFx: 0, '66': 1, F3: 2, F2: 3 } as const
const escapes = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]] as const

/** A row as bytes: with a register where one may be, else with memory at RAX. */
function bytesOf(row: OpcodeRow): Uint8Array {
  const { space, mandatory, map, byte, w, l, modrm } = parseOpcode(row.opcode)
  const places = row.operands.map(placeOf)
  const rm = places.find((place) => place.place === 'rm')
  const mod = rm?.place === 'rm' && rm.size === undefined ? 0 : 0xc0
  const indexed = rm?.place === 'rm' && rm.index !== undefined
  const modrmByte = {
    none: [],
    // registers of a gather differ: 1, the index 2, and 3
    any: indexed ? [0x0c, 0x10] : [mod],
    digit: [mod | ('value' in modrm ? modrm.value << 3 : 0)],
    register: ['value' in modrm ? modrm.value : 0],
    exact: ['value' in modrm ? modrm.value : 0],
  }[modrm.kind]
  const vvvv = indexed ? 0x60 : places.some(({ place }) => place === 'vvvv') ? 0 : 0x78
  const last = ((w ?? 0) << 7) | vvvv | vexPrefix[mandatory]
  const start = {
    legacy: [...prefixes[mandatory], ...(w === 1 ? [0x48] : []), ...(escapes[map] ?? [])],
    '3DNow!': [0x0f, 0x0f, ...modrmByte],
    REX2: [0xd5, ((w ?? 0) << 3) | (map << 7)],
    VEX: [0xc4, 0xe0 | map, last | ((l ?? 0) << 2)],
    XOP: [0x8f, 0xe0 | map, last | ((l ?? 0) << 2)],
    EVEX: [0x62, 0xf0 | map, last | 4, ((l ?? 0) << 5) | 8 | (row.attributes.includes('maskNeeded') ? 1 : 0)],
  }[space]
  return Uint8Array.of(...start, byte, ...(space === '3DNow!' ? [] : modrmByte))
}

const say = (row: OpcodeRow): string => `${row.mnemonic} (${row.opcode})`
const bytesIn = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

describe('what CPUID advertises', () => {
  const advertised = [...featuresOf(table, features), ...(Object.keys(switchedOn) as Feature[])]

  test('is a feature that brings instructions, or one that brings none', () => {
    expect(advertised.filter((name) => name in instructionsOf === withoutInstructions.has(name))).toEqual([])
  })

  test.for(advertised.filter((name) => name in instructionsOf))('%s brings all its instructions', (feature) => {
    const brought = new Set(rows.filter(({ needs }) => needs === feature).map(({ mnemonic }): string => mnemonic))
    expect(instructionsOf[feature]!.filter((mnemonic) => !brought.has(mnemonic))).toEqual([])
    expect(instructionsOf[feature]!.filter((mnemonic) => !instructions.has(mnemonic))).toEqual([])
  })
})

describe('the engine', () => {
  const engine = machine()
  const sixtyFour = rows.filter(({ needs, attributes }) => needs !== undefined && !attributes.includes('not64'))
  const ofVectors = ({ operands }: OpcodeRow) =>
    operands.map(placeOf).some((place) => 'file' in place && place.file === 'xmm')
  /** What the row's prefix asks for beside the row's own feature. */
  const prefixNeeds = (row: OpcodeRow): readonly Feature[] => {
    if (row.opcode.startsWith('EVEX')) return ['AVX512F']
    return row.opcode.startsWith('VEX') && ofVectors(row) ? ['AVX'] : []
  }
  const needsOf = ({ needs }: OpcodeRow) => needs!.split(' ') as Feature[]
  const isThere = (row: OpcodeRow) => [...needsOf(row), ...prefixNeeds(row)].every(isAdvertised)

  test('knows of every row that it needs features which CPUID has, but those that are named', () => {
    const known = new Set<string>([...features, ...withoutBit])
    const unknown = rows.filter(
      (row) => row.needs !== undefined && !needsOf(row).every((feature) => known.has(feature)),
    )
    expect(unknown.map(say)).toEqual([])
  })

  test('executes every row whose feature is advertised', () => {
    const executed = sixtyFour.filter(isThere)
    expect(executed.length).toBeGreaterThan(500)
    // some find nothing to their liking in zeros, but none is refused as an opcode, or misses its memory
    const ends = executed.map((row) => ({ row: say(row), fault: faultOf(engine, bytesOf(row)) }))
    const executes = [undefined, generalProtectionFault]
    const reachesShadow = (row: OpcodeRow) =>
      row.needs === 'CET_SS' || row.mnemonic === 'CALL' || row.mnemonic === 'RET'
    const missing = executed.filter((row, index) => {
      const { fault } = ends[index]!
      return !executes.includes(fault) && !(fault === pageFault && reachesShadow(row))
    })
    expect(missing.map(say)).toEqual([])
  })

  test('makes #UD of every row whose feature is not', () => {
    const missing = sixtyFour.filter((row) => !isThere(row) && !row.attributes.includes('hint'))
    expect(missing.length).toBeGreaterThan(1000)
    expect(missing.filter((row) => faultOf(engine, bytesOf(row)) !== undefinedOpcode).map(say)).toEqual([])
  })

  test('does nothing at a hint whose feature is not', () => {
    const hints = sixtyFour.filter((row) => !isThere(row) && row.attributes.includes('hint'))
    expect(hints.length).toBeGreaterThan(5)
    expect(hints.filter((row) => faultOf(engine, bytesOf(row)) !== undefined).map(say)).toEqual([])
  })

  test('makes #UD of EVEX and XOP, whatever of theirs is described', () => {
    const vectors = rows.filter(({ opcode }) => opcode.startsWith('EVEX') || opcode.startsWith('XOP'))
    expect(vectors.length).toBeGreaterThan(700)
    expect(vectors.filter((row) => faultOf(engine, bytesOf(row)) !== undefinedOpcode).map(say)).toEqual([])
  })

  const samples = (Object.keys(sampleOf) as Feature[]).flatMap((feature) =>
    sampleOf[feature]!.map(([text, hex]) => ({ feature, text, hex })),
  )

  test.for(samples)('makes #UD of $text exactly as long as $feature is not advertised', ({ feature, hex }) => {
    expect(faultOf(engine, bytesIn(hex)) === undefinedOpcode).toBe(!isAdvertised(feature))
  })
})
