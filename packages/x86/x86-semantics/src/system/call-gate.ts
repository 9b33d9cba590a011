import type { Bits, Machine } from '../algebra.ts'
import type { Descriptor } from './descriptor.ts'

/**
 * What a far JMP or CALL does when the selector names no code segment: call gates, task gates and task-state segments.
 * Anything else is #GP(selector).
 */
export function gateTransfer(m: Machine, _kind: 'jump' | 'call', _selector: Bits<16>, _descriptor: Descriptor, code: Bits<32>): void {
  m.fault('GP', code)
}
