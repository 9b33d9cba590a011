import type { Decoded } from '@vmm/x86-decoder'
import { accessRights } from '@vmm/x86-registers'
import type { Execution, Mode } from '@vmm/x86-semantics'
import type { State } from './state.ts'

/** How code runs now. */
export interface CodeMode {
  readonly execution: Execution
  readonly codeSize: 16 | 32 | 64
  readonly stackSize: 16 | 32 | 64
}

/** The mode that control registers, flags and segments put the processor in. Source: SDM 3A §2.2. */
export function codeMode(state: State): CodeMode {
  const access = (name: 'CS' | 'SS') => Number(state.get(`${name}.access`))
  const size = (name: 'CS' | 'SS'): 16 | 32 => ((access(name) & accessRights.big) !== 0 ? 32 : 16)
  const [codeSize, stackSize] = [size('CS'), size('SS')]
  if ((state.get('CR0') & 1n) === 0n) return { execution: 'real', codeSize, stackSize }
  if ((state.get('IA32_EFER') & 0x400n) !== 0n) {
    if ((access('CS') & accessRights.long) !== 0) return { execution: 'long', codeSize: 64, stackSize: 64 }
    return { execution: 'compatibility', codeSize, stackSize }
  }
  const isVirtual = (state.get('RFLAGS') & (1n << 17n)) !== 0n
  return isVirtual
    ? { execution: 'virtual-8086', codeSize: 16, stackSize: 16 }
    : { execution: 'protected', codeSize, stackSize }
}

/** What a description may ask of the code that it runs in. */
export function instructionMode(decoded: Decoded, code: CodeMode): Mode {
  const { operandSize, addressSize, rep, lock } = decoded
  return { ...code, operandSize, addressSize, rep, lock }
}

/** Offsets of code are cut to this. */
export const offsetMask = (size: 16 | 32 | 64): bigint => (1n << BigInt(size)) - 1n
