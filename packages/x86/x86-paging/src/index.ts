export { maskedLinear } from './masking.ts'
export { errorBit, failed, refusedByEpt } from './rights.ts'
export {
  type EntryMemory,
  type PagingRegisters,
  type SecondLevelRefusal,
  type Translation,
  translate,
} from './translate.ts'
export { access, pageFact, walk, walkShadow } from './walk.ts'
