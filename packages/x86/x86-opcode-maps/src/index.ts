export { writtenRows } from './all.ts'
