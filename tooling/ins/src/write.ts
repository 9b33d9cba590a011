import type { Ending, InsCase } from './case.ts'
import { hexText, itemText } from './items.ts'

/** Cases as a file has them: one source line, then each instruction with its cases below. */
export function writeCases(source: string, cases: readonly Omit<InsCase, 'place' | 'source'>[]): string {
  const lines = [`source ${source}`]
  let last = ''
  for (const one of cases) {
    const header = `${one.mode} ${hexText(one.bytes)} ${one.text}`
    if (header !== last) lines.push('', header)
    last = header
    lines.push(`  ${caseText(one)}`)
  }
  return `${lines.join('\n')}\n`
}

/** One case as a line without its margin. */
export function caseText(one: Pick<InsCase, 'before' | 'after' | 'undefinedFlags' | 'ending'>): string {
  const unknown = [...one.undefinedFlags].map((flag) => `?${flag.toLowerCase()}`)
  return [...one.before.map(itemText), '=>', ...endingText(one.ending), ...one.after.map(itemText), ...unknown].join(
    ' ',
  )
}

/** How an instruction ended, as cases write it; nothing if it went on. */
export function endingText(ending: Ending): readonly string[] {
  switch (ending.kind) {
    case 'done':
      return []
    case 'fault':
      return [`#${ending.exception}${ending.code === undefined ? '' : `(${ending.code.toString(16)})`}`]
    case 'exit':
      return [`exit=${ending.reason}`]
    default:
      return ending satisfies never
  }
}
