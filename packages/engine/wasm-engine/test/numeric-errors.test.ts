import { type Assembler, ax, bx, mem16, st0, st1 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { alone, codeAt, interrupting } from './alone.ts'

const halted = { kind: 'hlt' }
const [controlAt, handlerAt, handlerVector] = [0x2000, 0x3000, 0x21]

/** Code that divides by zero, with that unmasked and CR0.NE clear, and then does something. */
const divides = (then: (a: Assembler) => unknown) => (a: Assembler) => {
  a.mov(mem16(controlAt), 0x37b).fninit().fldcw(mem16(controlAt)).fld1().fldz().fdivp(st1, st0)
  void then(a)
}

/** A processor whose machine counts FERR# and interrupts when told so. */
function telling(then: (a: Assembler) => unknown, handler: (a: Assembler) => unknown = () => {}) {
  const it = interrupting()
  const told = { times: 0, heard: true }
  const numericError = () => {
    told.times += 1
    return told.heard
  }
  const machine = { ...it.machine, numericError }
  const cpu = alone(divides(then), { machine })
  const sregs = cpu.vcpu.state.getSregs()
  cpu.vcpu.state.setSregs({ ...sregs, cr0: sregs.cr0 & ~0x20n })
  const code = alone(handler)
  cpu.engine.writePhysical(handlerVector * 4, Uint8Array.of(handlerAt & 0xff, handlerAt >> 8, 0, 0))
  cpu.engine.writePhysical(handlerAt, code.engine.physical(codeAt)!.slice(0, 64))
  return { cpu, it, told, bx: () => cpu.vcpu.state.getRegs().rbx }
}

test('an x87 error without CR0.NE is told outside, and the next x87 instruction waits for an interrupt', () => {
  const guest = telling(
    (a) => a.sti().nop().fwait().mov(bx, 1).hlt(),
    (a) => a.fnclex().iret(),
  )
  expect([guest.cpu.run(), guest.told.times, guest.bx()]).toEqual([halted, 1, 0n])
  expect(guest.cpu.vcpu.wakesOnInterrupt).toBe(true)
  guest.it.waits = true
  expect([guest.cpu.run(), guest.told.times, guest.bx()]).toEqual([halted, 1, 1n])
})

test('a handler that leaves the error there has the instruction wait again', () => {
  const guest = telling(
    (a) => a.sti().nop().fld1().mov(bx, 1).hlt(),
    (a) => a.iret(),
  )
  guest.cpu.run()
  guest.it.waits = true
  expect([guest.cpu.run(), guest.told.times, guest.bx()]).toEqual([halted, 2, 0n])
})

test('while IGNNE# is asserted errors are passed over, until there is none', () => {
  const guest = telling((a) => a.fwait().fwait().mov(bx, 1).fnclex().hlt())
  guest.cpu.run(6)
  guest.cpu.engine.set('IGNNE', 1n)
  expect([guest.cpu.run(), guest.told.times, guest.bx()]).toEqual([halted, 0, 1n])
  expect(guest.cpu.engine.get('IGNNE')).toBe(0n)
})

test('instructions that do not wait are not held up', () => {
  const guest = telling((a) => a.fnstsw(ax).hlt())
  expect([guest.cpu.run(), guest.told.times, guest.cpu.vcpu.state.getRegs().rax & 0x80n]).toEqual([halted, 0, 0x80n])
})

test('where nobody would be interrupted it is #MF all the same', () => {
  const guest = telling((a) => a.fwait().mov(bx, 1).hlt())
  guest.told.heard = false
  guest.cpu.engine.writePhysical(16 * 4, Uint8Array.of(handlerAt & 0xff, handlerAt >> 8, 0, 0))
  guest.cpu.engine.writePhysical(handlerAt, Uint8Array.of(0xf4))
  expect([guest.cpu.run(), Number(guest.cpu.vcpu.state.getRegs().rip), guest.bx()]).toEqual([halted, handlerAt + 1, 0n])
})
