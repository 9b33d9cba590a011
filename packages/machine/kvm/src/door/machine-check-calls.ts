import { kvmX86Mce } from '@vmm/kvm-uapi'
import { u64 } from '@vmm/layout'
import type { Kvm } from '../kvm.ts'
import { type CheckedVcpu, mceCapSupported, setMce, setupMce } from '../msrs/machine-checks.ts'
import type { KvmVcpu } from '../vcpu.ts'
import { faulted, type Handlers, put, returned, takes } from './call.ts'

const mce = 0x40n
const machineCheck = 18

/** Only Intel's module adds to what KVM has by itself. */
const addsOnesOwn = ({ host }: Kvm) => (host.vendorModule === 'kvm_intel' ? 'kvm_intel' : 'kvm_amd')

/** What machine checks `/dev/kvm` supports. */
export const systemMachineCheckCalls: Handlers<Kvm> = {
  KVM_X86_GET_MCE_CAP_SUPPORTED: (kvm, call) =>
    put(call, u64, mceCapSupported(kvm.profile, addsOnesOwn(kvm))) ? 0 : faulted(call.name),
}

/** Calls on a vCPU about machine checks. */
export const machineCheckCalls: Handlers<KvmVcpu> = {
  KVM_X86_SETUP_MCE: takes(u64, (vcpu: KvmVcpu, mcgCap) => returned(setupMce(checked(vcpu), mcgCap))),
  KVM_X86_SET_MCE: takes(kvmX86Mce, (vcpu: KvmVcpu, { status, addr, misc, mcg_status: mcgStatus, bank }) => {
    const answer = setMce(checked(vcpu), { status, addr, misc, mcgStatus, bank })
    if (answer.kind === 'refused') return answer
    if (answer.value === 'machine check') raise(vcpu)
    return 0
  }),
}

/** The exception waits for the next run. */
function raise({ state }: KvmVcpu): void {
  const events = state.getVcpuEvents()
  const exception = { ...events.exception, injected: 1, nr: machineCheck, has_error_code: 0, error_code: 0 }
  state.setVcpuEvents({ ...events, exception })
}

function checked(vcpu: KvmVcpu): CheckedVcpu {
  const { msrs, profile: kernel, processor } = vcpu
  return {
    ...{ kernel, msrs, module: msrs.module },
    checksEnabled: (processor.engine.get('CR4') & mce) !== 0n,
    apicInKernel: msrs.localApic !== 'user space',
  }
}
