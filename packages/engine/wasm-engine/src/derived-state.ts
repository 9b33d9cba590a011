import { rflags } from '@vmm/x86-registers'
import { codeModeOf } from './code-mode.ts'
import { ModeInputs } from './mode-inputs.ts'
import { type CodeMode, modeWord } from './mode-word.ts'
import { type PlainMode, RecentModes } from './recent-modes.ts'
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
  readonly #inputs: ModeInputs
  readonly #recent = new RecentModes()
  /** 64-bit code runs now, and nobody watches its accesses. */
  #isPlain = false
  /** PKRU when translations were last forgotten: they hold what it allowed. */
  #keys = 0
  #programViews = 0
  #processorViews = 0

  constructor(cpu: number, buffer: SharedArrayBuffer, followed: Followed) {
    this.#followed = followed
    this.#inputs = new ModeInputs(cpu, buffer)
  }

  /** TLB views that hold what was translated, also while none may be used: the program's, or the processor's own. */
  views(processor: boolean): number {
    return processor ? this.#processorViews : this.#programViews
  }

  /** Brings everything up to date, if anything changed that it is made from: something that it cannot see has, when told so. */
  update(unseen = false): void {
    const { state, tlb, watching, resync } = this.#followed
    if (state.word(at.PKRU) !== this.#keys) {
      this.#keys = state.word(at.PKRU)
      tlb.flushAll()
    }
    if (!this.#inputs.changed(tlb.views(0)) && !unseen) return
    const known = this.#isPlain && !unseen ? this.#recent.find(this.#inputs.values) : undefined
    if (known !== undefined) return this.#take(known)
    const mode = codeModeOf(state)
    this.#updateCode(mode)
    this.#updateViews(mode)
    // whoever runs us takes single steps from here on: traps after each, breakpoints before each, RF for one
    const steps = this.#flag(rflags.RF.low) || this.#flag(rflags.TF.low) || watching.breaksInstructions
    if (steps) resync()
    const canonicalShift = this.#canonicalShift(mode)
    state.setLong(at.canonicalShift, BigInt(canonicalShift))
    this.#isPlain = mode.execution === 'long' && !tlb.watching
    if (!this.#isPlain || steps) return
    const [programViews, processorViews] = [this.#programViews, this.#processorViews]
    this.#recent.keep(this.#inputs.values, { word: modeWord(mode), programViews, processorViews, canonicalShift })
  }

  /** From one mode of 64-bit code to another that is known: few things differ. */
  #take({ word, programViews, processorViews, canonicalShift }: PlainMode): void {
    const { state } = this.#followed
    this.#programViews = programViews
    this.#processorViews = processorViews
    state.setWord(at.mode, word)
    state.setWord(at.tlb, programViews)
    state.setWord(at.tlbProcessor, processorViews)
    state.setWord(at.canonicalShift, canonicalShift)
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
    if (base !== state.long(at.codeBase) || !long) tlb.bumpJumps()
    state.setWord(at.mode, modeWord(mode))
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
