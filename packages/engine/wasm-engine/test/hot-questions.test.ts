import { type Assembler, al, assembler, dx, eax, ecx, esi } from '@vmm/x86-assembler'
import type { Surroundings } from '@vmm/x86-semantics'
import { expect, test } from 'vitest'
import type { Engine } from '../src/index.ts'
import { codeAt, ranFlat32 } from './flat32.ts'

const rounds = 5000
const port = 0x80

/** What a processor asks its surroundings, of which engines know the answers after the first. */
const questions: Readonly<Record<string, (a: Assembler) => Assembler>> = {
  CPUID: (a) => a.mov(eax, 0).mov(ecx, 0).cpuid(),
  RDTSC: (a) => a.rdtsc(),
  'OUT of a byte': (a) => a.mov(dx, port).out(dx, al),
  'IN of a byte': (a) => a.mov(dx, port).in(al, dx),
}

/** Answers that stay as they are, and a port that nobody hears. */
const steady = (engine: () => Engine): Partial<Surroundings> => ({
  cpuid: (leaf, subleaf) => {
    engine().known.cpuid.keep(leaf, subleaf, [1, 2, 3, 4])
    return [1, 2, 3, 4]
  },
  timeStamp: () => {
    engine().known.timeStamp.keep(0n, 1)
    return 0n
  },
  portOut: () => {
    engine().known.ports.keep(port)
    return true
  },
  portIn: () => {
    engine().known.ports.keepByte(port, 7, 1_000_000)
    return 7
  },
})

test.for(Object.keys(questions))('%s is part of regions', (name) => {
  const a = assembler({ origin: codeAt, codeSize: 32 }).mov(esi, rounds).label('round')
  const { bytes } = questions[name]!(a).dec(esi).jnz('round').hlt().finish()
  const engine = ranFlat32(bytes, { hot: { threshold: 100, batch: 1 }, slice: 1000, around: steady })
  const { hot, cold } = engine.machine.statistics().instructions
  expect(hot).toBeGreaterThan(4 * cold)
})
