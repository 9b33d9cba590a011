/** One entry of KVM_GET_MSRS on /dev/kvm. What is read and not told is 0. */
export interface SystemRead {
  readonly index: number
  /** What KVM tells of each feature MSR on this host. */
  readonly told: ReadonlyMap<number, bigint>
  /** KVM_GET_MSR_INDEX_LIST lists it. */
  readonly listed?: boolean
  /** The module's parameter. */
  readonly ignoreMsrs?: boolean
}

/** The microcode revision of a host that tells nothing else. */
export const eightB: SystemRead = { index: 0x8b, told: new Map([[0x8b, 1n]]) }
