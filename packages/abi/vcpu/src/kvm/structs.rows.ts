import { kernelSource } from '@vmm/source'
import {
  kvmDebugregs,
  kvmDtable,
  kvmFpu,
  kvmGuestDebug,
  kvmLapicState,
  kvmMpState,
  kvmMsrEntry,
  kvmMsrsHead,
  kvmRegs,
  kvmSegment,
  kvmSregs,
  kvmSregs2,
  kvmVcpuEvents,
  kvmXcr,
  kvmXcrs,
  kvmXsave,
} from './structs.ts'

/** A struct of the kernel's, with the bytes that its headers give it. */
export interface KvmStruct {
  readonly name: string
  /** Its codec's size, and where its fields are. */
  readonly codec: { readonly size: number; readonly offset: Readonly<Record<string, number>> }
  /** `sizeof` on x86-64; without the array of variable length at the end, where there is one. */
  readonly bytes: number
  readonly source: ReturnType<typeof kernelSource>
}

const row = (name: string, codec: KvmStruct['codec'], bytes: number, header = 'arch/x86/include/uapi/asm/kvm.h'): KvmStruct => ({
  name,
  codec,
  bytes,
  source: kernelSource(header, name, '6.1'),
})

/** The structs that a vCPU's state travels in, in the header's order. `bytes` was printed by a C program over linux-libc-dev 6.1. */
export const kvmStructs: readonly KvmStruct[] = [
  //  name               codec          sizeof
  row('kvm_regs',        kvmRegs,          144),
  row('kvm_lapic_state', kvmLapicState,   1024),
  row('kvm_segment',     kvmSegment,        24),
  row('kvm_dtable',      kvmDtable,         16),
  row('kvm_sregs',       kvmSregs,         312),
  row('kvm_sregs2',      kvmSregs2,        320),
  row('kvm_fpu',         kvmFpu,           416),
  row('kvm_msr_entry',   kvmMsrEntry,       16),
  row('kvm_msrs',        kvmMsrsHead,        8),
  row('kvm_guest_debug', kvmGuestDebug,     72, 'include/uapi/linux/kvm.h'),
  row('kvm_vcpu_events', kvmVcpuEvents,     64),
  row('kvm_debugregs',   kvmDebugregs,     128),
  row('kvm_xsave',       kvmXsave,        4096),
  row('kvm_xcr',         kvmXcr,            16),
  row('kvm_xcrs',        kvmXcrs,          392),
  row('kvm_mp_state',    kvmMpState,         4, 'include/uapi/linux/kvm.h'),
]
