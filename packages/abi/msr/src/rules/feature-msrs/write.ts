/** A host's write to a feature MSR, before its setter is asked. */
export interface FeatureMsrWrite {
  readonly index: number
  readonly data: bigint
  /** What KVM_GET_MSRS would read from the vCPU; none if that fails. */
  readonly current: bigint | undefined
  /** KVM_RUN was called. */
  readonly hasRun: boolean
  /** A nested guest runs. */
  readonly l2Active: boolean
}

const isVmx = (index: number) => index >= 0x480 && index <= 0x491

/** DE_CFG, IA32_ARCH_CAPABILITIES, IA32_PERF_CAPABILITIES, and all of VMX; the microcode revision is not among them. */
export const isFrozen = (index: number): boolean => isVmx(index) || [0xc001_1029, 0x10a, 0x345].includes(index)

/** MSR_PLATFORM_INFO became a feature MSR later. */
export const platformInfo = 0xce
/** IA32_BIOS_SIGN_ID: what the microcode says it is can change under a guest. */
export const microcodeRevision = 0x8b

export const differs = ({ current, data }: FeatureMsrWrite): boolean => current === undefined || current !== data

/** The capabilities of VMX written anew to a vCPU that has run, as they are. */
export const sameValueAfterRun: FeatureMsrWrite = { index: 0x480, data: 5n, current: 5n, hasRun: true, l2Active: false }
export const otherValueAfterRun: FeatureMsrWrite = { ...sameValueAfterRun, data: 4n }
