export { plainMemory } from './plain-memory.ts'
export { type ProcessorState, setState, stateOfEngine, stateOfOracle } from './processor-state.ts'
