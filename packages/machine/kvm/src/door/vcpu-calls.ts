import { kvmGuestDebug, kvmInterrupt } from '@vmm/kvm-uapi'
import type { TaskSignals } from '../task.ts'
import type { KvmVcpu } from '../vcpu.ts'
import { type Handlers, returned, takes } from './call.ts'
import { vcpuCapabilityCalls } from './capability-calls.ts'
import { cpuidCalls } from './cpuid-calls.ts'
import { vcpuDiscoveryCalls } from './discovery-calls.ts'
import { machineCheckCalls } from './machine-check-calls.ts'
import { vcpuMsrCalls } from './msr-calls.ts'
import { nestedCalls } from './nested-calls.ts'
import { oneRegCalls } from './one-reg-calls.ts'
import { vcpuParavirtualCalls } from './paravirtual-calls.ts'
import { preFault } from './pre-fault.ts'
import { stateCalls } from './state-calls.ts'
import { vcpuStatisticsCalls } from './statistics-calls.ts'
import { vcpuTimeCalls } from './time-calls.ts'
import { vcpuAboutCalls } from './vcpu-about-calls.ts'

/** What a vCPU does with the calls that it knows. */
export const vcpuCalls: Handlers<KvmVcpu> = {
  KVM_RUN: (vcpu, { task: { signals } }) => {
    const answer = vcpu.run(signals === undefined ? undefined : { signalled: () => isSignalled(vcpu, signals) })
    return answer.kind === 'refused' ? answer : 0
  },
  KVM_SET_GUEST_DEBUG: takes(kvmGuestDebug, (vcpu: KvmVcpu, debug) => returned(vcpu.setGuestDebug(debug))),
  KVM_INTERRUPT: takes(kvmInterrupt, (vcpu: KvmVcpu, { irq }) => returned(vcpu.interrupt(irq))),
  KVM_PRE_FAULT_MEMORY: preFault,
  KVM_SMI: (vcpu) => returned(vcpu.smi()),
  KVM_NMI: (vcpu) => returned(vcpu.nmi()),
  ...cpuidCalls,
  ...vcpuCapabilityCalls,
  ...machineCheckCalls,
  ...vcpuDiscoveryCalls,
  ...oneRegCalls,
  ...vcpuAboutCalls,
  ...vcpuMsrCalls,
  ...vcpuParavirtualCalls,
  ...vcpuStatisticsCalls,
  ...vcpuTimeCalls,
  ...stateCalls,
  ...nestedCalls,
}

/** While a vCPU runs, its own mask stands in place of the thread's. Source: virt/kvm/kvm_main.c kvm_sigset_activate. */
const isSignalled = ({ processor }: KvmVcpu, { pending, blocked }: TaskSignals): boolean =>
  (pending() & ~(processor.signals.mask ?? blocked())) !== 0n
