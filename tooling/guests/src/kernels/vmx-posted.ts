import { exitControls, pinControls, primaryControls, secondaryControls } from '@vmm/nested-vmx'
import { type Assembler, ebx, ecx, mem32, r15d, rbx, rcx } from '@vmm/x86-assembler'
import { apic, EOI, enable, ICR, ISR } from '../kernel/interrupting.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { postedPairs } from '../vmx/entry-pairs.rows.ts'
import type { Field, Fields } from '../vmx/guest-state.ts'
import { handled } from '../vmx/handled.ts'
import { type Scene, VmxKernelBuilder } from '../vmx/scene.ts'
import { vmxPlace } from '../vmx/vmx-places.ts'
import { pairs } from './vmx-entries.ts'

type Code = (a: Assembler) => Assembler
type After = NonNullable<Scene['after']>

const [vector, notification] = [0x41, 0x52]
const descriptor = vmxPlace.msrList
const controls = {
  pin: pinControls.EXTERNAL_INTERRUPT_EXITING | pinControls.POSTED_INTERRUPTS,
  primary: primaryControls.TPR_SHADOW,
  secondary:
    secondaryControls.VIRTUALIZE_APIC_ACCESSES |
    secondaryControls.APIC_REGISTERS |
    secondaryControls.VIRTUAL_INTERRUPTS,
  exit: exitControls.ACKNOWLEDGE_INTERRUPT,
}
const open: Fields = [['GUEST_RFLAGS', 0x202n]]
const halted: Fields = [['GUEST_ACTIVITY_STATE', 1n]]
const zero: Code = (a) => a.xor(ebx, ebx)
const showB: After = (_, c) => c.value(rbx)

/** One vector in a descriptor, and a notification that waits for the entry. */
const post =
  (posted: number, outstanding: number): Code =>
  (a) => {
    enable(a.mov(r15d, 0xfee0_0000))
    a.mov(mem32(descriptor + (posted >> 5) * 4), 1 << (posted & 31)).mov(mem32(descriptor + 32), outstanding)
    return a.mov(apic(ICR), 0x4_0000 | notification).xor(ebx, ebx)
  }

interface Tried {
  readonly fields: Fields
  readonly code?: Code
  readonly before?: Code
  readonly after?: After
  readonly show?: readonly Field[]
}

/** A guest whose interrupts are posted; what its processor's own APIC serves is over behind it. */
function tries(k: VmxKernelBuilder, name: string, expected: string, tried: Tried): void {
  const { fields, code = zero, before = post(vector, 1), after = showB, show = ['GUEST_INTR_STATUS'] } = tried
  const own: Fields = [
    ['POSTED_INTR_NV', BigInt(notification)],
    ['POSTED_INTR_DESC_ADDR', BigInt(descriptor)],
  ]
  const scene: Scene = {
    ...{ controls, before, show },
    fields: [...own, ...fields],
    after: (a, c) => {
      after(a, c)
      a.mov(apic(EOI), 0)
    },
  }
  k.check(
    name,
    expected,
    handled(k, vector, (a) => a.mov(ebx, vector), code, scene),
  )
}

/** Interrupts that are posted, and guests that wait for one. Source: SDM 3C 30.2.2, 30.6. */
export function vmxPosted(): Kernel {
  const k = new VmxKernelBuilder('vmxPosted')
  tries(k, 'a posted interrupt is delivered', '41 12 4100', { fields: open })
  tries(k, 'a posted interrupt waits for IF', '0 12 41', { fields: [] })
  tries(k, 'a posted interrupt wakes who is halted', '41 12 4100', { fields: [...open, ...halted] })
  tries(k, 'a lower one does not take the place of what is requested', '41 12 4121', {
    fields: [...open, ['GUEST_INTR_STATUS', 0x41n]],
    before: (a) => post(0x21, 1)(a.mov(mem32(vmxPlace.virtualApic + 0x220), 2)),
  })
  tries(k, 'what was posted is in the descriptor no more', '0 520000 12 4100', {
    fields: open,
    before: post(vector, 0x52_0001),
    after: (a, c) => {
      a.mov(ebx, mem32(descriptor + 8)).mov(ecx, mem32(descriptor + 32))
      c.value(rbx)
      c.value(rcx)
    },
  })
  tries(k, 'the notification is over', '0 12 4100', {
    fields: open,
    after: (a, c) => {
      a.mov(ebx, apic(ISR + 0x20))
      c.value(rbx)
    },
  })
  tries(k, 'another vector is an exit', '0 1 80000052', {
    fields: [...open, ['POSTED_INTR_NV', 0x53n]],
    show: ['VM_EXIT_INTR_INFO'],
  })
  const requested: Code = (a) => a.mov(mem32(vmxPlace.virtualApic + 0x220), 2).xor(ebx, ebx)
  const status: Fields = [['GUEST_INTR_STATUS', BigInt(vector)]]
  tries(k, 'a virtual interrupt wakes who is halted', '41 12 4100', {
    fields: [...open, ...halted, ...status],
    before: requested,
  })
  tries(k, 'HLT ends with a virtual interrupt', '41 12 4100', {
    fields: status,
    before: requested,
    code: (a) => zero(a).sti().hlt(),
  })
  pairs(k, postedPairs, 'bad 7')
  return k.kernel.finish()
}
