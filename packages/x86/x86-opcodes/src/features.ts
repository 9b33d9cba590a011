import type { OpcodeRow } from './row.ts'

/** Features that bring a row with vectors of 256 bits, by its attribute, instead of what it needs otherwise. */
const wider = { avx2: 'AVX2', vaes: 'VAES', vpclmulqdq: 'VPCLMULQDQ' } as const

/**
 * The CPUID features that an instruction of a row needs, by their names in the manual, at a vector length in bits (0 where there is none).
 * Source: SDM 1 §15.2 and §15.3, and the instructions' own pages.
 */
export function featuresOf(
  { needs, opcode, attributes }: OpcodeRow,
  vectorLength: 0 | 128 | 256 | 512,
): readonly string[] {
  if (needs === undefined) return []
  const wide = vectorLength === 256 ? attributes.find((one): one is keyof typeof wider => one in wider) : undefined
  if (wide !== undefined) return [wider[wide]]
  const all = needs.split(' ')
  const hasLengths = vectorLength >= 512 || all.includes('AVX10_2') || !needsLengths(opcode, attributes)
  return hasLengths ? all : [...all, 'AVX512VL']
}

/** EVEX rows of whole vectors, but those of AVX10, which has all lengths: with one element, or with 128 bits and no mask, they are of AVX512F as they are. */
function needsLengths(opcode: string, attributes: OpcodeRow['attributes']): boolean {
  if (!opcode.startsWith('EVEX') || /^EVEX\.L(?:IG|Z)/.test(opcode)) return false
  return !opcode.startsWith('EVEX.128') || attributes.includes('maskz')
}
