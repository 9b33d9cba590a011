import type { Profile } from '@vmm/rule'
import { vmxCapabilities } from './capability-names.rows.ts'
import { entryControls, exitControls, secondaryControls } from './controls.ts'
import { nestedVmxMsrs, type VmxProcessor } from './nested-vmx-msrs.ts'

const allowed = 32n

/** Something that VMX can do, by QEMU's name. */
export type VmxCapability = keyof typeof vmxCapabilities

/** What KVM offers where the processor can do all of it, and no processor of this project executes: by MSR, the bits that are clear. */
const missing: readonly (readonly [msrs: readonly number[], bits: bigint])[] = [
  [[0x483, 0x48f], (exitControls.LOAD_PERF_GLOBAL_CTRL | exitControls.CLEAR_BNDCFGS) << allowed],
  [[0x484, 0x490], (entryControls.LOAD_PERF_GLOBAL_CTRL | entryControls.LOAD_BNDCFGS) << allowed],
  [[0x48b], (secondaryControls.ENCLS_EXITING | secondaryControls.USER_WAIT_PAUSE) << allowed],
]

/** EPT violations tell of the linear address's page. Source: SDM 3D A.10. */
const violationInformation = 1n << 22n

/** What KVM offers nowhere, and the processors of this project execute: by MSR, the bits that are set. */
const beyond: readonly (readonly [msr: number, bits: bigint])[] = [
  [
    0x48b,
    (secondaryControls.PAUSE_LOOP_EXITING | secondaryControls.EPT_VIOLATION_VE | secondaryControls.MODE_BASED_EPT) <<
      allowed,
  ],
  [0x48c, violationInformation],
]

/**
 * The capability MSRs of VMX, 480H to 491H, of a processor which executes VMX as this project does: what KVM of a release would make on it, or the
 * newest, without what is not executed, with what is executed beyond KVM, and without what it is to lack.
 */
export function executedVmxMsrs(
  processor: Pick<VmxProcessor, 'has'>,
  { without = [], kernel }: { readonly without?: readonly VmxCapability[]; readonly kernel?: Profile } = {},
): ReadonlyMap<number, bigint> {
  const told = new Map(nestedVmxMsrs({ ...processor, postedInterrupts: true, tscScaling: true, sgx: false }, kernel))
  for (const [msrs, bits] of missing) for (const index of msrs) told.set(index, (told.get(index) ?? 0n) & ~bits)
  for (const [index, bits] of beyond) told.set(index, (told.get(index) ?? 0n) | bits)
  for (const name of without) {
    const [msr, bit] = vmxCapabilities[name]
    for (const index of sayingSame(msr)) told.set(index, (told.get(index) ?? 0n) & ~(1n << BigInt(bit)))
    for (const [index, bits] of following[name] ?? []) told.set(index, (told.get(index) ?? 0n) & ~bits)
  }
  return told
}

/**
 * What there is not without something else, by MSR.
 *
 * Source: SDM 3D A.10, A.11; feature_dependencies in target/i386/cpu.c of QEMU 7.2.
 */
const following: { readonly [C in VmxCapability]?: readonly (readonly [msr: number, bits: bigint])[] } = {
  'vmx-secondary-ctls': [
    [0x48b, ~0n],
    [0x48c, ~0n],
    [0x491, ~0n],
  ],
  'vmx-ept': [
    [
      0x48b,
      (secondaryControls.UNRESTRICTED_GUEST | secondaryControls.PML | secondaryControls.MODE_BASED_EPT) << allowed,
    ],
    [0x48c, 0xffff_ffffn],
    [0x491, 1n],
  ],
  'vmx-vpid': [[0x48c, 0xffff_ffff_0000_0000n]],
  'vmx-vmfunc': [[0x491, ~0n]],
}

/** Controls that may be 1 are told by an MSR from before there were TRUE ones, too. Source: SDM 3D A.3 to A.5. */
function sayingSame(msr: number): readonly number[] {
  return msr >= firstTrue && msr <= lastTrue ? [msr, msr - (firstTrue - firstPlain)] : [msr]
}

const [firstPlain, firstTrue, lastTrue] = [0x481, 0x48d, 0x490]
