import type { InsCase } from './case.ts'
import { environments } from './environments.ts'
import { rowOfCase } from './files.ts'
import { after } from './state.ts'

/** Whether the next instruction is the one behind it. */
export function isFollowed(one: InsCase): boolean {
  const environment = environments[one.mode]
  const behind = environment.fields.get('RIP')! + BigInt(one.bytes.length)
  // with paging on, it may be in another place
  const turnsPaging = one.after.some((item) => item.kind === 'field' && item.field === 'CR0')
  return one.ending.kind === 'done' && !turnsPaging && after(one, environment).fields.get('RIP') === behind
}

/** Of all cases of a row in a mode, with a register or memory, the first and the last. */
export function oneOfEachKind(cases: readonly InsCase[]): readonly InsCase[] {
  const where = ({ text }: InsCase) => (text.includes('[') ? 'memory' : 'register')
  const kinds = Map.groupBy(rowsOf(cases), ({ one, row }) => `${row} ${one.mode} ${where(one)}`)
  return [...kinds.values()].flatMap((same) => [...new Set([same[0]!.one, same.at(-1)!.one])])
}

function rowsOf(cases: readonly InsCase[]): readonly { readonly one: InsCase; readonly row: string }[] {
  return cases.map((one) => {
    const row = rowOfCase(one)
    return { one, row: `${row?.opcode} ${row?.mnemonic} ${row?.operands.join(' ')}` }
  })
}
