export { createPit, type Pit, type PitOptions, pitHertz } from './pit.ts'
