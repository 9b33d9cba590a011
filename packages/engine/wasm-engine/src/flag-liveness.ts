import { arithmeticFlags } from '@vmm/x86-registers'
import type { Shape } from './handler-table.ts'

const allFlags = (1 << arithmeticFlags.length) - 1

/** For each instruction of a block whether the flags that it writes are written again before anything can see them. */
export function deadFlags(shapes: readonly Shape[]): boolean[] {
  const dead: boolean[] = []
  let live = allFlags
  for (let index = shapes.length - 1; index >= 0; index -= 1) {
    const shape = shapes[index]!
    const isDead = shape.flagsPerhaps !== 0 && (live & shape.flagsPerhaps) === 0
    dead[index] = isDead
    const read = isDead && shape.flagsKept ? 0 : shape.flagsRead
    live = shape.mayFault || shape.ends ? allFlags : (live & ~shape.flagsWritten) | read
  }
  return dead
}
