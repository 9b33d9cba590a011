import { entryControls, exitControls, secondaryControls } from './controls.ts'
import { nestedVmxMsrs, type VmxProcessor } from './nested-vmx-msrs.ts'

const allowed = 32n

/** What KVM offers where the processor can do all of it, and no processor of this project executes: by MSR, the bits that are clear. */
const missing: readonly (readonly [msrs: readonly number[], bits: bigint])[] = [
  [[0x483, 0x48f], (exitControls.LOAD_PERF_GLOBAL_CTRL | exitControls.CLEAR_BNDCFGS) << allowed],
  [[0x484, 0x490], (entryControls.LOAD_PERF_GLOBAL_CTRL | entryControls.LOAD_BNDCFGS) << allowed],
  [
    [0x48b],
    (secondaryControls.PAUSE_LOOP_EXITING |
      secondaryControls.VMFUNC |
      secondaryControls.ENCLS_EXITING |
      secondaryControls.PML |
      secondaryControls.USER_WAIT_PAUSE) <<
      allowed,
  ],
  // functions of VMFUNC
  [[0x491], ~0n],
]

/**
 * The capability MSRs of VMX, 480H to 491H, that KVM would make on a processor which executes VMX as this project does: what is not
 * executed is not offered.
 */
export function executedVmxMsrs(processor: Pick<VmxProcessor, 'has'>): ReadonlyMap<number, bigint> {
  const told = new Map(nestedVmxMsrs({ ...processor, postedInterrupts: true, tscScaling: true, sgx: false }))
  for (const [msrs, bits] of missing) for (const index of msrs) told.set(index, (told.get(index) ?? 0n) & ~bits)
  return told
}
