import { type PassingMap, templateEntries } from '../memory-map.ts'
import { templateBytes } from './template.ts'

/** Spreads numbers over places by their upper bits. */
export const placeFactor: number = 0x9e37_79b1 | 0
export const templateShift: number = 32 - Math.log2(templateEntries)

/** Heads of programs and of their kernel are not in each other's places. */
export const modeShift = 24

/** Where the template of a head is, by the halves of its bytes and its mode word; emitted code computes the same. */
export function templatePlace({ templates }: PassingMap, low: number, high: number, mode: number): number {
  const mixed = low ^ (high << 5) ^ (mode << modeShift)
  return templates + (Math.imul(mixed, placeFactor) >>> templateShift) * templateBytes
}
