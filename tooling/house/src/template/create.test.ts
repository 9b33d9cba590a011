import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { treeOnDisk } from '../tree.ts'
import { plan } from './create.ts'

const tree = treeOnDisk(join(import.meta.dirname, '../../../..'))

/** The files that these words make of the house as it is. */
function made(...words: readonly string[]): Readonly<Record<string, string>> {
  const planned = plan(tree, words)
  if (planned.kind === 'refused') throw new Error(planned.says)
  return planned.files
}

const refusal = (...words: readonly string[]): string | undefined => {
  const planned = plan(tree, words)
  return planned.kind === 'refused' ? planned.says : undefined
}

const linesAround = (text: string, needle: string): readonly string[] => {
  const lines = text.split('\n')
  const at = lines.findIndex((line) => line.includes(needle))
  return lines.slice(at - 1, at + 2)
}

test('an MSR goes between its neighbours, in the family that has them', () => {
  const files = made('msr', 'IA32_NEW_ONE', '0x3c')
  const [path = ''] = Object.keys(files)
  expect(path).toBe('packages/abi/msr/src/time.rows.ts')
  expect(linesAround(files[path] ?? '', 'IA32_NEW_ONE')).toEqual([
    expect.stringContaining('msr(0x03b'),
    "  msr(0x03c, 'IA32_NEW_ONE', table, 'plain'),",
    expect.stringContaining('msr(0x0e7'),
  ])
})

test('a leaf goes into the list where its number belongs', () => {
  const files = made('leaf', '0x0e', 'Nothing', 'Much')
  expect(files['packages/abi/cpuid/src/leaf-0e.rows.ts']).toContain("leaf(0x0e, 'any', 'Nothing Much', sdm(")
  const list = linesAround(files['packages/abi/cpuid/src/all.ts'] ?? '', '  leaf0E,')
  expect(list).toEqual(['  leaf0DComponent,', '  leaf0E,', '  leaf0F,'])
})

test('a rule stands beside its neighbours, and behind one of them in their pipeline', () => {
  const files = made('rule', 'msr/filter', 'filter-dusty', 'a filter has no dust')
  const rule = files['packages/abi/msr/src/rules/filter/filter-dusty.rule.ts'] ?? ''
  expect(rule).toContain('export const filterDusty = rule<SetFilterCall>({')
  expect(rule).toContain("says: 'a filter has no dust',")
  const pipeline = files['packages/abi/msr/src/rules/filter/index.ts'] ?? ''
  expect(pipeline).toContain("import { filterDusty } from './filter-dusty.rule.ts'")
  expect(pipeline).toMatch(/\{ kind: 'check', rule: filter\w+ \},\n {4}\{ kind: 'check', rule: filterDusty \},/)
})

test('an instruction is #UD until it is described', () => {
  const someRow = /'MR', {2}\['Ew', 'Gw'\], +'(ARPL)'/
  const rows = tree.read('packages/x86/x86-opcode-maps/src/one-byte-40-8f.rows.ts')
  expect(rows).toMatch(someRow)
  expect(refusal('instruction', 'ARPL')).toContain('already')
  expect(refusal('instruction', 'NOSUCHTHING')).toContain('has no opcode row yet')
})

describe('what cannot be made is refused with a reason', () => {
  test.each([
    ['nothing', [], 'pnpm new package|msr|leaf|rule|instruction'],
    ['an unknown kind', ['chair'], 'pnpm new package|msr|leaf|rule|instruction'],
    ['a package on no floor', ['package', 'attic/lamp'], 'there is no floor attic'],
    ['a package without a floor', ['package', 'lamp'], 'FLOOR/NAME'],
    ['a package whose name is taken', ['package', 'abi/x86-decoder'], 'the name is taken'],
    ['an MSR that is there', ['msr', 'IA32_NEW_ONE', '0x10'], 'has IA32_TIME_STAMP_COUNTER already'],
    ['an MSR without an index', ['msr', 'IA32_NEW_ONE'], 'NAME INDEX'],
    ['an MSR in no family', ['msr', 'IA32_NEW_ONE', '0x3c', 'attic'], 'there is no family attic'],
    ['a leaf that is there', ['leaf', '0x7', 'Again'], 'leaf07 is there already'],
    ['a leaf without a name', ['leaf', '0x0e'], 'NUMBER'],
    ['a rule of a call that has none', ['rule', 'msr/attic', 'dusty', 'nobody goes there'], 'has no rules yet'],
    ['a rule without a sentence', ['rule', 'msr/filter', 'filter-dusty'], 'PACKAGE/CALL NAME'],
    ['an instruction in no group', ['instruction', 'FSIN', 'attic'], 'MNEMONIC'],
  ])('%s', (_, words, reason) => {
    expect(refusal(...words)).toContain(reason)
  })
})
