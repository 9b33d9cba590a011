export { type EngineVariant, engineOf, engineVariants, madeOtherwise } from './engine-variants.ts'
export { plainMemory } from './plain-memory.ts'
export { type ProcessorState, setState, stateOfEngine, stateOfOracle } from './processor-state.ts'
