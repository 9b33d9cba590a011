import type { Answers } from './answers.ts'
import type { DerivedState } from './derived-state.ts'
import type { HostAnswers } from './host-answers.ts'
import type { OddAccesses } from './odd-accesses.ts'
import type { Slice } from './slice.ts'
import { at } from './state-layout.ts'
import type { StateView } from './state-view.ts'
import type { ToldAccesses } from './told-accesses.ts'

interface Answering {
  readonly answers: HostAnswers
  readonly odd: OddAccesses
  readonly derived: DerivedState
  readonly state: StateView
  readonly slice: Slice
  readonly told: ToldAccesses
}

/** What emitted code asks of one processor, by the parts that know. */
export function answersFrom({ answers, odd, derived, state, slice, told }: Answering): Answers {
  return {
    host: (call) => answers.answer(call),
    derive: () => derived.update(),
    shadow: (kind) => {
      // every STI asks: no names are looked up, and no numbers made that are larger than need be
      state.setCount(at.SHADOW, slice.retired + 1)
      state.set('SHADOW_KIND', kind === 0 ? 0n : 1n)
    },
    commit: (record) => odd.commit(record),
    watched: (record, linear, kind) => odd.watched(record, linear, kind),
    oddRead: (record, tlb, linear, kind) => odd.read(record, tlb, linear, kind),
    oddWrite: (record, tlb, linear, kind) => odd.write(record, tlb, linear, kind),
    deviceRead: (record, kind) => odd.deviceRead(record, kind),
    deviceWrite: (record, kind) => odd.deviceWrite(record, kind),
    deviceReach: (bytes, kind) => Number(odd.deviceReach(bytes, kind)),
    touched: (physical, isStore) => Number(told.begin(Number(physical), isStore === 0 ? 'load' : 'store')),
  }
}
