import { loadImage } from '@vmm/boot'
import { type Assembler, al, dx, eax, mem32 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { Machine } from '../src/machine.ts'
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
