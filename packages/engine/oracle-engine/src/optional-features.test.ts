import { buildTable, type Feature } from '@vmm/cpuid'
import { Vcpu, type VcpuOptions } from '@vmm/vcpu'
import { Engine, GuestMachine } from '@vmm/wasm-engine'
import { assembler } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { OracleEngine } from './index.ts'

type Ports = Parameters<VcpuOptions['createEngine']>[0]
const slots = [{ address: 0, bytes: 0x1_0000 }] as const
const kinds = {
  oracle: (ports: Ports) => new OracleEngine({ machine: new GuestMachine({ slots }), ports }),
  hot: (ports: Ports) => new Engine({ slots, ports, hot: { threshold: 0 } }),
} as const
const code = 0x1000

/** A processor in real mode about to begin a transaction, behind which it halts, and to which it falls back elsewhere. */
function beginning(kind: keyof typeof kinds, plus: readonly Feature[]) {
  const table = buildTable({ model: 'max', features: { plus } })
  if (table.kind === 'refused') throw new Error(table.says)
  let engine!: Engine | OracleEngine
  const createEngine = (ports: Ports) => {
    engine = kinds[kind](ports)
    return engine
  }
  const vcpu = new Vcpu({ cpuid: table.entries, createEngine })
  const a = assembler({ origin: code, codeSize: 16 })
  engine.writePhysical(code, a.xbegin('fallback').hlt().nop().label('fallback').hlt().finish().bytes)
  const sregs = vcpu.state.getSregs()
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: BigInt(code), rax: 0x1234n })
  return vcpu
}

describe.for(Object.keys(kinds) as (keyof typeof kinds)[])('on the %s engine', (kind) => {
  test('a transaction aborts at once where the guest was given RTM_ALWAYS_ABORT', () => {
    const vcpu = beginning(kind, ['RTM_ALWAYS_ABORT'])
    expect(vcpu.run({ budget: 10 })).toEqual({ kind: 'hlt' })
    expect(vcpu.state.getRegs()).toMatchObject({ rip: BigInt(code) + 7n, rax: 0n })
  })

  test('there is no XBEGIN where nobody asked for it', () => {
    const vcpu = beginning(kind, [])
    vcpu.run({ budget: 1 })
    // the vector of #UD leads to the beginning of memory, where zeros are ADD
    expect(vcpu.state.getRegs()).toMatchObject({ rip: 2n, rax: 0x1234n })
  })
})
