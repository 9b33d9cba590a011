import type { KvmFpu } from '@vmm/kvm-uapi'
import { readStack, readXmm, writeStack, writeXmm } from './legacy-area.ts'
import type { StateParts } from './parts.ts'

/** KVM_GET_FPU. `mxcsr` is told as zero, as the kernel does: KVM_GET_XSAVE has it. Source: arch/x86/kvm/x86.c kvm_arch_vcpu_ioctl_get_fpu. */
export function getFpu({ engine }: StateParts): KvmFpu {
  return {
    fpr: readStack(engine),
    fcw: Number(engine.get('FCW')),
    fsw: Number(engine.get('FSW')),
    ftwx: Number(engine.get('FTW')),
    last_opcode: Number(engine.get('FOP')),
    last_ip: engine.get('FIP'),
    last_dp: engine.get('FDP'),
    xmm: readXmm(engine),
    mxcsr: 0,
  }
}

/** KVM_SET_FPU. Everything is accepted, and `mxcsr` is not looked at. */
export function setFpu({ engine }: StateParts, fpu: KvmFpu): void {
  engine.set('FCW', BigInt(fpu.fcw))
  engine.set('FSW', BigInt(fpu.fsw))
  engine.set('FTW', BigInt(fpu.ftwx))
  engine.set('FOP', BigInt(fpu.last_opcode))
  engine.set('FIP', fpu.last_ip)
  engine.set('FDP', fpu.last_dp)
  writeStack(engine, fpu.fpr)
  writeXmm(engine, fpu.xmm)
}
