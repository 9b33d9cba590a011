export { type CaseCounts, casesByRow } from './cases-by-row.ts'
