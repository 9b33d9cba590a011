import type { NestedFormat } from '../../nested-state.ts'

/** Something that arrives while L2 is active. */
export interface L2Event {
  readonly format: NestedFormat
  readonly event: 'interrupt' | 'nmi' | 'smi' | 'init' | 'startup' | 'exception' | 'triple fault'
  /** L1 wants it: by a control of its VMCS, or an intercept of its VMCB. */
  readonly intercepted: boolean
  /** L2 has been entered and has not executed an instruction. */
  readonly runPending: boolean
}

/** Where it goes: out of L2 for a reason, to L2, to nobody yet, or to whoever runs the machine. */
export type L2EventGoes =
  | { readonly to: 'L1'; readonly exitReason: number }
  | { readonly to: 'L2' | 'nobody yet' | 'user space' }

/** An event that L1 wants. */
export function anEvent(changes: Partial<L2Event> = {}): L2Event {
  return { format: 'vmx', event: 'interrupt', intercepted: true, runPending: false, ...changes }
}
