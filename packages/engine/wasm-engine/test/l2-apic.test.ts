import { pinControls, primaryControls, secondaryControls, type Vmcs12Values } from '@vmm/nested-vmx'
import { nobody } from '@vmm/vcpu'
import { type Assembler, dx, eax, ebx, ecx, edi, mem32, rax, rbx, rcx } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { hypervisor, places, plainVmcs, reasonOf } from './hypervisor.ts'

const accessPage = 0x1_8000
const descriptor = 0x1_9000
const primary = plainVmcs.CPU_BASED_VM_EXEC_CONTROL!
const { TPR_SHADOW, SECONDARY_CONTROLS } = primaryControls
const { VIRTUALIZE_APIC_ACCESSES, APIC_REGISTERS, VIRTUAL_INTERRUPTS } = secondaryControls
const place = { VIRTUAL_APIC_PAGE_ADDR: BigInt(places.virtualApic), APIC_ACCESS_ADDR: BigInt(accessPage) }

/** Virtual registers at the APIC-access page, and perhaps more. */
const registers = (more = 0n): Vmcs12Values => ({
  ...place,
  CPU_BASED_VM_EXEC_CONTROL: primary | TPR_SHADOW | SECONDARY_CONTROLS,
  SECONDARY_VM_EXEC_CONTROL: VIRTUALIZE_APIC_ACCESSES | APIC_REGISTERS | more,
})
const at = (offset: number) => mem32(accessPage + offset)
const told = (it: ReturnType<typeof hypervisor>) => [reasonOf(it), it.field('EXIT_QUALIFICATION')]

function left(fields: Vmcs12Values, l2: (a: Assembler) => void, memory?: (write: Write) => void) {
  const it = hypervisor({ fields, l2, ...(memory === undefined ? {} : { memory }) })
  expect(it.run(100_000)).toEqual({ kind: 'hlt' })
  return it
}
type Write = (address: number, bytes: Uint8Array) => void

describe('the APIC-access page', () => {
  test('of code is an exit', () => {
    const it = left(registers(), (a) => a.mov(rax, accessPage + 0x40).jmp(rax))
    expect(told(it)).toEqual(['APIC_ACCESS', 0x2040n])
    expect(it.field('GUEST_RIP')).toBe(BigInt(accessPage + 0x40))
  })

  test('is asked about each time, wherever an instruction accesses it', () => {
    const it = left(registers(), (a) => {
      a.mov(rcx, accessPage + 0x20).label('again')
      a.mov(ebx, mem32(rcx)).add(rcx, 0x10).jmp('again')
    })
    expect(told(it)).toEqual(['APIC_ACCESS', 0x40n])
  })

  test('is told with the length of its instruction, which has not happened', () => {
    const it = left(registers(), (a) => a.mov(rbx, 7).mov(ebx, at(0x390)))
    expect([it.field('VM_EXIT_INSTRUCTION_LEN'), it.vcpu.state.getRegs().rbx]).toEqual([7n, 7n])
  })

  test('of L2’s page tables is an exit, too, by the address behind EPT', () => {
    const it = left(
      { ...registers(secondaryControls.EPT), EPT_POINTER: BigInt(places.ept | 0x1e), GUEST_CR3: BigInt(accessPage) },
      (a) => a.nop(),
      identity,
    )
    expect(told(it)).toEqual(['APIC_ACCESS', 0xf000n])
  })

  test('is memory again where nothing is virtual', () => {
    const it = hypervisor({
      fields: registers(),
      l2: (a) => void a.mov(eax, at(0x390)),
      handler: (a) => void a.mov(rax, 0).mov(eax, at(0x390)).hlt(),
      memory: (write) => write(accessPage + 0x390, Uint8Array.of(0x5a)),
    })
    it.run()
    expect(it.vcpu.state.getRegs().rax).toBe(0x5an)
  })
})

/** EPT that has 2 MiB at 0 where they are. */
function identity(write: Write): void {
  const entries = [places.ept + 0x1000, places.ept + 0x2000]
  for (const [level, next] of [...entries, 0xb0].entries())
    write(places.ept + level * 0x1000, new Uint8Array(new BigUint64Array([BigInt(next | 7)]).buffer))
}

