import type { KvmSegment, KvmSregs } from '@vmm/kvm-uapi'
import { mpStates } from '@vmm/vcpu'
import { expect, test } from 'vitest'
import { alone } from './alone.ts'

const memoryBytes = 0x1_0000

/** A reproducible stream of 32-bit numbers. */
function stream(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x9e37_79b9) >>> 0
    return (state ^ (state >>> 13)) >>> 0
  }
}

/** Values that states are made of: mostly small, or at an edge. */
function maker(next: () => number) {
  const edges = [0n, 1n, 0xfffn, 0xffffn, 0xffff_ffffn, 1n << 47n, (1n << 64n) - 1n, 0xffff_8000_0000_0000n]
  const long = () => (next() % 3 === 0 ? edges[next() % edges.length]! : BigInt(next()) % BigInt(memoryBytes))
  const bits = (mask: bigint) => ((BigInt(next()) << 32n) | BigInt(next())) & mask
  const bit = () => next() & 1
  const segment = (): KvmSegment => ({
    base: next() % 2 === 0 ? 0n : long(),
    limit: next() % 2 === 0 ? 0xffff_ffff : next(),
    selector: next() & 0xffff,
    type: next() % 2 === 0 ? 11 : next() & 15,
    present: next() % 4 === 0 ? 0 : 1,
    dpl: next() & 3,
    db: bit(),
    s: bit(),
    l: bit(),
    g: bit(),
    avl: bit(),
    unusable: next() % 4 === 0 ? 1 : 0,
  })
  return { long, bits, bit, segment, next }
}

function sregsFrom(make: ReturnType<typeof maker>, before: KvmSregs): KvmSregs {
  const names = ['cs', 'ds', 'es', 'fs', 'gs', 'ss', 'tr', 'ldt'] as const
  const segments = Object.fromEntries(names.map((name) => [name, make.segment()])) as Pick<
    KvmSregs,
    (typeof names)[number]
  >
  const long = make.bit() === 1
  const table = () => ({ base: make.long(), limit: make.next() & 0xffff })
  return {
    ...before,
    ...segments,
    cs: { ...segments.cs, l: long ? make.bit() : 0 },
    gdt: table(),
    idt: table(),
    cr0: long ? 0x8000_0011n | make.bits(0x5_003en) : make.bits(0x8005_003fn) | 1n,
    cr2: make.long(),
    cr3: make.bits(0xf018n),
    cr4: (long ? 0x20n : 0n) | make.bits(0x37_0fffn),
    cr8: make.bits(0xfn),
    efer: long ? 0x500n | make.bits(0x801n) : make.bits(0x801n),
  }
}

test.each(Array.from({ length: 10 }, (_, seed) => seed))(
  'whatever state and memory it is given, a run comes back (seed %i)',
  (seed) => {
    const make = maker(stream(seed * 7919 + 1))
    const cpu = alone((a) => a.hlt())
    const { state } = cpu.vcpu
    let accepted = 0
    for (let round = 0; round < 40; round += 1) {
      cpu.engine.writePhysical(
        0,
        Uint8Array.from({ length: memoryBytes }, () => make.next() >>> 7),
      )
      if (state.setSregs(sregsFrom(make, state.getSregs())) === undefined) accepted += 1
      const names = Object.keys(state.getRegs())
      const values = Object.fromEntries(names.map((name) => [name, make.long()]))
      state.setRegs({ ...values, rflags: make.bits(0x3f_7fd7n) } as never)
      state.setDebugregs({
        db: [1, 2, 3, 4].map(make.long),
        dr6: make.bits(0xffff_ffffn),
        dr7: make.bits(0xffff_ffffn),
        flags: 0n,
      })
      state.setMpState({ mp_state: mpStates.runnable })
      for (let run = 0; run < 8; run += 1) {
        const before = cpu.engine.retired()
        cpu.vcpu.run({ budget: 50 })
        expect(cpu.engine.retired() - before).toBeLessThanOrEqual(2000)
      }
    }
    expect(accepted).toBeGreaterThan(0)
  },
)
