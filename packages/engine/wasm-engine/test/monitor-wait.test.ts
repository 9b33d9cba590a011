import { buildTable } from '@vmm/cpuid'
import { mpStates, type VcpuOptions } from '@vmm/vcpu'
import { type Assembler, al, ax, bx, cx, ecx, mem8 } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { alone, codeAt, interrupting } from './alone.ts'

const line = 0x2040
const halted = { kind: 'hlt' }
/** MONITOR of the line with its second byte, then MWAIT, then BX is 1. */
const waits = (between: (a: Assembler) => unknown = () => {}, extensions = 0) => {
  return (a: Assembler) => {
    a.mov(ax, line + 1)
      .xor(ecx, ecx)
      .monitor()
    void between(a)
    a.mov(cx, extensions).mwait().mov(bx, 1).hlt()
  }
}
type Cpu = ReturnType<typeof alone>
const wentOn = ({ vcpu }: Cpu): boolean => vcpu.state.getRegs().rbx === 1n
/** Runs until it waits, and tells that it does. */
function waiting(write: (a: Assembler) => void, options: Partial<VcpuOptions> = {}): Cpu {
  const cpu = alone(write, options)
  expect([cpu.run(), wentOn(cpu)]).toEqual([halted, false])
  // and does not go on by itself
  expect([cpu.run(), wentOn(cpu)]).toEqual([halted, false])
  return cpu
}

describe('MWAIT', () => {
  test('does not wait without a MONITOR before it', () => {
    const cpu = alone((a) => a.xor(ecx, ecx).mwait().mov(bx, 1).hlt())
    cpu.run()
    expect(wentOn(cpu)).toBe(true)
  })

  test('waits until a device stores to the line', () => {
    const cpu = waiting(waits())
    cpu.engine.writePhysical(line + 63, Uint8Array.of(0))
    cpu.run()
    expect(wentOn(cpu)).toBe(true)
  })

  test('waits until a look shows that another thread has stored to the line, or many have shown nothing', () => {
    const cpu = waiting(waits())
    const { machine } = cpu.engine
    machine.armed.look()
    expect([cpu.run(), wentOn(cpu)]).toEqual([halted, false])
    cpu.engine.physical(line)![63]! ^= 1
    expect([cpu.run(), wentOn(cpu)]).toEqual([halted, false])
    machine.armed.look()
    cpu.run()
    expect(wentOn(cpu)).toBe(true)

    const other = waiting(waits())
    let looks = 0
    for (; !wentOn(other) && looks < 1000; looks += 1) {
      other.engine.machine.armed.look()
      other.run()
    }
    expect(looks).toBeGreaterThan(32)
    expect(looks).toBeLessThan(128)
  })

  test('does not see stores before and behind the line', () => {
    const cpu = waiting(waits())
    cpu.engine.writePhysical(line - 1, Uint8Array.of(1))
    cpu.engine.writePhysical(line + 64, Uint8Array.of(1))
    expect([cpu.run(), wentOn(cpu)]).toEqual([halted, false])
  })

  test('does not wait if the program has stored to the line since, whatever it stored', () => {
    const cpu = alone((a) => {
      // the page has been stored to before, and is stored to with the same again
      a.mov(mem8(line + 8), al)
      waits((b) => b.mov(mem8(line + 8), al))(a)
    })
    cpu.run()
    expect(wentOn(cpu)).toBe(true)
  })

  test('waits although the program has stored beside the line', () => {
    waiting(waits((a) => a.mov(mem8(line - 1), al).mov(mem8(line + 64), al)))
  })

  test('wants a MONITOR of its own each time', () => {
    const cpu = waiting(waits())
    cpu.vcpu.injectNmi()
    cpu.run(1)
    expect(cpu.engine.get('MONITOR')).toBe((1n << 64n) - 1n)
  })

  test('is ended by an interrupt only where IF lets it through', () => {
    for (const enabled of [true, false]) {
      const it = interrupting()
      const cpu = waiting(enabled ? (a) => waits()(a.sti()) : waits(), { machine: it.machine })
      it.waits = true
      cpu.run(1)
      expect([enabled, it.waits, Number(cpu.vcpu.state.getRegs().rip) < codeAt]).toEqual([enabled, !enabled, enabled])
    }
  })

  test('with ECX of 1 is ended by an interrupt that is masked, which goes on waiting', () => {
    const it = interrupting()
    const cpu = waiting(
      waits(() => {}, 1),
      { machine: it.machine },
    )
    expect(cpu.vcpu.wakesOnInterrupt).toBe(true)
    it.waits = true
    cpu.run()
    expect([wentOn(cpu), it.waits]).toEqual([true, true])
  })

  test('is no state that KVM_GET_MP_STATE knows, nor does KVM_SET_MP_STATE keep it', () => {
    const cpu = waiting(waits())
    expect(cpu.vcpu.state.getMpState()).toEqual({ mp_state: mpStates.runnable })
    cpu.vcpu.state.setMpState(cpu.vcpu.state.getMpState())
    cpu.run()
    expect(wentOn(cpu)).toBe(true)
  })

  test('goes on waiting after a snapshot', () => {
    const [vcpu, engine] = [waiting(waits()), waiting(waits())]
    const other = alone((a) => a.hlt())
    other.vcpu.restore(vcpu.vcpu.save())
    other.engine.restore(engine.engine.save())
    expect([other.run(), wentOn(other)]).toEqual([halted, false])
    other.engine.writePhysical(line, Uint8Array.of(1))
    other.run()
    expect(wentOn(other)).toBe(true)
  })

  test('asked for extensions that it does not know is #GP(0), and so is MONITOR asked for any', () => {
    const handler = (cpu: Cpu) => {
      cpu.engine.writePhysical(13 * 4, Uint8Array.of(0, 0x30, 0, 0))
      cpu.engine.writePhysical(0x3000, Uint8Array.of(0xf4))
      return [cpu.run(), Number(cpu.vcpu.state.getRegs().rip)]
    }
    expect(handler(alone(waits(() => {}, 2)))).toEqual([halted, 0x3001])
    expect(handler(alone((a) => a.mov(ecx, 1).monitor()))).toEqual([halted, 0x3001])
  })

  test('and MONITOR are #UD where CPUID does not tell of them', () => {
    const table = buildTable({ model: 'x86-64-v2' })
    if (table.kind !== 'table') throw new Error(table.says)
    for (const write of [(a: Assembler) => a.xor(ecx, ecx).monitor(), (a: Assembler) => a.xor(ecx, ecx).mwait()]) {
      const cpu = alone(write, { cpuid: table.entries })
      cpu.engine.writePhysical(6 * 4, Uint8Array.of(0, 0x30, 0, 0))
      cpu.engine.writePhysical(0x3000, Uint8Array.of(0xf4))
      expect([cpu.run(), Number(cpu.vcpu.state.getRegs().rip)]).toEqual([halted, 0x3001])
    }
  })
})
