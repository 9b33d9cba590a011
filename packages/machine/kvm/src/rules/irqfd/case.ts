import type { Rule } from '@vmm/rule'
import type { IrqchipMode } from '../create-irqchip/case.ts'

/** What a number of a process stands for: an eventfd, another file, or nothing. */
export type FileKind = 'eventfd' | 'other' | 'closed'

/** KVM_IRQFD. */
export interface IrqfdCase {
  readonly irqchip: IrqchipMode
  /** KVM_IRQFD_FLAG_*. */
  readonly flags: number
  readonly gsi: number
  readonly fd: FileKind
  readonly resamplefd: FileKind
  /** Where the eventfd raises an interrupt already. */
  readonly tied: 'here' | 'elsewhere' | 'nowhere'
}

/** A refusal of that call. */
export type IrqfdRule = Rule<IrqfdCase>

/** KVM_IRQFD_FLAG_*. */
export const irqfdFlag = { deassign: 1, resample: 2 } as const

/** Whether an eventfd is to be tied, not untied. */
export const ties = ({ flags }: IrqfdCase): boolean => (flags & irqfdFlag.deassign) === 0

/** Whether it is to be tied together with one that is told of acknowledgements. */
export const tiesTwo = (call: IrqfdCase): boolean => ties(call) && (call.flags & irqfdFlag.resample) !== 0

/** An eventfd of its own, and a VM with all interrupt controllers. */
export const freshEventfd: IrqfdCase = {
  irqchip: 'full',
  flags: 0,
  gsi: 5,
  fd: 'eventfd',
  resamplefd: 'eventfd',
  tied: 'nowhere',
}

/** The same with another that is told of acknowledgements. */
export const twoEventfds: IrqfdCase = { ...freshEventfd, flags: irqfdFlag.resample }
