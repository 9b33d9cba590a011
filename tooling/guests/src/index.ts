export { judgeSystem } from './report.ts'
