import type { Kernel } from '../kernel/kernel.ts'
import { faults } from './faults.ts'
import { tasks } from './tasks.ts'

/** Every kernel, by what it asks about. */
export const kernels: Readonly<Record<string, () => Kernel>> = { faults, tasks }
