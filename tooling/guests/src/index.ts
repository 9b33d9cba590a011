export { type BochsStart, bochs, bochsStart } from './hosts/bochs.ts'
export { bootDisk } from './hosts/boot-disk.ts'
export { judgeSystem } from './report.ts'
