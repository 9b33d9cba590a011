import {
  kvmDebugregs,
  kvmFpu,
  kvmLapicState,
  kvmMpState,
  kvmRegs,
  kvmSregs,
  kvmSregs2,
  kvmVcpuEvents,
  kvmXcrs,
} from '@vmm/kvm-uapi'
import type { Refusal } from '@vmm/rule'
import type { Refusal as StateRefusal, VcpuState } from '@vmm/vcpu'
import { ruled } from '../run/run-refusals.ts'
import type { KvmVcpu } from '../vcpu.ts'
import { type Call, faulted, gives, type Handlers, type Result, takes } from './call.ts'

/** Calls that get and set registers of a vCPU. */
export const stateCalls: Handlers<KvmVcpu> = {
  KVM_GET_REGS: gives(kvmRegs, ({ state }: KvmVcpu) => state.getRegs()),
  KVM_SET_REGS: takes(kvmRegs, ({ state }: KvmVcpu, regs) => state.setRegs(regs) ?? 0),
  KVM_GET_SREGS: gives(kvmSregs, ({ state }: KvmVcpu) => state.getSregs()),
  KVM_SET_SREGS: sets(kvmSregs, (state, sregs) => state.setSregs(sregs)),
  KVM_GET_SREGS2: gives(kvmSregs2, ({ state }: KvmVcpu) => state.getSregs2()),
  KVM_SET_SREGS2: sets(kvmSregs2, (state, sregs) => state.setSregs2(sregs)),
  KVM_GET_FPU: gives(kvmFpu, ({ state }: KvmVcpu) => state.getFpu()),
  KVM_SET_FPU: takes(kvmFpu, ({ state }: KvmVcpu, fpu) => state.setFpu(fpu) ?? 0),
  KVM_GET_DEBUGREGS: gives(kvmDebugregs, ({ state }: KvmVcpu) => state.getDebugregs()),
  KVM_SET_DEBUGREGS: sets(kvmDebugregs, (state, debugregs) => state.setDebugregs(debugregs)),
  KVM_GET_XCRS: gives(kvmXcrs, ({ state }: KvmVcpu) => state.getXcrs()),
  KVM_SET_XCRS: sets(kvmXcrs, (state, xcrs) => state.setXcrs(xcrs)),
  KVM_GET_VCPU_EVENTS: gives(kvmVcpuEvents, ({ state }: KvmVcpu) => state.getVcpuEvents()),
  KVM_SET_VCPU_EVENTS: sets(kvmVcpuEvents, (state, events) => state.setVcpuEvents(events)),
  KVM_GET_MP_STATE: gives(kvmMpState, ({ state }: KvmVcpu) => state.getMpState()),
  KVM_SET_MP_STATE: sets(kvmMpState, (state, mpState) => state.setMpState(mpState)),
  KVM_GET_LAPIC: gives(kvmLapicState, ({ state }: KvmVcpu, { name }) => given(name, state.getLapic())),
  KVM_SET_LAPIC: setLapic,
  KVM_GET_XSAVE: getXsave,
  KVM_GET_XSAVE2: (vcpu, call) => writesXsave(vcpu, call),
  KVM_SET_XSAVE: setXsave,
}

/** A handler that reads a struct, and gives it to a setter of the vCPU's state. */
function sets<T>(
  codec: Parameters<typeof takes<T, KvmVcpu>>[0],
  set: (state: VcpuState, value: T) => StateRefusal | undefined,
): (vcpu: KvmVcpu, call: Call) => Result {
  return takes(codec, ({ state }: KvmVcpu, value, { name }) => given(name, set(state, value) ?? 0))
}

/** What the state gave, a refusal of its own in the form that all have. */
function given<T>(call: string, made: T | StateRefusal): T | Refusal {
  const refused = typeof made === 'object' && made !== null && 'kind' in made && made.kind === 'refused'
  return refused ? ruled(call, made as StateRefusal) : (made as T)
}

const takesLapic = sets(kvmLapicState, (state, lapic) => state.setLapic(lapic))

/** Where there is no local APIC in the kernel, nobody looks at what is given. */
function setLapic(vcpu: KvmVcpu, call: Call): Result {
  const now = vcpu.state.getLapic()
  return 'kind' in now ? ruled(call.name, now) : takesLapic(vcpu, call)
}

/** Only where the area has no more than 4096 bytes. Catalogue `xsave-get-legacy-size`. */
function getXsave(vcpu: KvmVcpu, call: Call): Result {
  const says = 'the area has more than 4096 bytes'
  if (vcpu.state.xsaveBytes > 4096) return ruled(call.name, { kind: 'refused', errno: 'EINVAL', says })
  return writesXsave(vcpu, call)
}

function writesXsave({ state }: KvmVcpu, call: Call): Result {
  return call.memory.write(call.argument, state.getXsave()) ? 0 : faulted(call.name)
}

function setXsave({ state }: KvmVcpu, call: Call): Result {
  const area = call.memory.read(call.argument, state.xsaveBytes)
  return area === undefined ? faulted(call.name) : given(call.name, state.setXsave(area) ?? 0)
}
