import type { Answer } from '../answer.ts'
import type { Vm } from '../vm.ts'

/** What KVM_ENABLE_CAP is told beside the capability. */
export interface EnableCap {
  readonly cap: number
  readonly flags?: number
  readonly args?: readonly bigint[]
}

/** The four words of an argument; what is left out is 0. */
export type CapArguments = readonly [bigint, bigint, bigint, bigint]

/** What enabling capabilities does to a VM, by the kernel's names. */
export type VmCapabilities = Readonly<Record<string, (vm: Vm, given: CapArguments) => Answer<number>>>

/** The arguments as the kernel sees them: four. */
export function capArguments(args: readonly bigint[] = []): CapArguments {
  const [first = 0n, second = 0n, third = 0n, fourth = 0n] = args
  return [first, second, third, fourth]
}
