import { type FusedSigns, sseContext, sseFusedMultiplyAdd } from '@vmm/soft-float'
import { fusedOperations } from '@vmm/x86-semantics'
import { collect, formatOf, laneOf, lanesOf, type SimdResult } from './sse.ts'

const negatedIf = (condition: boolean): 'kept' | 'negated' => (condition ? 'negated' : 'kept')

/** What is negated in a lane: ADDSUB subtracts in even ones, SUBADD in odd ones. */
function signsOf(name: string, lane: number): FusedSigns {
  const subtracts = name.includes('ADDSUB')
    ? lane % 2 === 0
    : name.includes('SUBADD')
      ? lane % 2 === 1
      : name.includes('SUB')
  return { product: negatedIf(name.startsWith('FN')), term: negatedIf(subtracts) }
}

/**
 * Runs a fused multiplication and addition by the number that `fused` host calls carry, on three 128-bit vectors under an MXCSR. Lanes
 * that do not take part come back as zero; unmasked exceptions are the caller's to raise.
 */
export function runFused(number: number, a: bigint, b: bigint, c: bigint, mxcsr: number): SimdResult {
  const name = fusedOperations[number]
  if (name === undefined) throw new RangeError(`no fused operation ${number}`)
  const [format, context] = [formatOf(name), sseContext(mxcsr)]
  const of = (vector: bigint, lane: number) => laneOf(vector, format.width, lane)
  const results = Array.from({ length: lanesOf(name) }, (_, lane) =>
    sseFusedMultiplyAdd(format, of(a, lane), of(b, lane), of(c, lane), signsOf(name, lane), context),
  )
  return collect(results, format.width, context)
}
