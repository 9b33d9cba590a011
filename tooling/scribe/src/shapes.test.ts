import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { instructions, scribe } from '@vmm/x86-semantics'
import { describe, expect, test } from 'vitest'
import { type Shape, settings, shapesOf } from './shapes.ts'

/** What is wrong with a text, if anything. */
function complaint(text: string): string | undefined {
  if (/undefined|NaN|\[object|null/.test(text)) return 'holds what is no text'
  const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0
  if (count(/(?<!\.)\bIF\b/g) !== count(/\bFI\b/g)) return 'has an IF without FI'
  if (count(/\b(?:WHILE|LOOP)\b/g) !== count(/\bOD\b/g)) return 'has a loop without OD'
  if (count(/\(/g) !== count(/\)/g)) return 'has unbalanced parentheses'
  if (count(/\[/g) !== count(/\]/g)) return 'has unbalanced brackets'
  return text.trim() === '' ? 'is empty' : undefined
}

const textOf = ({ instruction, mode, operands }: Shape): string => {
  const { lines, procedures } = scribe(instruction, mode, operands)
  return [...lines, ...procedures.flatMap(({ heading, lines: body }) => [heading, ...body])].join('\n')
}

/** Temporaries that are used above the line that makes them, or that nobody makes. */
function unmade(lines: readonly string[]): readonly string[] {
  const made = new Set<string>()
  return lines.flatMap((line) => {
    const names = line.match(/\b[a-z][a-z0-9_]*\b(?!\()/g) ?? []
    const target = /^\s*(?:IF .* THEN )?(?:\(?([a-z0-9_, ]+)\)?)(?::\d+)? ←/.exec(line)?.[1]?.split(', ') ?? []
    const strange = names.filter((name) => !made.has(name) && !target.includes(name) && !words.has(name))
    for (const name of target) made.add(name)
    return strange.map((name) => `${name} in “${line.trim()}”`)
  })
}

const words = new Set(
  `base limit access selector offset step at most what was written until here stays even if a fault follows
  an address that counts as higher and debug traps off the next instruction is done old interrupts this
  that bytes byte can be read hlt mwait pause shutdown nothing significand signexponent m32fp m64fp m16int m32int m64int m80bcd
  all processors see stored write user`.split(/\s+/),
)

describe.each(settings)('in $execution mode, $codeSize-bit code', (setting) => {
  test('every described instruction that exists there reads well in every shape', () => {
    const wrong = [...instructions.keys()].flatMap((mnemonic) =>
      shapesOf(mnemonic, setting).flatMap((shape) => {
        const says = complaint(textOf(shape))
        const strange = unmade(scribe(shape.instruction, shape.mode, shape.operands).lines)
        return [
          ...(says === undefined ? [] : [`${shape.heading} ${says}`]),
          ...strange.map((one) => `${shape.heading}: ${one}`),
        ]
      }),
    )
    expect(wrong).toEqual([])
  })
})

test('every described instruction has a shape somewhere', () => {
  const shapeless = [...instructions.keys()].filter((mnemonic) =>
    settings.every((setting) => shapesOf(mnemonic, setting).length === 0),
  )
  expect(shapeless).toEqual([])
})

test('a text does not depend on what was written before it', () => {
  const all = () => [...instructions.keys()].flatMap((mnemonic) => shapesOf(mnemonic, settings.at(-1)!)).map(textOf)
  const [first, second] = [all(), all()]
  expect(second).toEqual(first)
})

describe('the command', () => {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))

  test('prints a shape with its opcode', () => {
    const text = execFileSync(process.execPath, [main, 'xor'], { encoding: 'utf8' })
    expect(text).toContain('XOR r32, r32')
    expect(text).toContain('CF ← 0')
  })

  test('refuses in one line', () => {
    const { status, stderr } = spawnSync(process.execPath, [main, 'FROB'], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([2, 'scribe: FROB is not described\n'])
  })
})
