import { findEntry, has } from '@vmm/cpuid'
import type { KvmVcpu } from '../vcpu.ts'
import type { Vm } from '../vm.ts'

/** MAXPHYADDR where no table says one. Source: arch/x86/kvm/cpuid.c cpuid_query_maxphyaddr (Linux 6.12). */
const defaultPhysicalAddressBits = 36

/** Gives a vCPU that was just made its local APIC, where the VM has them in the kernel. */
export function joinApic(vm: Vm, vcpu: KvmVcpu): void {
  const guest = {
    get physicalAddressBits() {
      const told = (findEntry(vcpu.cpuid, 0x8000_0008, 0)?.eax ?? 0) & 0xff
      return told === 0 ? defaultPhysicalAddressBits : told
    },
    get x2apic() {
      return has(vcpu.cpuid, 'X2APIC')
    },
    get tscDeadline() {
      return has(vcpu.cpuid, 'TSC_DEADLINE')
    },
  }
  const joined = vm.interrupts.join({
    id: vcpu.id,
    guest,
    tsc: vcpu.timeStampCounter,
    registers: vcpu.processor.apicRegisters,
    onSignal: (signal) => vcpu.signal(signal),
    onChange: () => vcpu.lookAgain(),
  })
  if (joined !== undefined) vcpu.join(joined)
}
