import { type ExpressionStatement, type Node, parseSync, type VariableDeclaration } from 'oxc-parser'

/** A block of a page as a program that fails where the page is wrong. */
export interface UseProgram {
  readonly code: string
  /** How many values it compares with what the page says after an arrow. */
  readonly checks: number
}

/**
 * Turns `expression // → value` and `const name = … // → value` into comparisons, and `console.log(…) // → text` into
 * one of what is printed. What follows an arrow is a JavaScript expression. Lines keep their numbers.
 */
export function useProgram(code: string): UseProgram {
  const { program, comments, errors } = parseSync('use.ts', code)
  if (errors[0] !== undefined) throw new SyntaxError(errors[0].message)
  let checks = 0
  let made = ''
  let done = 0
  for (const statement of program.body) {
    const lineEnd = endOfLine(code, statement.end)
    const arrow = comments.find(
      ({ start, end, value }) => start >= statement.end && end <= lineEnd && /^\s*→/.test(value),
    )
    if (arrow === undefined) continue
    const expected = arrow.value.trim().slice(1).trim()
    made += code.slice(done, statement.start) + compared(code, statement, expected)
    done = statement.end
    checks++
  }
  return { code: `${prelude}; ${made}${code.slice(done)}`, checks }
}

const prelude = [
  `import { deepStrictEqual as __equal } from 'node:assert/strict'`,
  `import { format as __format } from 'node:util'`,
].join(';')

function endOfLine(code: string, from: number): number {
  const end = code.indexOf('\n', from)
  return end === -1 ? code.length : end
}

function compared(code: string, statement: Node, expected: string): string {
  const text = code.slice(statement.start, statement.end)
  if (statement.type === 'ExpressionStatement') {
    const { expression } = statement as ExpressionStatement
    const printed = /^console\.log\(([\s\S]*)\)$/.exec(text)?.[1]
    if (printed !== undefined) return `__equal(__format(${printed}), ${JSON.stringify(expected)});`
    return `__equal((${code.slice(expression.start, expression.end)}), (${javaScript(expected)}));`
  }
  const name = statement.type === 'VariableDeclaration' ? nameOf(statement as VariableDeclaration) : undefined
  if (name === undefined) throw new SyntaxError(`an arrow says a value, and “${text}” has none`)
  return `${text}; __equal(${name}, (${javaScript(expected)}));`
}

function nameOf({ declarations }: VariableDeclaration): string | undefined {
  const id = declarations[0]?.id
  return declarations.length === 1 && id?.type === 'Identifier' ? id.name : undefined
}

function javaScript(text: string): string {
  const { errors } = parseSync('expected.ts', `(${text})`)
  if (errors.length > 0) throw new SyntaxError(`after an arrow comes a JavaScript expression, not “${text}”`)
  return text
}
