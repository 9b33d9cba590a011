import type { Refusal } from '@vmm/rule'
import { kernelDoc } from '@vmm/source'
import type { MemoryFaultExit, Refusal as StateRefusal } from '@vmm/vcpu'
import { refusedAlways } from '../answer.ts'
import type { RunPage } from '../run-page.ts'

/** EINTR: a signal has come, and `kvm_run` says so. */
export function interrupted(page: RunPage): Refusal {
  page.tell({ kind: 'intr' })
  return ruled('KVM_RUN', { kind: 'refused', errno: 'EINTR', says: 'a signal came' })
}

/** EFAULT: guest memory that user space must see to; why may be told beside. */
export function unreachable(exit: MemoryFaultExit, page: RunPage): Refusal {
  if (exit.told) page.tell(exit)
  const says = `user space has no memory for the guest's access to 0x${exit.address.toString(16)}`
  return ruled('KVM_RUN', { kind: 'refused', errno: 'EFAULT', says })
}

const stateRule = 'vcpu-state'

/** A refusal of the vCPU's own, in the form that rules' refusals have. */
export function ruled(call: string, refusal: StateRefusal): Refusal {
  if (refusal.rule !== undefined) return refusal
  const { errno, says } = refusal
  return refusedAlways(call, {
    rule: stateRule,
    errno,
    says,
    source: kernelDoc('Documentation/virt/kvm/api.rst', call),
  })
}
