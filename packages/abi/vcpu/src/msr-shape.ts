import type { MsrHome } from '@vmm/msr'
import type { Guest } from './guest.ts'

/** The MSR file of a guest whose table may be replaced. */
export function shapeOf(guest: Guest, readElsewhere: (home: MsrHome, index: number) => bigint) {
  return {
    has: guest.has,
    readElsewhere,
    get physicalAddressWidth() {
      return guest.physicalAddressWidth
    },
  }
}
