import { expect, test } from 'vitest'
import { inAscii } from './ascii.ts'

test('what is beyond ASCII becomes escapes that mean the same', () => {
  const text = '“Jcc—Jump”, ÿ\u0080 and 🙂'
  const code = inAscii(`'${text}' // …`)
  expect(code).toMatch(/^[\0-\x7f]*$/)
  expect(code.endsWith(' // \\u2026')).toBe(true)
  expect(new Function(`return ${code}`)()).toBe(text)
})

test('what is ASCII stays as it is', () => {
  const code = '/** a\\u0020b */ const it = `\\n`\n'
  expect(inAscii(code)).toBe(code)
})
