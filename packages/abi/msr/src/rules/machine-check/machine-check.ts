/** The machine-check state of one vCPU. */
export interface MachineCheckState {
  readonly mcgCap: bigint
  readonly mcgStatus: bigint
  readonly mcgCtl: bigint
  /** CTL, STATUS, ADDR and MISC of each bank. */
  readonly banks: readonly (readonly [ctl: bigint, status: bigint, addr: bigint, misc: bigint])[]
  readonly ctl2: readonly bigint[]
}

/** KVM_X86_SETUP_MCE. */
export interface SetupMceCall {
  readonly mcgCap: bigint
  /** What KVM_X86_GET_MCE_CAP_SUPPORTED gives. */
  readonly supported: bigint
  /** Left out: `'kvm_intel'`. */
  readonly module?: 'kvm_intel' | 'kvm_amd'
  readonly state: MachineCheckState
}

/** An error, as struct kvm_x86_mce has it. */
export interface MachineError {
  readonly status: bigint
  readonly addr: bigint
  readonly misc: bigint
  readonly mcgStatus: bigint
  readonly bank: number
}

/** KVM_X86_SET_MCE, and what it comes to. */
export interface SetMceCall {
  readonly error: MachineError
  /** CR4.MCE. */
  readonly checksEnabled: boolean
  readonly apicInKernel: boolean
  readonly state: MachineCheckState
  /** What happens to the vCPU at its next run. */
  readonly outcome?: 'machine check' | 'shutdown' | 'corrected interrupt'
}

/** The most banks of a vCPU. Source: KVM_MAX_MCE_BANKS. */
export const mostBanks = 32
export const allOnes = (1n << 64n) - 1n

/** IA32_MCG_CAP: CTL_P, CMCI_P, SER_P, LMCE_P. */
export const ctlP = 1n << 8n
export const cmciP = 1n << 10n
export const serP = 1n << 24n
export const lmceP = 1n << 27n
/** IA32_MCG_STATUS.MCIP. */
export const inProgress = 1n << 2n
/** IA32_MCi_STATUS. */
export const valid = 1n << 63n
export const overflow = 1n << 62n
export const uncorrected = 1n << 61n
export const contextCorrupt = 1n << 57n
export const signaled = 1n << 56n
export const actionRequired = 1n << 55n
/** IA32_MCi_CTL2.CMCI_EN. */
export const cmciEnable = 1n << 30n

export const bankCount = (mcgCap: bigint): number => Number(mcgCap & 0xffn)

const emptyBank = [allOnes, 0n, 0n, 0n] as const

/** Two banks, and everything that an Intel host supports. */
export const twoBanks: MachineCheckState = {
  mcgCap: 2n | ctlP | cmciP | serP,
  mcgStatus: 0n,
  mcgCtl: allOnes,
  banks: [emptyBank, emptyBank],
  ctl2: [0n, 0n],
}

export const setupTwo: SetupMceCall = { mcgCap: 2n | ctlP, supported: ctlP | cmciP | serP | lmceP, state: twoBanks }

/** An uncorrected error that the context of the processor survived, in bank 1. */
export const uncorrectedError: MachineError = {
  status: valid | uncorrected | signaled,
  addr: 0x1000n,
  misc: 0x8cn,
  mcgStatus: 5n,
  bank: 1,
}
export const raise = (error: Partial<MachineError>, state: Partial<MachineCheckState> = {}): SetMceCall => ({
  error: { ...uncorrectedError, ...error },
  checksEnabled: true,
  apicInKernel: true,
  state: { ...twoBanks, ...state },
})

/** The state with some of one bank's registers changed. */
export function withBank(
  state: MachineCheckState,
  at: number,
  change: (bank: MachineCheckState['banks'][number]) => MachineCheckState['banks'][number],
): MachineCheckState {
  return { ...state, banks: state.banks.map((bank, i) => (i === at ? change(bank) : bank)) }
}
