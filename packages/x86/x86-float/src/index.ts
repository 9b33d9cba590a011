export { runSimd, type SimdResult } from './sse.ts'
