import type { Engine } from '../engine-port.ts'
import type { VcpuHost } from '../guest.ts'

/** What keeps interrupts off behind an instruction: KVM_X86_SHADOW_INT_MOV_SS and _STI. */
const kinds = { movSs: 1, sti: 2 } as const
const none = (1n << 64n) - 1n

/** As it is kept: of which instruction, or, where user space says so, of both. */
const kept = { sti: 0n, movSs: 1n, both: 2n } as const

/**
 * The shadow that there is now, as the kernel tells it: SVM has one bit for both, VMX one for each.
 * Source: arch/x86/kvm/svm/svm.c svm_get_interrupt_shadow, vmx/vmx.c vmx_get_interrupt_shadow.
 */
export function shadowOf(engine: Engine, { drivenBy }: Pick<VcpuHost, 'drivenBy'>): number {
  if (!engine.shadowed) return 0
  const kind = engine.get('SHADOW_KIND')
  if (drivenBy === 'svm' || kind === kept.both) return kinds.sti | kinds.movSs
  return kind === kept.sti ? kinds.sti : kinds.movSs
}

/** Casts one, or takes it away. VMX takes that of MOV SS where both are said. Source: vmx/vmx.c vmx_set_interrupt_shadow. */
export function setShadow(engine: Engine, shadow: number, { drivenBy }: Pick<VcpuHost, 'drivenBy'>): void {
  const both = kinds.movSs | kinds.sti
  const casts = (shadow & both) !== 0
  engine.set('SHADOW', casts ? BigInt(engine.retired()) : none)
  const one = (shadow & kinds.movSs) === 0 ? kept.sti : kept.movSs
  engine.set('SHADOW_KIND', drivenBy !== 'vmx' && (shadow & both) === both ? kept.both : one)
}
