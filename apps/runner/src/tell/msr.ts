import { type Msr, msrAt, msrs } from '@vmm/msr'
import { cite } from '@vmm/source'
import { suggestion } from '../nearest.ts'
import { shown } from '../printable.ts'
import { UsageError } from '../usage-error.ts'
import { flagsOf, said, type Told } from './told.ts'

/** `vmm msr`: what a register is, by its number or its name. */
export function msr(args: readonly string[]): Told {
  const { positionals } = flagsOf('msr', args, {})
  const [asked, surplus] = positionals
  if (asked === undefined || surplus !== undefined)
    throw new UsageError('vmm msr: expected one number or name, such as 0x10a')
  return said(describe(found(asked)))
}

function found(asked: string): Msr {
  const byNumber = /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(asked) ? msrAt(Number(asked)) : undefined
  const row = byNumber ?? msrs.find(({ name }) => name.toLowerCase() === asked.toLowerCase())
  if (row !== undefined) return row
  throw new UsageError(
    `no MSR ${shown(asked)} is known${suggestion(
      asked.toUpperCase(),
      msrs.map(({ name }) => name),
    )}`,
  )
}

function describe({ index, last, name, access, reset, needs, fields, rules, source }: Msr): readonly string[] {
  const hex = (value: number | bigint) => `0x${value.toString(16)}`
  const bits = fields === 'any' ? [] : Object.entries(fields)
  return [
    `${hex(index)}${last === index ? '' : `-${hex(last)}`} ${name}: ${access}, ${hex(reset)} after reset`,
    ...(needs.length === 0 ? [] : [`  needs ${needs.join(' or ')}`]),
    ...bits.map(([field, { low, width, says }]) => `  ${placeOf(low, width)} ${field}: ${says}`),
    ...rules.map(({ says, binds }) => `  a write by ${binds}: ${says}`),
    `  see ${cite(source)}`,
  ]
}

function placeOf(low: number, width: number): string {
  return (width === 1 ? `${low}` : `${low + width - 1}:${low}`).padStart(5)
}
