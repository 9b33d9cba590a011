import type { Rule } from '@vmm/rule'
import type { FileKind } from '../irqfd/case.ts'

/** KVM_IOEVENTFD. */
export interface IoeventfdCase {
  readonly addr: bigint
  readonly len: number
  /** KVM_IOEVENTFD_FLAG_*. */
  readonly flags: number
  readonly fd: FileKind
  /** Whether an eventfd is tied there that some store would signal as well. */
  readonly collides: boolean
  /** Whether this very eventfd is tied to these very stores. */
  readonly tied: boolean
  /** Devices on the bus, eventfds not counted. */
  readonly devices: number
}

/** A refusal of that call. */
export type IoeventfdRule = Rule<IoeventfdCase>

/** KVM_IOEVENTFD_FLAG_*. */
export const ioeventfdFlag = { datamatch: 1, pio: 2, deassign: 4, virtioCcwNotify: 8 } as const

/** The last address of all: the kernel counts in 64 bits. */
export const lastAddress = 0xffff_ffff_ffff_ffffn

/** Whether an eventfd is to be tied, not untied. */
export const ties = ({ flags }: IoeventfdCase): boolean => (flags & ioeventfdFlag.deassign) === 0

/** An eventfd for bytes that are written to port 80H. */
export const bytesOfPort: IoeventfdCase = {
  addr: 0x80n,
  len: 1,
  flags: ioeventfdFlag.pio,
  fd: 'eventfd',
  collides: false,
  tied: false,
  devices: 0,
}
