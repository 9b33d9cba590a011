import type { Ending, InsCase } from './case.ts'
import { hexText, itemText } from './items.ts'

/** Cases as a file has them: a line wherever the source is another, then each instruction with its cases below. */
export function writeCases(cases: readonly Omit<InsCase, 'place'>[]): string {
  const lines: string[] = []
  let [source, last] = ['', '']
  for (const one of cases) {
    if (one.source !== source) {
      lines.push(...(source === '' ? [] : ['']), `source ${one.source}`)
      ;[source, last] = [one.source, '']
    }
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

/** What a case asks, whatever the answer: a line that tells it from every other question. */
export function questionText(one: Pick<InsCase, 'mode' | 'bytes' | 'text' | 'before'>): string {
  return [one.mode, hexText(one.bytes), one.text, ...one.before.map(itemText)].join(' ')
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
