import { loadImage } from '@vmm/boot'
import { type Assembler, al, ax, dx, eax, ecx, edx, mem8, mem32 } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { firmwareTables, Machine } from '../src/machine.ts'
import { processorNamed } from '../src/processor.ts'
import { kernel } from './kernels.ts'

const memorySize = 16 << 20
const kept = 0x30_0000

function machineWith(build: (a: Assembler) => void) {
  const machine = new Machine({ memorySize, table: processorNamed('max'), onTransmit: () => {} })
  const image = loadImage(kernel(build), { memorySize })
  if (image.kind === 'refused') throw new Error(image.says)
  const load = () => machine.load(image)
  load()
  return { machine, load }
}

test.each<readonly [string, (a: Assembler) => void]>([
  ['the reset register of the chipset and the FADT', (a) => a.mov(al, 6).mov(dx, 0xcf9).out(dx, al)],
  ['the keyboard controller', (a) => a.mov(al, 0xfe).out(0x64, al)],
  ['port 92H', (a) => a.mov(al, 1).out(0x92, al)],
])('%s ends a run, and the machine starts over in place, its memory and clock as they were', (_, write) => {
  const { machine, load } = machineWith((a) => {
    a.inc(mem32(kept)).mov(eax, mem32(kept)).cmp(eax, 2).je('again')
    write(a)
    a.label('again').hlt()
  })
  const reset = { kind: 'ended', end: { kind: 'reset' } }
  expect(machine.slice(1000)).toEqual(reset)
  const before = machine.now()
  machine.reset()
  expect(machine.now()).toBe(before)
  expect(machine.vcpu.state.getRegs()).toMatchObject({ rip: 0xfff0n, rsp: 0n })
  load()
  expect(machine.slice(1000)).toMatchObject({ kind: 'idle' })
  expect(machine.vcpu.state.getRegs().rax).toBe(2n)
})

test('a processor that sends INIT to itself starts over, and the local APIC keeps its base', () => {
  const { machine } = machineWith((a) => {
    a.mov(mem32(0xfee0_00f0), 0x1ff).mov(mem32(0xfee0_0080), 0x20)
    a.mov(mem32(0xfee0_0300), 0x4_4500).hlt()
  })
  machine.slice(4)
  expect(machine.vcpu.state.getMpState()).toEqual({ mp_state: 0 })
  expect(machine.vcpu.state.getRegs()).toMatchObject({ rip: 0xfff0n })
  expect(machine.vcpu.state.getSregs()).toMatchObject({ cr0: 0x10n, cr8: 0n, apic_base: 0xfee0_0900n })
})

test('the clock shows whole nanoseconds, however it was moved, and a guest can have its paravirtual clock made of it', () => {
  const { machine } = machineWith((a) => {
    a.mov(ecx, 0x4b56_4d01)
      .mov(eax, kept | 1)
      .xor(edx, edx)
      .wrmsr()
    a.mov(eax, mem32(kept + 16))
      .mov(edx, mem32(kept + 20))
      .hlt()
  })
  machine.warpTo(5_497_799_129.3)
  expect(machine.now()).toBe(5_497_799_130)
  expect(machine.slice(1000)).toMatchObject({ kind: 'idle' })
  const { rax, rdx } = machine.vcpu.state.getRegs()
  const systemTime = Number((rdx << 32n) | rax)
  expect(systemTime).toBeGreaterThanOrEqual(5_497_799_130)
  expect(systemTime).toBeLessThan(5_497_799_150)
})

describe('a guest in S3', () => {
  const facs = firmwareTables().addresses['FACS']!
  const wakesAt = 0x7c05
  const sleep = (a: Assembler) =>
    a.mov(dx, 0x604).mov(eax, 0x2400).out(dx, ax).label('asleep').inc(mem32(kept)).jmp('asleep')

  /** The alarm goes off three seconds after the guest has begun, and it is one that ends S3. */
  function setAlarm(a: Assembler): void {
    for (const [index, value] of [
      [1, 3],
      [3, 0],
      [5, 0],
      [0x0b, 0x22],
    ] as const)
      a.mov(al, index).out(0x70, al).mov(al, value).out(0x71, al)
    a.mov(dx, 0x602).mov(eax, 0x400).out(dx, ax)
  }

  /** MOV EAX, 9; OUT F4H, AL, in 16 bits; and a word that nobody else writes. */
  function prepareToWake(a: Assembler): void {
    const code = [0x66, 0xb8, 9, 0, 0, 0, 0xe6, 0xf4]
    for (const [index, byte] of code.entries()) a.mov(mem8(wakesAt + index), byte)
    a.mov(mem32(facs + 12), wakesAt).mov(mem32(kept), 77)
  }

  const kernelMemory = (machine: Machine) => machine.save().engine.memory

  test('sleeps until the clock’s alarm, and goes on in real mode where it said, its memory as it was', () => {
    const { machine } = machineWith((a) => {
      prepareToWake(a)
      setAlarm(a)
      sleep(a)
    })
    expect(machine.slice(1000)).toEqual({ kind: 'idle', until: 3e9 })
    expect([machine.suspended, machine.canWake]).toEqual([true, true])
    const before = [machine.instructions, kernelMemory(machine)]
    expect(machine.slice(1000)).toEqual({ kind: 'idle', until: 3e9 })
    expect([machine.instructions, kernelMemory(machine)]).toEqual(before)
    machine.warpTo(3e9)
    expect(machine.slice(1000)).toEqual({ kind: 'ended', end: { kind: 'debug-exit', value: 9 } })
    expect(machine.suspended).toBe(false)
    expect(machine.vcpu.state.getSregs()).toMatchObject({ cr0: 0x6000_0010n, cs: { selector: 0x7c0, base: 0x7c00n } })
    expect(machine.vcpu.state.getRegs().rip).toBe(0xdn)
  })

  test('is woken from outside, too', () => {
    const { machine } = machineWith((a) => {
      prepareToWake(a)
      sleep(a)
    })
    expect(machine.slice(1000)).toEqual({ kind: 'idle', until: Number.POSITIVE_INFINITY })
    machine.wake()
    expect(machine.slice(1000)).toEqual({ kind: 'ended', end: { kind: 'debug-exit', value: 9 } })
  })

  test('that has not said where to go on is started again', () => {
    const { machine } = machineWith((a) => {
      setAlarm(a)
      sleep(a)
    })
    machine.slice(1000)
    machine.warpTo(3e9)
    expect(machine.slice(1000)).toEqual({ kind: 'ended', end: { kind: 'reset' } })
  })

  test('sleeps on in a machine that it was restored to', () => {
    const { machine } = machineWith((a) => {
      prepareToWake(a)
      setAlarm(a)
      sleep(a)
    })
    machine.slice(1000)
    const { machine: other } = machineWith((a) => a.hlt())
    other.restore(machine.save())
    expect(other.suspended).toBe(true)
    other.warpTo(3e9)
    expect(other.slice(1000)).toEqual({ kind: 'ended', end: { kind: 'debug-exit', value: 9 } })
  })
})
