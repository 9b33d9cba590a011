import type { DerivedState } from './derived-state.ts'
import type { HostAnswers } from './host-answers.ts'
import type { Imports } from './linked-interpreter.ts'
import type { OddAccesses } from './odd-accesses.ts'
import type { StateView } from './state-view.ts'
import type { ToldStores } from './told-stores.ts'

interface Answering {
  readonly state: StateView
  readonly answers: HostAnswers
  readonly derived: DerivedState
  readonly odd: OddAccesses
  readonly told: ToldStores
  readonly retired: () => number
}

/** What emitted code asks of TypeScript. */
export function engineImports({ state, answers, derived, odd, told, retired }: Answering): Imports {
  return {
    host: (_cpu: number, call: number): number => answers.answer(call),
    derive: (_cpu: number): void => derived.update(),
    shadow: (_cpu: number, kind: number): void => {
      state.set('SHADOW', BigInt(retired() + 1))
      state.set('SHADOW_KIND', BigInt(kind))
    },
    commit: (_cpu: number, record: number): number => odd.commit(record),
    oddRead: (_cpu: number, record: number, tlb: number, linear: bigint, kind: number): [number, number] =>
      odd.read(record, tlb, linear, kind),
    oddWrite: (_cpu: number, record: number, tlb: number, linear: bigint, kind: number): number =>
      odd.write(record, tlb, linear, kind),
    toldStore: (_cpu: number, physical: bigint): number => Number(told.begin(Number(physical))),
  }
}
