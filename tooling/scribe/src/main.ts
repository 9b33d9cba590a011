import { parseArgs } from 'node:util'
import { instructions, scribe } from '@vmm/x86-semantics'
import { type Shape, settings, shapesOf } from './shapes.ts'

const help = `pnpm scribe MNEMONIC [--mode ${settings.map(({ execution, codeSize }) => `${execution}/${codeSize}`).join('|')}] [--all] [--procedures]

Prints what an instruction does, as pseudo-code from its description. Without --all one shape is printed, the
first whose operands have 32 bits; --procedures prints the described functions that it calls too.
`

const margin = (lines: readonly string[]): string => lines.map((line) => `    ${line}\n`).join('')

function print(shape: Shape, withProcedures: boolean): string {
  const { lines, procedures } = scribe(shape.instruction, shape.mode, shape.operands)
  const called = withProcedures ? procedures.map(({ heading, lines: body }) => `\n  ${heading}\n${margin(body)}`) : []
  const { row, mode } = shape
  return `${shape.heading}    (${row.opcode}; ${mode.operandSize}-bit operands)\n\n${margin(lines)}${called.join('')}\n`
}

function main(): string {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      mode: { type: 'string', default: 'long/64' },
      all: { type: 'boolean', default: false },
      procedures: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const mnemonic = positionals[0]?.toUpperCase()
  if (values.help || mnemonic === undefined || positionals.length > 1) return help
  const wanted = settings.find(({ execution, codeSize }) => `${execution}/${codeSize}` === values.mode)
  if (wanted === undefined) throw new Error(`no such mode: ${values.mode}`)
  const instruction = instructions.get(mnemonic)
  if (instruction === undefined) throw new Error(`${mnemonic} is not described`)
  const shapes = shapesOf(mnemonic, wanted)
  if (shapes.length === 0) throw new Error(`${mnemonic} does not exist in ${values.mode}`)
  const one =
    shapes.find(({ operands: [first] }) => first !== undefined && 'width' in first && first.width === 32) ?? shapes[0]!
  return (values.all ? shapes : [one]).map((shape) => print(shape, values.procedures)).join('\n')
}

try {
  process.stdout.write(main())
} catch (error) {
  process.stderr.write(`scribe: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 2
}
