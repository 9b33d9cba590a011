import { entryControls, exitControls, pinControls, primaryControls } from '@vmm/nested-vmx'
import { type Assembler, ax, eax, ebx, ecx, edx, label, mem32, rax, rbx, ss } from '@vmm/x86-assembler'
import type { Kernel } from '../kernel/kernel.ts'
import type { Fields } from '../vmx/guest-state.ts'
import { handled } from '../vmx/handled.ts'
import { type Scene, VmxKernelBuilder } from '../vmx/scene.ts'
import { vmxPlace } from '../vmx/vmx-places.ts'

type Code = (a: Assembler) => Assembler
type After = NonNullable<Scene['after']>

const { USE_MSR_BITMAPS } = primaryControls
const showB: After = (_, c) => c.value(rbx)

/** Events that an entry delivers. Source: SDM 3C 27.6. */
function injected(k: VmxKernelBuilder): void {
  const nothing: Code = (a) => a
  const event = (info: bigint, more: Fields = []): Fields => [['VM_ENTRY_INTR_INFO_FIELD', info], ...more]
  k.check(
    'an interrupt is delivered, and is not valid any more',
    '30 12 30',
    handled(k, 0x30, (a) => a.mov(ebx, 0x30), nothing, {
      fields: event(0x8000_0030n, [['GUEST_RFLAGS', 0x202n]]),
      show: ['VM_ENTRY_INTR_INFO_FIELD'],
    }),
  )
  k.check(
    'an exception has the error code that it is given',
    '1234 12 0',
    handled(k, 13, (a) => a.pop(rbx), nothing, {
      fields: event(0x8000_0b0dn, [['VM_ENTRY_EXCEPTION_ERROR_CODE', 0x1234n]]),
    }),
  )
  k.check(
    'a software interrupt returns behind the instruction that it is said to be',
    '2 12 0',
    handled(
      k,
      0x40,
      (a) => a.pop(rbx).pop(rax),
      (a) => a.label('int 40h').nop().nop(),
      {
        fields: event(0x8000_0440n, [['VM_ENTRY_INSTRUCTION_LEN', 2n]]),
        after: (a, c) => {
          a.sub(rbx, label('int 40h'))
          c.value(rbx)
        },
      },
    ),
  )
  k.check('an interrupt is not delivered with IF clear', '80000021 0', { fields: event(0x8000_0030n) })
  k.check(
    'an NMI blocks others',
    '2 12 8',
    handled(k, 2, (a) => a.mov(ebx, 2), nothing, {
      fields: event(0x8000_0202n),
      show: ['GUEST_INTERRUPTIBILITY_INFO'],
    }),
  )
  k.check(
    'IRET ends that',
    '12 0',
    handled(k, 2, (a) => a.iretq(), nothing, {
      fields: event(0x8000_0202n),
      show: ['GUEST_INTERRUPTIBILITY_INFO'],
      after: () => {},
    }),
  )
  k.check('a monitor trap that is injected comes before the first instruction', '0 25 0', {
    fields: event(0x8000_0700n),
    before: (a) => a.xor(ebx, ebx),
    code: (a) => a.inc(ebx),
    after: showB,
  })
}

/** What an exit says of the guest's activity. Source: SDM 3C 25.4.2, 28.3. */
function saved(k: VmxKernelBuilder): void {
  const blocking = (name: string, expected: string, code: Code, fields: Fields = []) =>
    k.check(name, expected, { code, fields, show: ['GUEST_INTERRUPTIBILITY_INFO'] })
  blocking('STI blocks the next instruction', '12 1', (a) => a.sti())
  blocking('STI with IF set blocks nothing', '12 0', (a) => a.sti(), [['GUEST_RFLAGS', 0x202n]])
  blocking('MOV SS blocks the next instruction', '12 2', (a) => a.mov(eax, 0x10).mov(ss, ax))
  blocking('blocking by STI lasts for an instruction', '12 0', (a) => a.nop(), [
    ['GUEST_RFLAGS', 0x202n],
    ['GUEST_INTERRUPTIBILITY_INFO', 1n],
  ])
  k.check('a guest that is halted stays so', '34 1', {
    controls: { pin: pinControls.PREEMPTION_TIMER },
    fields: [['GUEST_ACTIVITY_STATE', 1n]],
    show: ['GUEST_ACTIVITY_STATE'],
  })
  k.check('the host has none of the flags of the guest', '2 12 0', {
    code: (a) => a.std().stc(),
    after: (a, c) => {
      a.pushfq().pop(rbx)
      c.value(rbx)
    },
  })
  k.check('flags of the guest are saved', '12 403', { code: (a) => a.std().stc(), show: ['GUEST_RFLAGS'] })
  k.check('an entry loads DR7 and an exit saves it', '12 401', {
    controls: { entry: entryControls.LOAD_DEBUG, exit: exitControls.SAVE_DEBUG },
    fields: [['GUEST_DR7', 0x401n]],
    show: ['GUEST_DR7'],
  })
}

/** Lists of MSRs, and the TSC. Source: SDM 3C 26.3, 27.4, 28.4. */
function lists(k: VmxKernelBuilder): void {
  const SYSENTER_CS = 0x174
  const entry = (a: Assembler, value: number): Assembler =>
    a.mov(mem32(vmxPlace.msrList), SYSENTER_CS).mov(mem32(vmxPlace.msrList + 8), value)
  const list = (of: 'VM_ENTRY_MSR_LOAD' | 'VM_EXIT_MSR_STORE' | 'VM_EXIT_MSR_LOAD'): Fields => [
    [`${of}_COUNT`, 1n],
    [`${of}_ADDR`, BigInt(vmxPlace.msrList)],
  ]
  const controls = { primary: USE_MSR_BITMAPS }
  const readIt: Code = (a) => a.mov(ecx, SYSENTER_CS).rdmsr().mov(ebx, eax)
  k.check('an entry loads MSRs', '55 12 0', {
    controls,
    fields: list('VM_ENTRY_MSR_LOAD'),
    before: (a) => entry(a, 0x55),
    code: readIt,
    after: showB,
  })
  k.check('an exit stores MSRs', '66 12 0', {
    controls,
    fields: list('VM_EXIT_MSR_STORE'),
    before: (a) => entry(a, 0x55),
    code: (a) => a.mov(ecx, SYSENTER_CS).mov(eax, 0x66).xor(edx, edx).wrmsr(),
    after: (a, c) => {
      a.mov(ebx, mem32(vmxPlace.msrList + 8))
      c.value(rbx)
    },
  })
  k.check('an exit loads MSRs', '77 12 0', {
    fields: list('VM_EXIT_MSR_LOAD'),
    before: (a) => entry(a, 0x77),
    after: (a, c) => {
      readIt(a)
      c.value(rbx)
    },
  })
  k.check('the TSC has an offset', '1 12 0', {
    controls: { primary: primaryControls.TSC_OFFSETTING },
    fields: [['TSC_OFFSET', 1n << 48n]],
    code: (a) => a.rdtsc().mov(ebx, edx).shr(ebx, 16),
    after: showB,
  })
}

/** What is delivered to a guest, and what of it is saved. */
export function vmxEvents(): Kernel {
  const k = new VmxKernelBuilder('vmxEvents')
  injected(k)
  saved(k)
  lists(k)
  return k.kernel.finish()
}
