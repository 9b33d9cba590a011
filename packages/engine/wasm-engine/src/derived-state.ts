import { rflags } from '@vmm/x86-registers'
import { awaitsEndbranch, codeModeOf } from './code-mode.ts'
import { KnownModes } from './known-modes.ts'
import { alone, awaiting, type CodeMode, limited, modeWord, resumes } from './mode-word.ts'
import { at, tlbPrivileges } from './state-layout.ts'
import type { StateView } from './state-view.ts'
import type { TlbContexts } from './tlb.ts'
import type { Watching } from './watching.ts'

interface Followed {
  readonly state: StateView
  readonly tlb: TlbContexts
  readonly watching: Watching
  /** The block under execution ends after this instruction. */
  resync(): void
}

/** What emitted code needs ready and control registers, segments and flags decide: mode, TLB views, code base, canonical width. */
export class DerivedState {
  readonly #followed: Followed
  readonly #known: KnownModes
  #programViews = 0
  #processorViews = 0

  constructor(cpu: number, followed: Followed) {
    this.#followed = followed
    this.#known = new KnownModes(cpu, followed.state)
  }

  /** TLB views that hold what was translated, also while none may be used: the program's, or the processor's own. */
  views(processor: boolean): number {
    const { state, tlb } = this.#followed
    if (!tlb.watching) return state.word(processor ? at.tlbProcessor : at.tlb)
    return processor ? this.#processorViews : this.#programViews
  }

  /** Derives everything anew. Emitted code does without where `KnownModes` has the answer. */
  update(): void {
    const { state, tlb, watching, resync } = this.#followed
    if (state.word(at.PKRU) !== state.word(at.keys)) {
      state.setWord(at.keys, state.word(at.PKRU))
      tlb.flushAll()
    }
    const mode = codeModeOf(state)
    this.#updateCode(mode)
    this.#updateViews(mode)
    // whoever runs us takes single steps from here on: traps after each, breakpoints before each
    const steps = this.#flag(rflags.TF.low) || watching.breaksInstructions
    if (steps) resync()
    const canonicalShift = this.#canonicalShift(mode)
    state.setLong(at.canonicalShift, BigInt(canonicalShift))
    const isPlain = !steps && watching.isIdle
    state.setWord(at.plain, isPlain ? 1 : 0)
    // the tracker is in a register that known modes do not look at
    if (!isPlain || mode.cet === true) return
    const context = tlb.views(0)
    const [programViews, processorViews] = [this.#programViews - context, this.#processorViews - context]
    this.#known.keep({ word: state.word(at.mode) & ~(resumes | alone), programViews, processorViews, canonicalShift })
  }

  /** 64 less the width of linear addresses, or 0 where every address will do. */
  #canonicalShift({ execution }: CodeMode): number {
    const { state } = this.#followed
    const paging = (state.get('CR0') & (1n << 31n)) !== 0n
    if (execution !== 'long' && !(execution === 'compatibility' && paging)) return 0
    return (state.get('CR4') & (1n << 12n)) !== 0n ? 7 : 16
  }

  #flag(low: number): boolean {
    return (this.#followed.state.get('RFLAGS') & (1n << BigInt(low))) !== 0n
  }

  #updateCode(mode: CodeMode): void {
    const { state, tlb } = this.#followed
    const long = mode.execution === 'long'
    const base = long ? 0n : state.get('CS.base')
    const limit = state.word(at['CS.limit'])
    // what was found behind another limit may not be found now
    if (base !== state.long(at.codeBase) || (!long && limit !== state.word(at.codeLimit))) tlb.bumpJumps()
    if (!long) state.setWord(at.codeLimit, limit)
    const word = modeWord(mode) | (long || limit === 0xffff_ffff ? 0 : limited)
    const awaited = awaitsEndbranch(state, mode) ? awaiting : 0
    state.setWord(at.mode, word | awaited | (this.#flag(rflags.RF.low) ? resumes : 0))
    state.setLong(at.codeBase, base)
    state.setLong(at.codeMask, long ? (1n << 64n) - 1n : 0xffff_ffffn)
  }

  #updateViews(mode: CodeMode): void {
    const { state, tlb, watching } = this.#followed
    const ac = this.#flag(rflags.AC.low)
    const privilege = mode.user ? tlbPrivileges.user : ac ? tlbPrivileges.supervisorAc : tlbPrivileges.supervisor
    this.#programViews = tlb.views(0) + privilege
    this.#processorViews = tlb.views(0) + tlbPrivileges.supervisor
    const armed = watching.arm(ac && mode.user)
    if (armed !== tlb.watching) {
      tlb.watching = armed
      tlb.bumpJumps()
    }
    state.setWord(at.oddAccesses, armed ? 1 : 0)
    state.setWord(at.tlb, armed ? tlb.watchingViews(0) + privilege : this.#programViews)
    state.setWord(at.tlbProcessor, armed ? tlb.watchingViews(0) + tlbPrivileges.supervisor : this.#processorViews)
  }
}
