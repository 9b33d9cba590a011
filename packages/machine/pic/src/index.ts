export type { PicRegisters } from './chip.ts'
export { createPic, type Pic, type PicChip, type PicOptions } from './pic.ts'