describe('a write to a virtual register', () => {
  const store = (a: Assembler) => a.mov(ecx, 5).mov(at(0x320), ecx).inc(ebx).jmp('on').label('on')

  test('is an exit behind it, and a single step waits', () => {
    const it = left({ ...registers(), GUEST_RFLAGS: 0x102n }, (a) => {
      a.mov(at(0x320), eax)
    })
    expect([...told(it), it.field('GUEST_PENDING_DBG_EXCEPTIONS')]).toEqual(['APIC_WRITE', 0x320n, 0x4000n])
  })

  test('is an exit wherever a run ends', () => {
    const it = hypervisor({ fields: registers(), l2: store })
    for (let runs = 0; runs < 100 && it.run(1).kind !== 'hlt'; runs += 1) {
      const saved = structuredClone(it.vcpu.save())
      it.vcpu.restore(saved)
    }
    expect(told(it)).toEqual(['APIC_WRITE', 0x320n])
    expect(it.vcpu.state.getRegs().rbx).toBe(0n)
  })
})

describe('what user space sees of a write to a virtual register', () => {
  /** A string instruction that asks a device, which wants the vCPU back, and then writes a command. */
  const kicked = () => {
    const it = hypervisor({
      fields: registers(),
      l2: (a) =>
        void a
          .mov(edi, accessPage + 0x320)
          .mov(dx, 0x80)
          .insd()
          .inc(ebx)
          .vmcall(),
      machine: {
        ...nobody(() => it.engine.retired()),
        portIn: () => {
          it.vcpu.kick()
          return 0x1_0000
        },
      },
    })
    return it
  }

  test('is that the exit has been, also where somebody wants the vCPU back', () => {
    const it = kicked()
    expect(it.run()).toEqual({ kind: 'intr' })
    expect([it.vcpu.vmx.told().guestMode, it.vcpu.save().vmx.due]).toEqual([false, undefined])
    expect([...told(it), it.field('GUEST_RIP')]).toEqual(['APIC_WRITE', 0x320n, BigInt(places.l2 + 10)])
    expect(it.run()).toEqual({ kind: 'hlt' })
    expect(it.vcpu.state.getRegs().rbx).toBe(0n)
  })

  test('comes before a single step of a debugger’s, which is one of L1', () => {
    const it = hypervisor({ fields: registers(), l2: (a) => void a.mov(at(0x320), eax).inc(ebx).vmcall() })
    while (!it.vcpu.vmx.inL2) it.run(1)
    it.vcpu.setGuestDebug({ control: 3, arch: { debugreg: [] } })
    const exit = it.run()
    it.vcpu.setGuestDebug({ control: 0, arch: { debugreg: [] } })
    expect(exit).toMatchObject({ kind: 'debug', exception: 1, pc: BigInt(places.handler + 1) })
    expect(told(it)).toEqual(['APIC_WRITE', 0x320n])
  })
})

describe('virtual interrupts', () => {
  const fields = (more: Vmcs12Values): Vmcs12Values => ({
    ...registers(VIRTUAL_INTERRUPTS),
    PIN_BASED_VM_EXEC_CONTROL: 0x16n | pinControls.EXTERNAL_INTERRUPT_EXITING,
    ...more,
  })

  test('are recognized anew when a vCPU is restored', () => {
    const it = hypervisor({
      fields: fields({ GUEST_INTR_STATUS: 0x41n, GUEST_IDTR_LIMIT: 0n }),
      l2: (a) => void a.nop().nop().nop().sti().nop().nop().vmcall(),
      memory: (write) => write(places.virtualApic + 0x220, Uint8Array.of(2)),
    })
    it.run(7)
    expect(it.vcpu.vmx.inL2).toBe(true)
    it.vcpu.restore(structuredClone(it.vcpu.save()))
    it.run()
    // its delivery runs out of the table: the exit tells of a fault by its double fault
    expect([reasonOf(it), it.field('GUEST_INTR_STATUS')]).toEqual(['TRIPLE_FAULT', 0x4100n])
  })

  test('a notification that never ends keeps nobody from running', () => {
    const machine = { ...nobody(() => 0), interruptPending: () => true, acknowledge: () => 0x52 }
    const it = hypervisor({
      fields: fields({
        PIN_BASED_VM_EXEC_CONTROL: 0x16n | pinControls.EXTERNAL_INTERRUPT_EXITING | pinControls.POSTED_INTERRUPTS,
        VM_EXIT_CONTROLS: plainVmcs.VM_EXIT_CONTROLS! | 0x8000n,
        POSTED_INTR_NV: 0x52n,
        POSTED_INTR_DESC_ADDR: BigInt(descriptor),
      }),
      l2: (a) => void a.mov(rbx, 9).vmcall(),
      machine,
    })
    it.run()
    expect([reasonOf(it), it.vcpu.state.getRegs().rbx]).toEqual(['VMCALL', 9n])
  })
})
