import { type Feature, features } from '@vmm/cpuid'
import { msrAt } from '../all.ts'
import type { MsrCall, MsrHost, MsrVcpu, MsrVm } from '../kvm-call.ts'
import type { Initiator } from '../msr.ts'

/** An Intel host that has everything. */
export const intelHost: MsrHost = {
  module: 'kvm_intel',
  features: new Set<Feature>(features),
  linearAddressWidth: 48,
  featureMsrs: new Map(),
  xss: 0x1800n,
  efer: 0xd01n,
  ignoreMsrs: false,
  tracesGuests: true,
  branchVirtualization: true,
  smm: true,
  stealTime: true,
}

/** An AMD host that has everything. */
export const amdHost: MsrHost = { ...intelHost, module: 'kvm_amd', efer: 0x20_5d01n }

/** A VM that was told nothing. */
export const plainVm: MsrVm = {
  enforcePvCpuid: false,
  guestReadsPlatformInfo: true,
  quirkMiscEnableNoMwait: true,
  xenMsr: 0,
  isMapped: () => true,
}

/** A vCPU that has never run, and whose CPUID has no features. */
export const plainVcpu: MsrVcpu = {
  features: new Set<Feature>(),
  vendor: 'intel',
  isHostModel: true,
  physicalAddressWidth: 46,
  linearAddressWidth: 48,
  paging: false,
  values: new Map(),
  hasRun: false,
  l2Active: false,
  vmxOn: false,
  localApic: 'xapic',
  dynamicFeatures: 0n,
  xss: 0n,
}

/** What a witness changes of the plain surroundings. */
export interface Around {
  readonly vcpu?: Partial<MsrVcpu>
  readonly vm?: Partial<MsrVm>
  readonly host?: Partial<MsrHost>
}

const call =
  (access: MsrCall['access'], initiator: Initiator) =>
  (index: number, data = 0n, { vcpu, vm, host }: Around = {}): MsrCall => ({
    access,
    initiator,
    index,
    data,
    row: msrAt(index),
    vcpu: { ...plainVcpu, ...vcpu },
    vm: { ...plainVm, ...vm },
    host: { ...intelHost, ...host },
  })

export const guestWrites = call('write', 'guest')
export const hostWrites = call('write', 'host')
export const guestReads = call('read', 'guest')
export const hostReads = call('read', 'host')

/** CPUID features of a witness. */
export const having = (...list: readonly Feature[]): { readonly features: ReadonlySet<Feature> } => ({
  features: new Set(list),
})

/** Values of registers of a witness. */
export const holding = (
  ...list: readonly (readonly [number, bigint])[]
): { readonly values: ReadonlyMap<number, bigint> } => ({
  values: new Map(list),
})
