import { inForce, type Profile } from '@vmm/rule'
import { entryControls, exitControls, pinControls, secondaryControls } from './controls.ts'
import { offeredMsrs, offeredSince } from './offered-msrs.rows.ts'

type NeededFeature =
  | ('LA57' | 'MPX' | 'RDSEED' | 'XSAVES' | 'WAITPKG' | 'RDTSCP' | 'RDRAND' | 'INVPCID')
  | ('CET_SS' | 'CET_IBT')

/** What of a processor decides what KVM offers of VMX there; the rest of VMX is taken to be there. */
export interface VmxProcessor {
  /** What the processor has, and KVM uses. */
  readonly has: (feature: NeededFeature) => boolean
  /** APICv, with posted interrupts. */
  readonly postedInterrupts: boolean
  readonly tscScaling: boolean
  /** SGX in guests. */
  readonly sgx: boolean
}

/** Of IA32_VMX_BASIC: exceptions can be injected with or without an error code. It came with the processors that CET came with. */
const anyErrorCode = 1n << 56n
const fiveLevelEpt = 1n << 7n
/** The largest index of a field that KVM keeps, shifted as the MSR has it. */
const enumeration = 0x32n
const fixedOnes = { pin: 0x16n, primary: 0x0401_e172n, exit: 0x3_6dffn, entry: 0x11ffn } as const

/**
 * The capability MSRs of VMX, 480H to 491H, as KVM makes them for a hypervisor in the guest, before anybody writes them and
 * before the guest's CPUID decides about CR4; of a release, or of the newest one. Recorded on a Haswell in Bochs, which lacks the monitor-trap flag beside.
 *
 * Source: arch/x86/kvm/vmx/nested.c nested_vmx_setup_ctls_msrs (Linux 6.12.117, 6.1.192).
 */
export function nestedVmxMsrs(processor: VmxProcessor, kernel?: Profile): ReadonlyMap<number, bigint> {
  const told = new Map<number, bigint>(Object.values(offeredMsrs).map(([index, value]) => [index, value]))
  const without = (index: number, bits: bigint) => told.set(index, (told.get(index) ?? 0n) & ~bits)
  without(0x48b, missingControls(processor) << 32n)
  if (!processor.postedInterrupts) without(0x48d, pinControls.POSTED_INTERRUPTS << 32n)
  if (!processor.has('MPX')) {
    without(0x48f, exitControls.CLEAR_BNDCFGS << 32n)
    without(0x490, entryControls.LOAD_BNDCFGS << 32n)
  }
  if (!processor.has('LA57')) without(0x48c, fiveLevelEpt)
  if (!processor.has('CET_SS') && !processor.has('CET_IBT')) {
    without(0x480, anyErrorCode)
    without(0x48f, exitControls.LOAD_CET << 32n)
    without(0x490, entryControls.LOAD_CET << 32n)
  }
  for (const [index, bits] of notYet(kernel)) without(index, bits)
  told.set(0x48a, enumeration)
  told.set(0x481, (told.get(0x48d) ?? 0n) | fixedOnes.pin)
  told.set(0x482, (told.get(0x48e) ?? 0n) | fixedOnes.primary)
  told.set(0x483, (told.get(0x48f) ?? 0n) | fixedOnes.exit)
  told.set(0x484, (told.get(0x490) ?? 0n) | fixedOnes.entry)
  return new Map([...told].sort(([a], [b]) => a - b))
}

/** What a release does not offer yet. */
function notYet(kernel: Profile | undefined) {
  if (kernel === undefined) return []
  return Object.values(offeredSince).filter(([, , lifetime]) => inForce(lifetime, kernel) === 'no')
}

/** Secondary controls that the processor does not have. */
function missingControls({ has, tscScaling, sgx }: VmxProcessor): bigint {
  const needed = [
    [has('RDTSCP'), secondaryControls.RDTSCP],
    [has('RDRAND'), secondaryControls.RDRAND_EXITING],
    [has('INVPCID'), secondaryControls.INVPCID],
    [has('RDSEED'), secondaryControls.RDSEED_EXITING],
    [has('XSAVES'), secondaryControls.XSAVES],
    [has('WAITPKG'), secondaryControls.USER_WAIT_PAUSE],
    [tscScaling, secondaryControls.TSC_SCALING],
    [sgx, secondaryControls.ENCLS_EXITING],
  ] as const
  return needed.reduce((missing, [there, control]) => (there ? missing : missing | control), 0n)
}
