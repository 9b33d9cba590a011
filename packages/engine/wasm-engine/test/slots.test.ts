import { type Assembler, al, ax, mem8, mem16 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { alone, codeAt } from './alone.ts'

const low = { address: 0, bytes: 0x8000, offset: 0 }
const data = 0x9000
/** Loads the byte at 9000H. */
const loads = (a: Assembler) => a.mov(al, mem8({ displacement: data })).hlt()

function run(cpu: ReturnType<typeof alone>) {
  const regs = cpu.vcpu.state.getRegs()
  cpu.vcpu.state.setRegs({ ...regs, rip: BigInt(codeAt) })
  cpu.vcpu.state.setMpState({ mp_state: 0 })
  let exit = cpu.run()
  while (exit.kind === 'intr') exit = cpu.run()
  return exit
}
const loaded = (cpu: ReturnType<typeof alone>) => Number(cpu.vcpu.state.getRegs().rax & 0xffn)

test('memory that is moved is found where it is, and not where it was', () => {
  const cpu = alone(loads)
  cpu.engine.slots.memory[0x9000] = 0x11
  cpu.engine.slots.memory[0xc000] = 0x22
  expect([run(cpu).kind, loaded(cpu)]).toEqual(['hlt', 0x11])
  cpu.engine.slots.replace([low, { address: 0x9000, bytes: 0x1000, offset: 0xc000 }])
  expect([run(cpu).kind, loaded(cpu)]).toEqual(['hlt', 0x22])
  cpu.engine.slots.replace([low])
  expect(run(cpu)).toMatchObject({ kind: 'mmio', address: data, direction: 'read' })
})

test('one piece of memory may be seen at two addresses', () => {
  const cpu = alone((a) =>
    a
      .mov(mem8({ displacement: 0xa004 }), 0x77)
      .mov(al, mem8({ displacement: data + 4 }))
      .hlt(),
  )
  const alias = { bytes: 0x1000, offset: 0x9000 }
  cpu.engine.slots.replace([low, { ...alias, address: 0x9000 }, { ...alias, address: 0xa000 }])
  expect([run(cpu).kind, loaded(cpu)]).toEqual(['hlt', 0x77])
})

test('code that is written through another address is run as it now is', () => {
  const cpu = alone((a) =>
    a
      .mov(mem16({ displacement: 0xa000 + 6 }), 0x55b0)
      .mov(al, 0x11)
      .hlt(),
  )
  cpu.engine.slots.replace([low, { address: 0xa000, bytes: 0x1000, offset: codeAt }])
  expect([run(cpu).kind, loaded(cpu)]).toEqual(['hlt', 0x55])
})

test('a slot that is read-only is read, and asks user space about stores', () => {
  const cpu = alone((a) =>
    a
      .mov(mem8({ displacement: data }), 1)
      .mov(ax, 0)
      .hlt(),
  )
  cpu.engine.slots.replace([low, { address: 0x9000, bytes: 0x1000, offset: 0x9000, readOnly: true }])
  expect(run(cpu)).toMatchObject({ kind: 'mmio', address: data, direction: 'write' })
})

test('a slot beyond the memory there is changes nothing', () => {
  const cpu = alone(loads)
  expect(() => cpu.engine.slots.replace([{ address: 0, bytes: 0x2000, offset: 0xf000 }])).toThrow(RangeError)
  expect(run(cpu).kind).toBe('hlt')
})
