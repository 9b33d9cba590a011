import { type CpuidTable, entry } from '../../entry.ts'
import type { DerivedState, SetCpuidCall } from '../../set-cpuid-call.ts'
import { nowhere } from '../hypervisor-base.ts'
import { aHost } from '../runtime/a-runtime-update.ts'

const nothingSupported = (): CpuidTable => []

/** What KVM remembers beside an empty table. */
export const nothingDerived: DerivedState = {
  maxPhyAddr: 36,
  walkedWidth: undefined,
  guestSupportedXcr0: 0n,
  guestSupportedXss: 0n,
  pvFeatures: 0,
  vendorRules: 'intel',
  tscDeadline: false,
  hyperv: false,
  gbpages: false,
  cr4Reserved: 0n,
  capabilities: undefined,
}

/** The smallest tables that differ in something a guest can see: their highest leaf. For witnesses. */
export const tableTo = (highestLeaf: number): CpuidTable => [entry(0, { eax: highestLeaf })]

/** A call that nothing speaks against, of a table with one leaf. For witnesses. */
export function aCall(changes: Partial<SetCpuidCall> = {}): SetCpuidCall {
  const entries = changes.request?.entries ?? changes.incoming ?? tableTo(1)
  const stored = changes.stored ?? []
  return {
    call: 'KVM_SET_CPUID2',
    request: { header: 'readable', nent: entries.length, readable: entries.length, entries },
    hasRun: false,
    l2Active: false,
    frozen: false,
    registers: { cr4: 0n, xcr0: 1n, xss: 0n, apicBase: 0xfee0_0900n, miscEnable: 0n },
    vm: { hltInGuest: false, mwaitFollows: false },
    apicInKernel: true,
    permitted: 0n,
    failing: undefined,
    host: {
      ...aHost,
      supported: nothingSupported,
      hyperv: true,
      xen: true,
      tdp: true,
      gbpages: true,
      nx: true,
      supportedXss: 0n,
      physicalAddressWidth: 46,
      smallerMaxPhyAddr: false,
    },
    lookup: 'first',
    shown: stored,
    incoming: entries,
    stored,
    installed: false,
    pending: false,
    hypervContext: false,
    fpu: 0n,
    kvmBase: nowhere,
    xenBase: nowhere,
    derived: nothingDerived,
    effects: [],
    ...changes,
  }
}

/** A call of a vCPU that has run with a table, and is given another. For witnesses. */
export function aCallAfterRun(stored: CpuidTable, incoming: CpuidTable): SetCpuidCall {
  return aCall({ hasRun: true, frozen: true, stored, incoming })
}
