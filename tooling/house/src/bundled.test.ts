import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { scratch } from '@vmm/scratch'
import { build } from 'esbuild'
import { rolldown } from 'rolldown'
import { beforeAll, describe, expect, test } from 'vitest'
import { bundled } from './bundled.ts'
import { closureOf } from './closure.ts'
import { houseOnDisk, shortName } from './house.ts'
import { markedPure } from './pure.ts'

const root = join(import.meta.dirname, '../../..')
const project = scratch('project')
const codeOf = (name: string): string => join(project, 'node_modules/@vmm', name, 'dist/index.js')

beforeAll(async () => {
  for (const member of closureOf(houseOnDisk(root), 'x86-decoder') ?? []) {
    const folder = join(project, 'node_modules', member.name)
    mkdirSync(join(folder, 'dist'), { recursive: true })
    await bundled(join(root, member.folder), join(folder, 'dist'))
    const { name, type, sideEffects } = member.manifest
    const manifest = { name, type, sideEffects, exports: './dist/index.js' }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    expect(codeOf(shortName(member))).toBe(join(folder, 'dist/index.js'))
  }
})

/** What a user's bundler makes of a program that takes some names of the decoder. */
const bundlers = {
  async esbuild(names: string): Promise<string> {
    const { outputFiles } = await build({
      stdin: { contents: program(names), resolveDir: project },
      bundle: true,
      write: false,
      format: 'esm',
      logLevel: 'silent',
    })
    return outputFiles[0]!.text
  },
  async rolldown(names: string): Promise<string> {
    const input = join(project, 'program.mjs')
    writeFileSync(input, program(names))
    const bundle = await rolldown({ input, cwd: project })
    return (await bundle.generate({ format: 'esm' })).output[0].code
  },
} as const

const program = (names: string): string => `import { ${names} } from '@vmm/x86-decoder'\nconsole.log(${names})\n`

/** Functions and texts of parts that decoding does without. */
const parts = {
  Intel: ['function format(', 'function headText(', 'xmmword ptr'],
  listing: ['function formatMany(', 'function formatRecord(', 'function fillForm('],
  'AT&T': ['function formatAtt('],
  information: ['function informationOf(', 'function usedRegisters(', 'impliedOperands', 'flagEffects'],
} as const

const partsIn = (code: string): readonly string[] =>
  Object.entries(parts).flatMap(([name, signs]) => (signs.some((sign) => code.includes(sign)) ? [name] : []))

describe('the decoder as its users get it', () => {
  test('is one file, which leaves other packages alone', () => {
    const code = readFileSync(codeOf('x86-decoder'), 'utf8')
    expect([...code.matchAll(/^(?:im|ex)port .* from "(.*)";$/gm)].map(([, from]) => from)).toEqual([
      '@vmm/x86-opcodes',
    ])
    expect(code).toMatch(/^const recordSize = 16;$/m)
    const map: { readonly sources: readonly string[] } = JSON.parse(
      readFileSync(`${codeOf('x86-decoder')}.map`, 'utf8'),
    )
    expect(map.sources.some((source) => source.endsWith('src/decode.ts'))).toBe(true)
    expect(partsIn(code)).toEqual(Object.keys(parts))
  })

  test('and what it needs, are ASCII', () => {
    for (const name of ['x86-decoder', 'x86-opcodes'])
      expect(readFileSync(codeOf(name), 'utf8')).toMatch(/^[\0-\x7f]*$/)
  })

  test('decodes and formats', async () => {
    const { disassemble } = await import(pathToFileURL(codeOf('x86-decoder')).href)
    expect(disassemble(Uint8Array.of(0x48, 0x01, 0xc3), { codeSize: 64 })).toMatchObject({ text: 'add rbx, rax' })
  })

  test.for(['esbuild', 'rolldown'] as const)('is taken by parts: %s leaves out what nobody uses', async (bundler) => {
    const bundle = bundlers[bundler]
    const [decoding, many, all] = [
      await bundle('decode'),
      await bundle('decodeMany'),
      await bundle('decode, formatMany, formatAtt, informationOf'),
    ]
    expect([partsIn(decoding), partsIn(many)]).toEqual([[], []])
    expect(partsIn(all)).toEqual(Object.keys(parts))
    expect(partsIn(await bundle('formatAtt'))).not.toContain('information')
    expect(decoding.length).toBeLessThan(all.length * 0.8)
  })
})

describe('what is computed at import', () => {
  test.for([
    ['a call', 'const a = f(1)', 'const a = /* @__PURE__ */ (() => (f(1)))()'],
    ['an exported one', 'export const a = new B()', 'export const a = /* @__PURE__ */ (() => (new B()))()'],
    ['what is spread', 'let a = [...b] as const', 'let a = /* @__PURE__ */ (() => ([...b] as const))()'],
  ] as const)('is marked: %s', ([, text, marked]) => {
    expect(markedPure('a.ts', `${text}\n`)).toBe(`${marked}\n`)
  })

  test.for(['const a = 1', 'const a = () => f(1)', 'const [a] = f()', 'function f() { const a = g() }'])(
    'stays as it is where nothing is to be marked: %s',
    (text) => {
      expect(markedPure('a.ts', text)).toBe(text)
    },
  )
})
