import { buildTable } from '@vmm/cpuid'
import { nobody, Vcpu, type VcpuOptions } from '@vmm/vcpu'
import { Engine, GuestMachine } from '@vmm/wasm-engine'
import { type Assembler, al, assembler, ax, cx, di, mem8, sp } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { OracleEngine } from './index.ts'

const table = buildTable({ model: 'max' })
const cpuid = table.kind === 'table' ? table.entries : []
const slots = [{ address: 0, bytes: 0x1_0000 }] as const

const kinds = {
  oracle: (ports: Parameters<VcpuOptions['createEngine']>[0]) =>
    new OracleEngine({ machine: new GuestMachine({ slots }), ports }),
  compiled: (ports: Parameters<VcpuOptions['createEngine']>[0]) => new Engine({ slots, ports }),
} as const

/** A vCPU about to run code in real mode at 1000H, and its engine. */
function guest(kind: keyof typeof kinds, write: (a: Assembler) => unknown, options: Partial<VcpuOptions> = {}) {
  let engine!: Engine | OracleEngine
  const createEngine: VcpuOptions['createEngine'] = (ports) => {
    engine = kinds[kind](ports)
    return engine
  }
  const vcpu = new Vcpu({ cpuid, createEngine, ...options })
  const a = assembler({ origin: 0x1000, codeSize: 16 })
  write(a)
  engine.writePhysical(0x1000, a.finish().bytes)
  const sregs = vcpu.state.getSregs()
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n, rsp: 0x8000n })
  return { vcpu, engine }
}

const adds = (a: Assembler) => a.mov(cx, 50).label('on').add(ax, cx).push(ax).loop('on').hlt()

describe.for(['oracle', 'compiled'] as const)('run by the %s engine', (kind) => {
  test('a budget is kept to the instruction', () => {
    const { vcpu, engine } = guest(kind, adds)
    expect([vcpu.run({ budget: 7 }).kind, engine.retired(), vcpu.state.getRegs().rax]).toEqual(['intr', 7, 99n])
  })

  test('an interrupt is taken where the architecture lets it', () => {
    let waits = true
    const acknowledge = () => {
      waits = false
      return 0x21
    }
    const machine = { ...nobody(() => 0), interruptPending: () => waits, acknowledge }
    const { vcpu, engine } = guest(kind, (a) => a.sti().nop().nop().hlt(), { machine })
    engine.writePhysical(0x21 * 4, Uint8Array.of(0x00, 0x20, 0, 0))
    engine.writePhysical(0x2000, Uint8Array.of(0xf4))
    expect(vcpu.run({ budget: 100 })).toEqual({ kind: 'hlt' })
    expect([engine.retired(), vcpu.state.getRegs().rsp]).toEqual([3, 0x7ffan])
    expect([...engine.physical(0x7ffa)!.subarray(0, 2)]).toEqual([2, 0x10])
  })

  test('a debugger sees the stores that it asked for', () => {
    const { vcpu } = guest(kind, (a) => a.mov(di, 0x3000).nop().mov(mem8(di), 5).nop().hlt())
    const debugreg = [0x3000n, 0n, 0n, 0n, 0n, 0n, 0n, 0x10402n]
    vcpu.setGuestDebug({ control: 0x2_0001, arch: { debugreg } })
    expect(vcpu.run({ budget: 100 })).toMatchObject({ kind: 'debug', exception: 1 })
    expect(vcpu.state.getRegs().rip).toBe(0x1007n)
  })
})

test('either engine goes on from what the other one saved, and both come to the same', () => {
  const ends = (['oracle', 'compiled'] as const).map((first) => {
    const [begun, other] = [guest(first, adds), guest(first === 'oracle' ? 'compiled' : 'oracle', (a) => a.hlt())]
    begun.vcpu.run({ budget: 30 })
    const [vcpu, engine] = [begun.vcpu.save(), begun.engine.save()]
    other.vcpu.restore(vcpu)
    other.engine.restore(engine)
    expect(other.vcpu.run({ budget: 1000 })).toEqual({ kind: 'hlt' })
    const { rax, rsp } = other.vcpu.state.getRegs()
    return [other.engine.retired(), rax, rsp, [...other.engine.physical(0x7f90)!.subarray(0, 0x70)]]
  })
  expect(ends[0]).toEqual(ends[1])
  expect(ends[0]?.slice(0, 3)).toEqual([152, 1275n, 0x7f9cn])
})

test('a fault that its delivery meets is told', () => {
  const { vcpu } = guest('oracle', (a) => a.mov(sp, 1).int(0x21).in(al, 0x10))
  expect(vcpu.run({ budget: 100 })).toMatchObject({ kind: 'shutdown' })
})
