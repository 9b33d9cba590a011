import type { StartSegment, StartState } from '@vmm/boot'
import type { KvmVcpu } from '@vmm/kvm'
import type { KvmSegment } from '@vmm/kvm-uapi'
import { accessRights } from '@vmm/x86-registers'

/** Sets a vCPU up as a boot protocol says: KVM_SET_SREGS and KVM_SET_REGS. */
export function begin({ state }: KvmVcpu, { code, data, gdt, cr0, cr3, cr4, efer, rip, registers }: StartState): void {
  const [cs, other] = [segmentOf(code), segmentOf(data)]
  const before = state.getSregs()
  const refused = state.setSregs({
    ...before,
    ...{ cs, ds: other, es: other, fs: other, gs: other, ss: other },
    gdt: { base: BigInt(gdt?.base ?? 0), limit: gdt?.limit ?? 0 },
    cr0: BigInt(cr0),
    cr3: BigInt(cr3),
    cr4: BigInt(cr4),
    efer: BigInt(efer),
  })
  if (refused !== undefined) throw new Error(refused.says)
  const values = Object.entries(registers).map(([name, value]) => [name.toLowerCase(), BigInt(value)])
  const cleared = Object.fromEntries(Object.keys(state.getRegs()).map((name) => [name, 0n]))
  state.setRegs({ ...state.getRegs(), ...cleared, ...Object.fromEntries(values), rip: BigInt(rip), rflags: 2n })
}

/** Sends a vCPU to an address of real mode. */
export function beginInRealMode({ state }: KvmVcpu, address: number): void {
  const before = state.getSregs()
  const selector = (address >>> 4) & 0xffff
  const refused = state.setSregs({ ...before, cs: { ...before.cs, selector, base: BigInt(selector * 16) } })
  if (refused !== undefined) throw new Error(refused.says)
  state.setRegs({ ...state.getRegs(), rip: BigInt(address & 0xf) })
}

function segmentOf({ selector, base, limit, access }: StartSegment): KvmSegment {
  const bit = (mask: number) => ((access & mask) === 0 ? 0 : 1)
  return {
    selector,
    base: BigInt(base),
    limit,
    type: access & accessRights.type,
    s: bit(accessRights.nonSystem),
    dpl: (access >> accessRights.dplShift) & 3,
    present: bit(accessRights.present),
    avl: bit(accessRights.available),
    l: bit(accessRights.long),
    db: bit(accessRights.big),
    g: bit(accessRights.granular),
    unusable: bit(accessRights.unusable),
  }
}
