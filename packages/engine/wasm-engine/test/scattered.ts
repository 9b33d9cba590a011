import { nobodyAround } from '@vmm/x86-semantics'
import type { GuestMachineOptions } from '../src/guest-machine.ts'
import { Engine } from '../src/index.ts'

const tablesAt = 0x1000
const dataBytes = 0x8000
export const hlt = 0xf4

/** An engine for 64- or 32-bit code in 256 KiB: the first 2 MiB are mapped to themselves. */
export function identityMapped(long: boolean, options: Pick<GuestMachineOptions, 'counts' | 'hot'>): Engine {
  const engine = new Engine({ slots: [{ address: 0, bytes: 0x4_0000 }], ports: nobodyAround, ...options })
  const tables = new BigUint64Array((3 * 4096) / 8)
  for (const level of [0, 1]) tables[level * 512] = BigInt(tablesAt + (level + 1) * 4096) | 7n
  tables[2 * 512] = 0x87n
  engine.writePhysical(tablesAt, new Uint8Array(tables.buffer))
  engine.set('CR0', long ? 0x8000_0033n : 0x33n)
  engine.set('CR3', BigInt(tablesAt))
  engine.set('CR4', 0x620n)
  engine.set('IA32_EFER', long ? 0xd00n : 0n)
  engine.set('PHYSICAL_MASK', (1n << 46n) - 1n)
  for (const name of ['CS', 'SS', 'DS', 'ES', 'FS', 'GS'] as const) {
    engine.set(`${name}.access`, name !== 'CS' ? 0xc093n : long ? 0xa09bn : 0xc09bn)
    engine.set(`${name}.limit`, 0xffff_ffffn)
    engine.set(`${name}.base`, name === 'FS' ? 0x100n : 0n)
  }
  engine.modeChanged()
  return engine
}

/** Numbers of 24 bits that follow from a seed. */
export const random = (seed: number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 0x41c6_4e6d) + 12345) >>> 0
    return state >>> 8
  }
}

/** Data, registers and flags that follow from a seed, for code at `code` that is about to run. */
export function scatter(
  engine: Engine,
  { code, data }: { readonly code: number; readonly data: number },
  seed: number,
) {
  const next = random(seed)
  engine.writePhysical(data, Uint8Array.from({ length: dataBytes }, next))
  // some point to data, some are small, some are alike
  for (let index = 0; index < 16; index += 1)
    engine.setGpr(index, BigInt([data + (next() & 0xff8), next() & 3, 0xffff_fff0, next()][next() & 3]!))
  engine.setGpr(4, BigInt(data + 0x4000))
  engine.setRflags(BigInt(2 | (next() & 0x8d5)))
  engine.set('RIP', BigInt(code))
  engine.modeChanged()
}

/** What a program has left: where it is, its registers and its data. */
export const leftBy = (engine: Engine, data: number) => ({
  rip: engine.get('RIP'),
  flags: engine.rflags(),
  registers: Array.from({ length: 16 }, (_, index) => engine.gpr(index)),
  data: sumOf(engine.physical(data)!.subarray(0, dataBytes)),
})

export const sumOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 0)
