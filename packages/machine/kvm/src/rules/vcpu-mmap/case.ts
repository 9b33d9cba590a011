import type { Rule } from '@vmm/rule'

/** mmap of a vCPU's file. */
export interface VcpuMmapCase {
  /** The first page, and how many. */
  readonly page: number
  readonly pages: number
  /** Where the ring of written pages begins, and how many pages it has: 0 where there is none. */
  readonly ring: { readonly page: number; readonly pages: number }
  readonly sharing: 'shared' | 'private'
  readonly executable: boolean
}

/** A refusal of that. */
export type VcpuMmapRule = Rule<VcpuMmapCase>

/** A ring of a page, shared. */
export const aRing: VcpuMmapCase = {
  page: 64,
  pages: 1,
  ring: { page: 64, pages: 1 },
  sharing: 'shared',
  executable: false,
}
