import type * as Kvm from '@vmm/kvm-uapi'
import type { NestingPort } from '../nesting.ts'
import type { Refusal } from '../refusal.ts'
import { getDebugregs, setDebugregs } from './debugregs.ts'
import { getFpu, setFpu } from './fpu.ts'
import { getMsrs, setMsrs } from './msrs.ts'
import type { StateParts } from './parts.ts'
import { getLapic, getMpState, setLapic, setMpState } from './processor-state.ts'
import { getRegs, setRegs } from './regs.ts'
import { getSregs, getSregs2, type LoadedSregs, loadSregs, setSregs, setSregs2 } from './sregs.ts'
import { type EventCapabilities, getVcpuEvents, setVcpuEvents } from './vcpu-events.ts'
import { getXcrs, setXcrs } from './xcrs.ts'
import { getXsave, setXsave, xsaveBytes } from './xsave.ts'

/**
 * A vCPU's state as KVM's calls give and take it. A setter gives nothing when it is done, else a refusal with the
 * kernel's errno. Source: Documentation/virt/kvm/api.rst, and what each function cites.
 */
export class VcpuState {
  readonly #parts: StateParts
  readonly #capabilities: EventCapabilities

  constructor(parts: StateParts, capabilities: EventCapabilities) {
    this.#parts = parts
    this.#capabilities = capabilities
  }

  /** KVM_GET_REGS. */
  getRegs(): Kvm.KvmRegs {
    return getRegs(this.#parts)
  }

  /** KVM_SET_REGS: never refused. */
  setRegs(regs: Kvm.KvmRegs): void {
    setRegs(this.#parts, regs)
  }

  /** KVM_GET_SREGS. */
  getSregs(): Kvm.KvmSregs {
    return getSregs(this.#parts)
  }

  /** KVM_SET_SREGS: EINVAL changes nothing. */
  setSregs(sregs: Kvm.KvmSregs): Refusal | undefined {
    return this.#parts.nesting.by?.refusesSregs(sregs) ?? setSregs(this.#parts, sregs)
  }

  /** Loads system registers as a VM entry or exit does: nobody is asked, and what is not given stays. */
  loadSregs(sregs: LoadedSregs): void {
    loadSregs(this.#parts, sregs)
  }

  /** KVM_GET_SREGS2. */
  getSregs2(): Kvm.KvmSregs2 {
    return getSregs2(this.#parts)
  }

  /** KVM_SET_SREGS2: EINVAL changes nothing. */
  setSregs2(sregs: Kvm.KvmSregs2): Refusal | undefined {
    return this.#parts.nesting.by?.refusesSregs(sregs) ?? setSregs2(this.#parts, sregs)
  }

  /** KVM_GET_MSRS: what was read before the first register that could not be. */
  getMsrs(indices: readonly number[]): Refusal | readonly Kvm.KvmMsrEntry[] {
    return getMsrs(this.#parts, indices)
  }

  /** KVM_SET_MSRS: how many were set before the first that was refused. */
  setMsrs(entries: readonly Kvm.KvmMsrEntry[]): Refusal | number {
    const { engine, nesting } = this.#parts
    const before = engine.get('IA32_EFER')
    const set = setMsrs(this.#parts, entries)
    nesting.by?.eferSet(before, engine.get('IA32_EFER'))
    const count = typeof set === 'number' ? set : 0
    for (const { index, data } of entries.slice(0, count)) nesting.by?.msrSet(index, data)
    return set
  }

  /** KVM_GET_VCPU_EVENTS. */
  getVcpuEvents(): Kvm.KvmVcpuEvents {
    return getVcpuEvents(this.#parts, this.#capabilities)
  }

  /** KVM_SET_VCPU_EVENTS. */
  setVcpuEvents(events: Kvm.KvmVcpuEvents): Refusal | undefined {
    const { state } = this.#parts.events
    const wasInSmm = state.smm
    const refused = setVcpuEvents(this.#parts, events, this.#capabilities)
    if (state.smm !== wasInSmm) this.#parts.nesting.by?.smmSet(wasInSmm, state.smm)
    return refused
  }

  /** KVM_GET_FPU. */
  getFpu(): Kvm.KvmFpu {
    return getFpu(this.#parts)
  }

  /** KVM_SET_FPU: never refused. */
  setFpu(fpu: Kvm.KvmFpu): void {
    setFpu(this.#parts, fpu)
  }

  /** How many bytes KVM_GET_XSAVE2 gives: KVM_CHECK_EXTENSION of KVM_CAP_XSAVE2. */
  get xsaveBytes(): number {
    return xsaveBytes(this.#parts)
  }

  /** KVM_GET_XSAVE2; KVM_GET_XSAVE as long as these are 4096 bytes. */
  getXsave(): Uint8Array {
    return getXsave(this.#parts)
  }

  /** KVM_SET_XSAVE. */
  setXsave(area: Uint8Array): Refusal | undefined {
    return setXsave(this.#parts, area)
  }

  /** KVM_GET_DEBUGREGS. */
  getDebugregs(): Kvm.KvmDebugregs {
    return getDebugregs(this.#parts)
  }

  /** KVM_SET_DEBUGREGS. */
  setDebugregs(debugregs: Kvm.KvmDebugregs): Refusal | undefined {
    return setDebugregs(this.#parts, debugregs)
  }

  /** KVM_GET_XCRS. */
  getXcrs(): Kvm.KvmXcrs {
    return getXcrs(this.#parts)
  }

  /** KVM_SET_XCRS. */
  setXcrs(xcrs: Kvm.KvmXcrs): Refusal | undefined {
    return setXcrs(this.#parts, xcrs)
  }

  /** KVM_GET_MP_STATE. */
  getMpState(): Kvm.KvmMpState {
    return getMpState(this.#parts)
  }

  /** KVM_SET_MP_STATE. */
  setMpState(state: Kvm.KvmMpState): Refusal | undefined {
    return setMpState(this.#parts, state)
  }

  /** KVM_GET_LAPIC. */
  getLapic(): Kvm.KvmLapicState | Refusal {
    return getLapic(this.#parts)
  }

  /** KVM_SET_LAPIC. */
  setLapic(state: Kvm.KvmLapicState): Refusal | undefined {
    return setLapic(this.#parts, state)
  }

  /** Somebody keeps account of nested virtualization. */
  nestBy(nesting: NestingPort): void {
    this.#parts.nesting.by = nesting
  }

  /** INIT takes effect: whoever keeps account of nested virtualization is told. */
  nestedInitialized(): void {
    this.#parts.nesting.by?.initialized()
  }
}
