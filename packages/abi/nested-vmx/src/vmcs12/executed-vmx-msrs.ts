import { entryControls, exitControls, secondaryControls } from './controls.ts'
import { nestedVmxMsrs, type VmxProcessor } from './nested-vmx-msrs.ts'

const allowed = 32n

/** What KVM offers where the processor can do all of it, and no processor of this project executes: by MSR, the bits that are clear. */
const missing: readonly (readonly [msrs: readonly number[], bits: bigint])[] = [
  [[0x483, 0x48f], (exitControls.LOAD_PERF_GLOBAL_CTRL | exitControls.CLEAR_BNDCFGS) << allowed],
  [[0x484, 0x490], (entryControls.LOAD_PERF_GLOBAL_CTRL | entryControls.LOAD_BNDCFGS) << allowed],
  [
    [0x48b],
    (secondaryControls.PAUSE_LOOP_EXITING | secondaryControls.ENCLS_EXITING | secondaryControls.USER_WAIT_PAUSE) <<
      allowed,
  ],
]

/** EPT violations tell of the linear address's page. Source: SDM 3D A.10. */
const violationInformation = 1n << 22n

/** What KVM offers nowhere, and the processors of this project execute: by MSR, the bits that are set. */
const beyond: readonly (readonly [msr: number, bits: bigint])[] = [
  [0x48b, (secondaryControls.EPT_VIOLATION_VE | secondaryControls.MODE_BASED_EPT) << allowed],
  [0x48c, violationInformation],
]

/**
 * The capability MSRs of VMX, 480H to 491H, of a processor which executes VMX as this project does: what KVM would make on it, without what is not
 * executed, and with what is executed beyond KVM.
 */
export function executedVmxMsrs(processor: Pick<VmxProcessor, 'has'>): ReadonlyMap<number, bigint> {
  const told = new Map(nestedVmxMsrs({ ...processor, postedInterrupts: true, tscScaling: true, sgx: false }))
  for (const [msrs, bits] of missing) for (const index of msrs) told.set(index, (told.get(index) ?? 0n) & ~bits)
  for (const [index, bits] of beyond) told.set(index, (told.get(index) ?? 0n) | bits)
  return told
}
