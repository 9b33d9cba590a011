import { handledBy, type Msr, type MsrField, msrs } from '@vmm/msr'
import { lifetimeJson, lifetimeSchema, sourceJson, sourceSchema } from '../lifetime-json.ts'
import { arrayOf, hex, integer, oneOf, record, text } from '../schema.ts'
import type { Table } from '../table.ts'

const kinds = ['read-write', 'read-only', 'constant', 'write-only', 'host'] as const satisfies readonly Msr['access'][]
const modules = ['kvm_intel', 'kvm_amd'] as const

const field = record({
  name: text('as the manual spells it'),
  low: integer('its lowest bit'),
  width: integer('of how many bits it is'),
  'access?': oneOf(['read-write', 'read-only'], '`read-only`: what is written there is ignored'),
  'needs?': arrayOf(text(), 'features of CPUID, any of which brings it into being'),
  says: text(),
})

/** The model-specific registers, with their fields and what may be written. */
export const registerTable: Table = {
  folder: 'packages/abi/msr',
  name: 'registers',
  says: 'The model-specific registers that KVM or its guests know, and what may be written there.',
  row: record({
    index: hex,
    'last?': { ...hex, description: 'of a run of registers that are alike' },
    name: text(),
    access: oneOf(
      kinds,
      '`read-only`: a guest reads, the host also writes; `constant`: nobody writes; `host`: no guest reads or writes',
    ),
    vendor: oneOf(['any', 'intel', 'amd'], 'whose processors have it'),
    needs: arrayOf(text(), 'features of CPUID, any of which brings it into being; none: every guest has it'),
    reset: hex,
    'fields?': arrayOf(field, 'what none of them names is reserved; left out, all 64 bits are one value'),
    rules: arrayOf(
      record({ says: text(), binds: oneOf(['guest', 'guest and host']), source: sourceSchema }),
      'what a write must be like besides',
    ),
    handled: record(
      {
        'module?': oneOf(modules, 'the one vendor module that handles it'),
        'lifetime?': {
          ...lifetimeSchema,
          description: 'the releases of KVM that handle it; left out, none is known to',
        },
      },
      'what KVM has of it',
    ),
    source: sourceSchema,
  }),
  rows: () => msrs.map(asRow),
}

const hexOf = (value: number | bigint) => `0x${value.toString(16)}`

function asRow(msr: Msr): object {
  const { index, last, name, access, vendor, needs, reset, fields, rules, source } = msr
  const { lifetime, ...module } = handledBy(msr)
  return {
    index: hexOf(index),
    ...(last === index ? {} : { last: hexOf(last) }),
    name,
    access,
    vendor,
    needs,
    reset: hexOf(reset),
    ...(fields === 'any' ? {} : { fields: Object.entries(fields).map(fieldJson) }),
    rules: rules.map(({ says, binds, source }) => ({ says, binds, source: sourceJson(source) })),
    handled: { ...module, ...(lifetime === 'never' ? {} : { lifetime: lifetimeJson(lifetime) }) },
    source: sourceJson(source),
  }
}

function fieldJson([name, { low, width, access, needs, says }]: readonly [string, MsrField]): object {
  return {
    name,
    low,
    width,
    ...(access === undefined ? {} : { access }),
    ...(needs === undefined ? {} : { needs: [needs].flat() }),
    says,
  }
}
