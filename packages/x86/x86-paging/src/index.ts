export { errorBit, failed } from './rights.ts'
export { access, pageFact, walk } from './walk.ts'
