import { exitReasons, ioctls } from '@vmm/kvm-uapi'
import { evidenceSchema, lifetimeJson, lifetimeSchema, sourceJson, sourceSchema } from '../lifetime-json.ts'
import { arrayOf, hex, integer, oneOf, record, type Schema, text } from '../schema.ts'
import type { Table } from '../table.ts'

const folder = 'packages/abi/kvm-uapi'
const yesNo: Schema = { type: 'boolean' }

/** The calls. */
export const ioctlTable: Table = {
  folder,
  name: 'ioctls',
  says: 'The ioctls of KVM on x86.',
  row: record({
    name: text(),
    number: { ...hex, description: 'the whole 32-bit request' },
    nr: integer('its lowest eight bits'),
    direction: oneOf(['none', 'write', 'read', 'both'], 'what the number says, seen from user space'),
    size: integer('what the number says the argument’s size is'),
    use: oneOf(['ignored', 'zero', 'value', 'in', 'out', 'in-out'], 'what the kernel does with the argument'),
    'argument?': record({ name: text('a struct’s tag or a type of C'), size: integer() }),
    fds: arrayOf(oneOf(['system', 'vm', 'vcpu', 'device']), 'the file descriptors that understand it'),
    'capability?': text('says whether it is there'),
    says: text(),
    lifetime: lifetimeSchema,
    evidence: evidenceSchema,
    source: sourceSchema,
  }),
  rows: () =>
    ioctls.map(({ number, lifetime, source, ...row }) => ({
      ...row,
      number: `0x${number.toString(16)}`,
      lifetime: lifetimeJson(lifetime),
      source: sourceJson(source),
    })),
}

/** The exit reasons. */
export const exitTable: Table = {
  folder,
  name: 'exits',
  says: 'The values of kvm_run.exit_reason.',
  row: record({
    number: integer(),
    name: text(),
    word: text('the name without its prefix, in small letters'),
    'arm?': text('the member of kvm_run’s union that tells more'),
    onX86: yesNo,
    says: text(),
    source: sourceSchema,
  }),
  rows: () => exitReasons.map(({ source, ...row }) => ({ ...row, source: sourceJson(source) })),
}
