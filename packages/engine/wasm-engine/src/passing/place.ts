import { type PassingMap, templateEntries } from '../memory-map.ts'
import { templateBytes } from './template.ts'

/** Spreads numbers over places by their upper bits. */
export const placeFactor: number = 0x9e37_79b1 | 0
export const templateShift: number = 32 - Math.log2(templateEntries)

/** Where the template of a head is, by the halves of its bytes; emitted code computes the same. */
export const templatePlace = ({ templates }: PassingMap, low: number, high: number): number =>
  templates + (Math.imul(low ^ (high << 5), placeFactor) >>> templateShift) * templateBytes
