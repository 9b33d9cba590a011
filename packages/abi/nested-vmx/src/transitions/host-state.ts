import type { ProcessorRegisters, StateField } from '@vmm/x86-registers'
import { hasExitControl } from '../vmcs12/control-bits.ts'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'
import type { VmxMsrs } from '../vmcs12/vmx-limits.ts'
import { loadFields, movedFields } from './moved-fields.ts'
import { setRoot } from './operation-mode.ts'
import { hostRegisters } from './registers.rows.ts'

const moved = movedFields(hostRegisters)
const rsp = 4
const LM = 0x500n
const flat = 0xffff_ffffn
const [code64, code32, data, busyTask, unusable] = [0xa09bn, 0xc09bn, 0xc093n, 0x8bn, 0x1_0000n] as const

/** What an exit makes of a processor whatever the VMCS says. KVM gives every data segment rights, also one with a null selector. */
const fixed: readonly (readonly [StateField, bigint])[] = [
  ...(['ES', 'SS', 'DS', 'FS', 'GS'] as const).flatMap((name): (readonly [StateField, bigint])[] => [
    [`${name}.limit`, flat],
    [`${name}.access`, data],
  ]),
  ...(['ES', 'CS', 'SS', 'DS'] as const).map((name): readonly [StateField, bigint] => [`${name}.base`, 0n]),
  ['CS.limit', flat],
  ['TR.limit', 0x67n],
  ['TR.access', busyTask],
  ['LDTR.selector', 0n],
  ['LDTR.base', 0n],
  ['LDTR.limit', 0n],
  ['LDTR.access', unusable],
  ['GDTR.limit', 0xffffn],
  ['IDTR.limit', 0xffffn],
  ['DR7', 0x400n],
  ['CPL', 0n],
]

/**
 * The registers of a VMCS's host, and VMX root operation. Its page pointers, where it has PAE paging, are for the caller to load, and
 * MSRs. CR0.ET is as the VMCS has it, as with KVM.
 *
 * Source: SDM 3C 28.5 Loading Host State; arch/x86/kvm/vmx/nested.c load_vmcs12_host_state (Linux 6.12).
 */
export function loadHost(vmcs: LiveVmcs12, registers: ProcessorRegisters, msrs: VmxMsrs): void {
  const long = hasExitControl(vmcs, 'HOST_64_BIT')
  const efer = registers.get('IA32_EFER')
  loadFields(vmcs, registers, moved)
  for (const [field, value] of fixed) registers.set(field, value)
  registers.set('CS.access', long ? code64 : code32)
  registers.set(
    'IA32_EFER',
    hasExitControl(vmcs, 'LOAD_EFER') ? vmcs.read('HOST_IA32_EFER') : long ? efer | LM : efer & ~LM,
  )
  registers.setGpr(rsp, vmcs.read('HOST_RSP'))
  registers.setRflags(2n)
  setRoot(registers, msrs)
}
