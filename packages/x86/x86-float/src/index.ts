export { runFused } from './fused.ts'
export { runSimd, type SimdResult } from './sse.ts'
export { runX87, type X87Answer } from './x87.ts'
