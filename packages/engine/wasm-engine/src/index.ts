export { Engine, type Stop } from './engine.ts'
export type { MemorySlot } from './guest-slots.ts'
export { type CpuPorts, generalProtection, type Refused } from './ports.ts'
export type { SavedEngine, SavedMemory } from './snapshot.ts'
