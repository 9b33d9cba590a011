import type { Instruction } from '../instruction.ts'

/** An instruction with a VEX prefix: real-address and virtual-8086 mode do not recognize it. Source: SDM 2A §2.7, Table 2-29. */
export function withVex(described: Instruction): Instruction {
  return {
    ...described,
    execute(m, ...operands) {
      if (m.mode.execution === 'real' || m.mode.execution === 'virtual-8086') m.fault('UD')
      else described.execute(m, ...operands)
    },
  }
}
