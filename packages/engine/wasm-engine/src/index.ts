export { Engine, type MemorySlot, type Stop } from './engine.ts'
export { type CpuPorts, generalProtection, type Refused } from './ports.ts'
