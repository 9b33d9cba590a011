import { type Assembler, assembler, cr4, eax, ebx, ecx, edi, edx, esi } from '@vmm/x86-assembler'
import { nobodyAround } from '@vmm/x86-semantics'
import { describe, expect, test } from 'vitest'
import { Engine } from '../src/index.ts'
import { alone } from './alone.ts'

const codeAt = 0x1000
const OSXSAVE = 1 << 18
const rounds = 40

/** Runs code that ends with HLT, in flat protected mode; each CPUID that is asked for is kept. Gives what was asked, and answered without. */
function identified(write: (a: Assembler) => void, threshold: number) {
  const asked: number[] = []
  const engine = new Engine({
    slots: [{ address: 0, bytes: 0x1_0000 }],
    hot: { threshold },
    ports: {
      ...nobodyAround,
      writeMsr: () => undefined,
      cpuid: (leaf, subleaf) => {
        asked.push(leaf)
        const features = (engine.get('CR4') & BigInt(OSXSAVE)) === 0n ? 1 : 3
        const answer = [leaf + 1, subleaf + 2, features, asked.length] as const
        engine.known.cpuid.keep(leaf, subleaf, answer)
        return answer
      },
    },
  })
  const a = assembler({ origin: codeAt, codeSize: 32 })
  write(a)
  engine.writePhysical(codeAt, a.hlt().finish().bytes)
  engine.set('CR0', 1n)
  engine.set('CR4_ALLOWED', BigInt(OSXSAVE))
  for (const name of ['CS', 'SS', 'DS', 'ES'] as const) {
    engine.set(`${name}.limit`, 0xffff_ffffn)
    engine.set(`${name}.access`, name === 'CS' ? 0xc09bn : 0xc093n)
  }
  engine.set('RIP', BigInt(codeAt))
  engine.modeChanged()
  let stop = engine.run(10_000)
  while (stop.kind !== 'exit' && stop.kind !== 'fault') stop = engine.run(10_000)
  expect(stop).toEqual({ kind: 'exit', reason: 'hlt' })
  return { engine, asked, answered: engine.known.cpuid.takeAnswered() }
}

/** CPUID so many times, of one leaf and sub-leaf; registers are summed up in EDI. */
const again = (a: Assembler, leaf: number, subleaf: number) => {
  const label = a.unique('again')
  a.mov(esi, rounds).xor(edi, edi).label(label).mov(eax, leaf).mov(ecx, subleaf).cpuid()
  a.add(edi, eax).add(edi, ebx).add(edi, ecx).add(edi, edx).dec(esi).jne(label)
}

describe.for([0, 1_000_000])('with blocks compiled after %i entries', (threshold) => {
  test('CPUID is asked for once, and gives the same each time', () => {
    const { engine, asked, answered } = identified((a) => again(a, 7, 1), threshold)
    expect({ asked, answered, sum: engine.gpr(7) }).toEqual({
      asked: [7],
      answered: rounds - 1,
      sum: BigInt(rounds * (8 + 3 + 1 + 1)),
    })
  })

  test('leaves and sub-leaves are told apart', () => {
    const each = (a: Assembler) => {
      for (const [leaf, subleaf] of [
        [7, 0],
        [7, 1],
        [0x8000_0007, 0],
        [7, 0],
      ] as const)
        a.mov(eax, leaf).mov(ecx, subleaf).cpuid()
    }
    const { engine, asked } = identified(each, threshold)
    expect(asked).toEqual([7, 7, 0x8000_0007])
    expect([engine.gpr(0), engine.gpr(3)]).toEqual([8n, 2n])
  })

  test('once CR4 is another, and after an MSR is written, it is asked for anew', () => {
    const { engine, asked } = identified((a) => {
      again(a, 1, 0)
      a.mov(eax, OSXSAVE).mov(cr4, eax)
      again(a, 1, 0)
      a.mov(ecx, 0x1a0).xor(eax, eax).xor(edx, edx).wrmsr()
      again(a, 1, 0)
    }, threshold)
    expect(asked).toEqual([1, 1, 1])
    expect([engine.gpr(1), engine.gpr(2)]).toEqual([3n, 3n])
  })

  test('at another privilege level it is asked for anew', () => {
    const { engine, asked } = identified((a) => again(a, 1, 0), threshold)
    engine.set('RIP', BigInt(codeAt))
    engine.set('CPL', 3n)
    engine.modeChanged()
    let stop = engine.run(10_000)
    while (stop.kind === 'budget' || stop.kind === 'events') stop = engine.run(10_000)
    expect([stop.kind, asked]).toEqual(['fault', [1, 1]])
  })
})

describe('a vCPU', () => {
  test('counts each CPUID, whoever answers it', () => {
    const exits: string[] = []
    const onExit = (reason: string, count: number) => void exits.push(...Array.from({ length: count }, () => reason))
    const { vcpu, run } = alone(
      (a) => {
        again(a, 0, 0)
        a.hlt()
      },
      { onExit },
    )
    run()
    expect(vcpu.tally.others).toBe(rounds)
    expect(exits.filter((reason) => reason === 'CPUID')).toHaveLength(rounds)
  })

  test('tells who traces it of each', () => {
    const told: string[] = []
    const { run } = alone(
      (a) => {
        again(a, 0, 0)
        a.hlt()
      },
      { trace: ({ kind }) => void told.push(kind) },
    )
    run()
    expect(told.filter((kind) => kind === 'kvm_cpuid')).toHaveLength(rounds)
  })

  test('answers by another table at once', () => {
    const { vcpu, engine, run } = alone((a) => a.xor(eax, eax).cpuid().hlt().xor(eax, eax).cpuid().hlt())
    run()
    const before = engine.gpr(0)
    vcpu.setCpuid(vcpu.cpuid.map((entry) => (entry.function === 0 ? { ...entry, eax: entry.eax - 1 } : entry)))
    vcpu.state.setMpState({ mp_state: 0 })
    run()
    expect(engine.gpr(0)).toBe(before - 1n)
  })
})
