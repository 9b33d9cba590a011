export { damageOf } from './damage.ts'
export { detect, loadFlat, loadImage } from './load.ts'
export type {
  LoadedImage,
  LoadOptions,
  MemoryWrite,
  Protocol,
  RefusedImage,
  StartSegment,
  StartState,
} from './loaded.ts'
export { deviceHole, type E820Entry, e820Map, ramSlots } from './memory.ts'
