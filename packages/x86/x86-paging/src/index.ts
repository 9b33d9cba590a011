export { access, errorBit, failed, pageFact, walk } from './walk.ts'
