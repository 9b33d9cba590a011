import { expect, test } from 'vitest'
import { printable, shown } from './printable.ts'

test.each([
  ['plain, and ünïcode …', 'plain, and ünïcode …'],
  ['two\nlines\r\n\there', 'two\\nlines\\r\\n\\there'],
  ['\u001b[31mred\u009b\u007f\0', '\\x1b[31mred\\x9b\\x7f\\x00'],
])('%j is shown as %j', (text, expected) => {
  expect(printable(text)).toBe(expected)
})

test('an empty value is shown as a shell would have it', () => {
  expect([shown(''), shown('x')]).toEqual(["''", 'x'])
})
