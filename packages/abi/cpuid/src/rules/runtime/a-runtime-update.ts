import { type CpuidTable, entry } from '../../entry.ts'
import { nowhere } from '../hypervisor-base.ts'
import type { RuntimeUpdate, ShownHost } from './runtime-state.ts'

/** A host with AVX, PKU, and AMX, whose tile data is the one component that must be aligned. For witnesses. */
export const aHost: ShownHost = {
  xsave: true,
  pku: true,
  components: [
    { bit: 2, size: 256, offset: 576, kind: 'user', aligned: 'packed' },
    { bit: 9, size: 8, offset: 2688, kind: 'user', aligned: 'packed' },
    { bit: 11, size: 16, offset: 0, kind: 'supervisor', aligned: 'packed' },
    { bit: 18, size: 8192, offset: 2816, kind: 'user', aligned: 'aligned' },
  ],
  supportedXcr0: 0x6_0207n,
}

/** A runtime update of a table that a vCPU has just after its creation. For witnesses. */
export function aRuntimeUpdate(table: CpuidTable, changes: Partial<RuntimeUpdate> = {}): RuntimeUpdate {
  return {
    table,
    shown: [],
    lookup: 'first',
    registers: { cr4: 0n, xcr0: 1n, xss: 0n, apicBase: 0xfee0_0900n, miscEnable: 0n },
    vm: { hltInGuest: false, mwaitFollows: false },
    host: aHost,
    kvmBase: nowhere,
    xenBase: nowhere,
    ...changes,
  }
}

/** KVM's own two leaves at a base, with feature bits. For witnesses. */
export function kvmLeavesAt(base: number, features: number): CpuidTable {
  const signature = { eax: base + 1, ebx: 0x4b4d_564b, ecx: 0x564b_4d56, edx: 0x4d }
  return [entry(base, signature), entry(base + 1, { eax: features })]
}
