import { type ExceptionName, exceptions } from '@vmm/x86-registers'
import type { Ending, FlagName, InsCase, Item } from './case.ts'
import { isModeName, modeNames } from './environments.ts'
import { flagOf, hexBytes, parseItem } from './items.ts'

/** A line of a file of cases that is none. The message begins with `file:line:`. */
class InsError extends Error {
  override readonly name = 'InsError'
}

type Header = Pick<InsCase, 'mode' | 'bytes' | 'text'>

/** Reads a file of cases. Throws an `InsError` at the first line that is wrong. */
export function parseCases(text: string, file: string): readonly InsCase[] {
  const cases: InsCase[] = []
  let source: string | undefined
  let header: Header | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const place = `${file}:${index + 1}`
    const refuse = (says: string): never => {
      throw new InsError(`${place}: ${says}`)
    }
    if (line.trim() === '' || line.startsWith('#')) continue
    if (line.startsWith('source ')) source = sourceOf(line.slice(7), refuse)
    else if (!line.startsWith(' ')) header = headerOf(line, refuse)
    else {
      if (header === undefined) return refuse('a case before any instruction')
      if (source === undefined) return refuse('a case before any source line')
      cases.push({ place, source, ...header, ...caseOf(line.trim(), refuse) })
    }
  }
  return cases
}

type Refuse = (says: string) => never

function sourceOf(text: string, refuse: Refuse): string {
  return /^(?:cpu|sdm|apm) \S/.test(text) ? text : refuse(`a source begins with cpu, sdm or apm: ${text}`)
}

function headerOf(line: string, refuse: Refuse): Header {
  const [, mode, digits, text] = /^(\S+) +([0-9a-f]+) +(\S.*)$/.exec(line) ?? []
  if (mode === undefined || digits === undefined || text === undefined)
    return refuse('an instruction is written: mode, bytes in hexadecimal, text')
  if (!isModeName(mode)) return refuse(`no mode is called ${mode}: ${modeNames.join(' ')}`)
  if (digits.length % 2 !== 0) return refuse(`half a byte in ${digits}`)
  return { mode, bytes: hexBytes(digits), text }
}

function caseOf(line: string, refuse: Refuse): Pick<InsCase, 'before' | 'after' | 'undefinedFlags' | 'ending'> {
  const words = line.split(/\s+/)
  const arrow = words.indexOf('=>')
  if (arrow < 0) return refuse('a case is written: before => after')
  const item = (word: string): Item => {
    const parsed = parseItem(word)
    return typeof parsed === 'string' ? refuse(parsed) : parsed
  }
  const after: Item[] = []
  const undefinedFlags = new Set<FlagName>()
  let ending: Ending = { kind: 'done' }
  for (const word of words.slice(arrow + 1)) {
    if (word.startsWith('?')) undefinedFlags.add(flagOf(word.slice(1)) ?? refuse(`no flag is called ${word.slice(1)}`))
    else if (word.startsWith('#')) ending = faultOf(word, refuse)
    else if (word.startsWith('exit=')) ending = { kind: 'exit', reason: word.slice(5) }
    else after.push(item(word))
  }
  return { before: words.slice(0, arrow).map(item), after, undefinedFlags, ending }
}

function faultOf(word: string, refuse: Refuse): Ending {
  const [, name, code] = /^#([A-Z]{2})(?:\(([0-9a-f]+)\))?$/.exec(word) ?? []
  const exception = name as ExceptionName | undefined
  const row = exception === undefined ? undefined : exceptions[exception]
  if (row === undefined) return refuse(`no exception is written ${word}`)
  // in real mode no exception has an error code, so it may always be missing
  if (code !== undefined && !row.errorCode) return refuse(`#${name} has no error code`)
  return { kind: 'fault', exception: exception!, code: code === undefined ? undefined : Number.parseInt(code, 16) }
}
