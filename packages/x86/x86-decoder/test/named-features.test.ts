import { rows } from '@vmm/x86-opcodes'
import { expect, test } from 'vitest'
import { createDecoded, createDecoder, decode, format, informationOf, rowOf } from '../src/index.ts'
import { namedFeatures } from './named-features.rows.ts'

const optional = rows.filter(({ attributes }) => attributes.includes('optional'))
const { decode: decodeAsked } = createDecoder({ with: optional.flatMap(({ needs }) => needs?.split(' ')[0] ?? []) })

test.each(namedFeatures)('%s brings %s, %s', (features, hex, text) => {
  const bytes = Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16))
  const out = createDecoded()
  expect(decodeAsked(bytes, 0, bytes.length, 64, out)).toBeUndefined()
  expect(format(out)).toBe(text)
  expect(out.length).toBe(bytes.length)
  expect(informationOf(out).features.join(' ') || '—').toBe(features)
  const isOptional = rowOf(out).attributes.includes('optional')
  expect(decode(bytes, 0, bytes.length, 64, out)).toBe(isOptional ? 'invalid' : undefined)
})
