import type { StateField } from '@vmm/x86-registers'
import { at, selector } from './layout.ts'

export type ModeName = 'real' | 'protected' | 'long'

/** Descriptors by index, as eight bytes. Source: SDM 3A §3.4.5, §7.2.3. */
const descriptors: readonly bigint[] = [
  0n,
  0x00af_9b00_0000_ffffn,
  0x00cf_9300_0000_ffffn,
  0x00cf_9b00_0000_ffffn,
  0x0000_9b00_0000_ffffn,
  0x00cf_f300_0000_ffffn,
  0x00af_fb00_0000_ffffn,
  0x00cf_fb00_0000_ffffn,
  0x0000_8b00_3000_0067n,
  0n,
  0x0000_9300_0000_ffffn,
]

const [present, writable, user] = [1, 2, 4]
const gateRights = { protected: 0xee, long: 0xee } as const

/** Tables, and stubs behind vectors that nobody handles. `handler` gives the address of a vector's code. */
export function furnish(memory: Uint8Array, mode: ModeName, handler: (vector: number) => number): void {
  const view = new DataView(memory.buffer, memory.byteOffset)
  memory.fill(0xf4, at.halt, at.halt + 0x100)
  if (mode === 'real') {
    for (let vector = 0; vector < 256; vector += 1) {
      const address = handler(vector)
      const base = address >= at.code ? at.code : at.halt
      view.setUint16(vector * 4, address - base, true)
      view.setUint16(vector * 4 + 2, base >>> 4, true)
    }
    return
  }
  for (const [index, value] of descriptors.entries()) view.setBigUint64(at.gdt + index * 8, value, true)
  for (let vector = 0; vector < 256; vector += 1) writeGate(view, mode, vector, handler(vector))
  if (mode === 'long') {
    view.setBigUint64(at.tss + 4, BigInt(at.innerStack), true)
    for (const tree of [at.tables, at.otherTables]) writeTree(view, tree)
  } else {
    view.setUint32(at.tss + 4, at.innerStack, true)
    view.setUint16(at.tss + 8, selector.data, true)
  }
}

/** An interrupt gate that programs may use. Source: SDM 3A §6.11, §6.14.1. */
function writeGate(view: DataView, mode: 'protected' | 'long', vector: number, address: number): void {
  const long = mode === 'long'
  const gate = at.idt + vector * (long ? 16 : 8)
  view.setUint16(gate, address & 0xffff, true)
  view.setUint16(gate + 2, long ? selector.code64 : selector.code32, true)
  view.setUint16(gate + 4, gateRights[mode] << 8, true)
  view.setUint16(gate + 6, address >>> 16, true)
}

/** Two MiB of pages that are what they are, memory again at `alias`, and devices. Everything is the program's. */
function writeTree(view: DataView, tree: number): void {
  const all = present | writable | user
  for (let level = 0; level < 3; level += 1)
    view.setBigUint64(tree + level * 0x1000, BigInt((tree + (level + 1) * 0x1000) | all), true)
  const table = tree + 0x3000
  for (let page = 0; page < at.end; page += 0x1000) {
    view.setBigUint64(table + (page >>> 9), BigInt(page | all), true)
    view.setBigUint64(table + ((at.alias + page) >>> 9), BigInt(page | all), true)
  }
  for (const page of [at.device, at.codeDevice]) view.setBigUint64(table + (page >>> 9), BigInt(page | all), true)
}

/** Where the entry of a page is, in either tree. */
export const entryOf = (linear: number, tree: number = at.tables): number => tree + 0x3000 + (linear >>> 12) * 8

type Fields = Partial<Record<StateField, bigint>>

const segment = (
  name: 'CS' | 'SS' | 'DS' | 'ES' | 'FS' | 'GS',
  value: number,
  access: number,
  limit: number,
): Fields => ({
  [`${name}.selector`]: BigInt(value),
  [`${name}.base`]: 0n,
  [`${name}.limit`]: BigInt(limit),
  [`${name}.access`]: BigInt(access),
})

const segments = (code: readonly [number, number], data: readonly [number, number], limit: number): Fields =>
  Object.assign(
    segment('CS', ...code, limit),
    ...(['SS', 'DS', 'ES', 'FS', 'GS'] as const).map((name) => segment(name, ...data, limit)),
  )

const tables: Fields = {
  'GDTR.base': BigInt(at.gdt),
  'GDTR.limit': BigInt(descriptors.length * 8 - 1),
  'IDTR.base': BigInt(at.idt),
  'IDTR.limit': 0xfffn,
  'TR.selector': BigInt(selector.tss),
  'TR.base': BigInt(at.tss),
  'TR.limit': 0x67n,
  'TR.access': 0x8bn,
}

/** The registers that each mode begins with: CPL 0, SSE on, interrupts off. */
export const beginnings: Readonly<Record<ModeName, Fields>> = {
  real: { CR0: 0x10n, CR4: 0x600n, 'IDTR.limit': 0x3ffn, ...segments([0, 0x9b], [0, 0x93], 0xffff) },
  protected: {
    CR0: 0x11n,
    CR4: 0x600n,
    ...segments([selector.code32, 0xc09b], [selector.data, 0xc093], 0xffff_ffff),
    ...tables,
  },
  long: {
    CR0: 0x8001_0011n,
    CR3: BigInt(at.tables),
    CR4: 0x620n,
    IA32_EFER: 0xd01n,
    ...segments([selector.code64, 0xa09b], [selector.data, 0xc093], 0xffff_ffff),
    ...tables,
    IA32_STAR: (BigInt(selector.code64) << 32n) | (0x23n << 48n),
  },
}
