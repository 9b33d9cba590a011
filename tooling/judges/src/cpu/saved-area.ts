/** Places in an area of XSAVE. Source: SDM 1 §13.4. */
const at = {
  FCW: 0,
  pointers: 24,
  MXCSR: 24,
  ST: 32,
  XMM: 160,
  legacyEnd: 416,
  inUse: 512,
  compaction: 520,
  AVX: 576,
  end: 832,
} as const
const [x87, sse, avx] = [1, 2, 4]
const initial = { FCW: 0x37f, MXCSR: 0x1f80 } as const

/**
 * An area with what a processor may leave out because it is as it begins: which components it tracks, and how well, is its own
 * affair. `wanted` are those that were to be saved. Source: SDM 1 §13.6, §13.9, §13.10.
 */
export function completedArea(data: Uint8Array, wanted: number): Uint8Array {
  const area = data.slice()
  const view = new DataView(area.buffer)
  const missing = wanted & ~area[at.inUse]!
  if ((missing & x87!) !== 0) {
    area.fill(0, 0, at.pointers)
    view.setUint16(at.FCW, initial.FCW, true)
    area.fill(0, at.ST, at.XMM)
  }
  if ((missing & sse!) !== 0) {
    area.fill(0, at.XMM, at.legacyEnd)
    view.setUint32(at.MXCSR, initial.MXCSR, true)
  }
  if ((missing & avx!) !== 0) area.fill(0, at.AVX, at.end)
  area[at.inUse]! |= wanted
  return area
}
