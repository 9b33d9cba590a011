import type { Decoded } from '@vmm/x86-decoder'
import { accessRights, cet as controls, cr4 } from '@vmm/x86-registers'
import type { Execution, Mode } from '@vmm/x86-semantics'
import type { State } from './state.ts'

/** How code runs now. */
export interface CodeMode {
  readonly execution: Execution
  readonly codeSize: 16 | 32 | 64
  readonly stackSize: 16 | 32 | 64
  /** CR4.CET, outside real and virtual-8086 mode. */
  readonly cet: boolean
}

/** The mode that control registers, flags and segments put the processor in. Source: SDM 3A §2.2. */
export function codeMode(state: State): CodeMode {
  const access = (name: 'CS' | 'SS') => Number(state.get(`${name}.access`))
  const size = (name: 'CS' | 'SS'): 16 | 32 => ((access(name) & accessRights.big) !== 0 ? 32 : 16)
  const [codeSize, stackSize] = [size('CS'), size('SS')]
  if ((state.get('CR0') & 1n) === 0n) return { execution: 'real', codeSize, stackSize, cet: false }
  const cet = ((state.get('CR4') >> BigInt(cr4.CET.low)) & 1n) === 1n
  if ((state.get('IA32_EFER') & 0x400n) !== 0n) {
    if ((access('CS') & accessRights.long) !== 0) return { execution: 'long', codeSize: 64, stackSize: 64, cet }
    return { execution: 'compatibility', codeSize, stackSize, cet }
  }
  const isVirtual = (state.get('RFLAGS') & (1n << 17n)) !== 0n
  return isVirtual
    ? { execution: 'virtual-8086', codeSize: 16, stackSize: 16, cet: false }
    : { execution: 'protected', codeSize, stackSize, cet }
}

/** Whether an indirect branch has been taken whose target must be an ENDBRANCH, which is next. Source: SDM 1 §17.3.4. */
export function awaitsEndbranch(state: State, { cet }: CodeMode): boolean {
  if (!cet) return false
  const held = state.get(state.get('CPL') === 3n ? 'IA32_U_CET' : 'IA32_S_CET')
  const both = (1n << BigInt(controls.ENDBR_EN.low)) | (1n << BigInt(controls.TRACKER.low))
  return (held & both) === both
}

/** What a description may ask of the code that it runs in. */
export function instructionMode(decoded: Decoded, code: CodeMode): Mode {
  const { operandSize, addressSize, rep, lock, noTrack } = decoded
  return { ...code, operandSize, addressSize, rep, lock, noTrack }
}

/** Offsets of code are cut to this. */
export const offsetMask = (size: 16 | 32 | 64): bigint => (1n << BigInt(size)) - 1n
