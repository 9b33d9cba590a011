import { handledBy, listRows, type Msr, msrAt, msrs } from '@vmm/msr'
import { tellLifetime } from '@vmm/rule'
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

function describe(row: Msr): readonly string[] {
  const { index, last, name, access, reset, needs, fields, rules, source } = row
  const hex = (value: number | bigint) => `0x${value.toString(16)}`
  const bits = fields === 'any' ? [] : Object.entries(fields)
  return [
    `${hex(index)}${last === index ? '' : `-${hex(last)}`} ${name}: ${access}, ${hex(reset)} after reset`,
    ...(needs.length === 0 ? [] : [`  needs ${needs.join(' or ')}`]),
    ...bits.map(([field, { low, width, says }]) => `  ${placeOf(low, width)} ${field}: ${says}`),
    ...rules.map(({ says, binds }) => `  a write by ${binds}: ${says}`),
    ...kernelsOf(row),
    `  see ${cite(source)}`,
  ]
}

const lists = {
  saved: 'KVM_GET_MSR_INDEX_LIST',
  perfmon: 'KVM_GET_MSR_INDEX_LIST',
  dynamic: 'KVM_GET_MSR_INDEX_LIST',
  emulated: 'KVM_GET_MSR_INDEX_LIST',
  'VMX features': 'KVM_GET_MSR_FEATURE_INDEX_LIST',
  features: 'KVM_GET_MSR_FEATURE_INDEX_LIST',
} as const

/** Which releases of KVM handle a register, and list it. */
function kernelsOf(row: Msr): readonly string[] {
  const { lifetime, module = 'KVM' } = handledBy(row)
  const handled =
    lifetime === 'never' ? 'no release of KVM handles it' : `${module} handles it ${tellLifetime(lifetime)}`
  const listed = listRows
    .filter(({ indexes }) => indexes.some((index) => index >= row.index && index <= row.last))
    .map(
      ({ part, lifetime, when }) =>
        `${lists[part]} lists it ${tellLifetime(lifetime)}${when === undefined ? '' : `, with ${when}`}`,
    )
  return [handled, ...new Set(listed)].map((line) => `  ${line}`)
}

function placeOf(low: number, width: number): string {
  return (width === 1 ? `${low}` : `${low + width - 1}:${low}`).padStart(5)
}
