import type { MsrError } from '../../kvm-call.ts'

/** An access that a handler failed, before anybody hears of it. */
export interface FailedAccess {
  readonly access: 'read' | 'write'
  readonly initiator: 'guest' | 'host'
  readonly index: number
  /** What is written; 0 for a read. */
  readonly data: bigint
  readonly error: MsrError
  /** Which of the lists of KVM_GET_MSR_INDEX_LIST has it on this host. */
  readonly listed: 'saved' | 'emulated' | 'not'
  /** The module parameter `ignore_msrs`. */
  readonly ignoreMsrs: boolean
  /** The module parameter `report_ignored_msrs`. */
  readonly reportIgnored: boolean
}

/** User space reads a counter that this vCPU does not have, and that KVM listed. */
export const listedCounter: FailedAccess = {
  access: 'read',
  initiator: 'host',
  index: 0x3f1,
  data: 0n,
  error: 'unsupported',
  listed: 'saved',
  ignoreMsrs: false,
  reportIgnored: true,
}
