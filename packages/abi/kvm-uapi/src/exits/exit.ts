import { kernelSource, type Source } from '@vmm/source'
import { headerPaths } from '../structs/uapi-struct.ts'

/** Why KVM_RUN came back: a value of `kvm_run.exit_reason`. */
export interface ExitReason {
  readonly number: number
  /** The kernel's name: `KVM_EXIT_MMIO`. */
  readonly name: string
  /** The name without its prefix: `mmio`. */
  readonly word: string
  /** The arm of kvm_run's union that tells more; without one there is nothing more to tell. */
  readonly arm?: string
  /** Whether KVM on x86 ever says it. */
  readonly onX86: boolean
  readonly says: string
  readonly source: Source
}

/** Says an exit reason that x86 has. */
export function exit(number: number, name: string, arm: string | undefined, says: string, readIn = '6.12'): ExitReason {
  const source = kernelSource(headerPaths.linux, name, readIn)
  const word = name.slice('KVM_EXIT_'.length).toLowerCase().replaceAll('_', '-')
  return { number, name, word, ...(arm === undefined ? {} : { arm }), onX86: true, says, source }
}

/** Says an exit reason that only another architecture has; its number is taken all the same. */
export function elsewhere(
  number: number,
  name: string,
  arm: string | undefined,
  says: string,
  readIn = '6.12',
): ExitReason {
  return { ...exit(number, name, arm, says, readIn), onX86: false }
}
