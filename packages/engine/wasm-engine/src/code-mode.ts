import { accessRights, cet as controls, cr3, cr4 } from '@vmm/x86-registers'
import type { CodeMode } from './mode-word.ts'
import { at } from './state-layout.ts'
import type { StateView } from './state-view.ts'

const CET = 1 << cr4.CET.low
const awaits = (1 << controls.ENDBR_EN.low) | (1 << controls.TRACKER.low)

/** Whether an indirect branch has been taken whose target must be an ENDBRANCH, which is next. Source: SDM 1 §17.3.4. */
export const awaitsEndbranch = (state: StateView, { cet, user }: CodeMode): boolean =>
  cet === true && (state.word(user ? at.IA32_U_CET : at.IA32_S_CET) & awaits) === awaits

/** The mode that control registers, flags and segments put the processor in. Source: SDM 3A §2.2. */
export function codeModeOf(state: StateView): CodeMode {
  const cs = Number(state.get('CS.access'))
  const stackSize = (Number(state.get('SS.access')) & accessRights.big) !== 0 ? 32 : 16
  const codeSize = (cs & accessRights.big) !== 0 ? 32 : 16
  const user = state.get('CPL') === 3n
  if ((state.get('CR0') & 1n) === 0n) return { execution: 'real', codeSize, stackSize, user, cet: false }
  const cet = (state.word(at.CR4) & CET) !== 0
  if ((state.get('IA32_EFER') & 0x400n) !== 0n) {
    if ((cs & accessRights.long) !== 0) return { execution: 'long', codeSize: 64, stackSize: 64, user, cet }
    return { execution: 'compatibility', codeSize, stackSize, user, cet }
  }
  if ((state.get('RFLAGS') & (1n << 17n)) !== 0n)
    return { execution: 'virtual-8086', codeSize: 16, stackSize: 16, user: true, cet: false }
  return { execution: 'protected', codeSize, stackSize, user, cet }
}

const PCIDE = 1 << 17

/** CR4.PCIDE: there are process-context identifiers other than 0. */
export const hasPcids = (state: StateView): boolean => (state.word(at.CR4) & PCIDE) !== 0

/** The process-context identifier that CR3, or a value for it, names. Source: SDM 3A §4.10.1. */
export function pcidOf(state: StateView, cr3?: bigint): number {
  if (!hasPcids(state)) return 0
  return cr3 === undefined ? state.word(at.CR3) & 0xfff : Number(cr3 & 0xfffn)
}

/** Bits of `maskingOf`: LAM_U57 and LAM_U48 of CR3, as they lie there, and CR4.LAM_SUP. */
export const masking = { u57: 1, u48: 2, supervisor: 4 } as const

/** Which pointers linear-address masking takes metadata from, by the upper half of CR3 or of a value for it, and CR4: 0 where it is off. */
export function maskingOf(state: StateView, upper: number = state.word(at.CR3 + 4)): number {
  const ofUser = (upper >>> (cr3.LAM_U57.low - 32)) & 3
  return ofUser | ((state.word(at.CR4) >>> cr4.LAM_SUP.low) & 1 ? masking.supervisor : 0)
}
