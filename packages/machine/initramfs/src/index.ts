export { cpio, type Entry } from './cpio.ts'
