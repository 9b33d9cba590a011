export { errorBit, failed } from './rights.ts'
export { type EntryMemory, type PagingRegisters, type Translation, translate } from './translate.ts'
export { access, pageFact, walk } from './walk.ts'
