export { kvmPromises } from './promises.ts'
