import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

const orders = {
  save: [
    'KVM_RUN with immediate_exit',
    'KVM_GET_VCPU_EVENTS',
    'KVM_GET_MP_STATE',
    'KVM_GET_REGS',
    'KVM_GET_XSAVE2',
    'KVM_GET_XCRS',
    'KVM_GET_SREGS',
    'KVM_GET_NESTED_STATE',
    'KVM_GET_MSRS',
    'KVM_GET_DEBUGREGS',
  ],
  restore: [
    'KVM_SET_CPUID2',
    'KVM_SET_SREGS',
    'KVM_SET_MSRS',
    'KVM_SET_XCRS',
    'KVM_SET_XSAVE',
    'KVM_SET_VCPU_EVENTS',
    'KVM_SET_MP_STATE',
    'KVM_SET_DEBUGREGS',
    'KVM_SET_REGS',
    'KVM_SET_NESTED_STATE',
  ],
} as const

export const nestedRestoreOrder = behaviour<'save' | 'restore', readonly string[]>({
  id: 'nested-restore-order',
  catalogue: 'nested-order-of-restore',
  says: 'a vCPU is saved when nothing of it is unfinished, and restored with its CPUID table first and its nested state last: that loads what all others have set',
  sources: [kernelSource('tools/testing/selftests/kvm/lib/x86_64/processor.c', 'vcpu_load_state', '6.12.117')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (what) => orders[what],
      witness: { in: 'restore', out: orders.restore },
    },
  ],
})
