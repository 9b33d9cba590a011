import type { ProcessorState } from '@vmm/processors'
import { exceptionAt } from '@vmm/x86-registers'
import type { Ending } from './case.ts'
import type { Environment } from './environments.ts'

/** What ports and MSRs answer, and what they were told. */
export interface Surroundings {
  readonly answers: ReadonlyMap<string, bigint>
  readonly told: Map<string, bigint>
}

/** Something that executes instructions: an engine, the oracle. */
export interface Subject {
  readonly name: string
  /** Prepares memory and everything that cases of this environment share. */
  enter(environment: Environment): void
  readonly state: ProcessorState
  read(address: number, bytes: number): Uint8Array
  write(address: number, bytes: Uint8Array): void
  /** Runs the instruction at RIP until it is done; a repeated one with all its repetitions. */
  run(surroundings: Surroundings): Ending
}

/** More repetitions than any case has. */
export const patience = 4096

/** A fault as cases write it. Real mode has nowhere to push an error code. SDM 3B §20.1.4. */
export function faultOf(
  subject: Subject,
  { vector, errorCode }: { readonly vector: number; readonly errorCode: number | undefined },
): Ending {
  const exception = exceptionAt(vector)
  if (exception === undefined) throw new Error(`${subject.name} gave a fault of vector ${vector}`)
  const isReal = (subject.state.get('CR0') & 1n) === 0n
  return { kind: 'fault', exception, code: isReal ? undefined : errorCode }
}
