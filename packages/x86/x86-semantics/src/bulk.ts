import type { Bits, Segment } from './algebra.ts'

/**
 * Work of a repeated string instruction, forwards or backwards by the width. The description has checked nothing: the
 * first element faults as a plain load and store would, its segments before its pages and source before target; later elements that would fault are simply not done.
 */
export type Bulk =
  | {
      readonly kind: 'move'
      readonly width: 8 | 16 | 32 | 64
      readonly from: { readonly segment: Segment; readonly offset: Bits<64> }
      readonly to: { readonly segment: Segment; readonly offset: Bits<64> }
      /** Added to both offsets after an element: plus or minus the width in bytes. */
      readonly step: Bits<64>
    }
  | {
      readonly kind: 'fill'
      readonly width: 8 | 16 | 32 | 64
      readonly to: { readonly segment: Segment; readonly offset: Bits<64> }
      readonly value: Bits<64>
      readonly step: Bits<64>
    }
