import { type Answer, capabilities, constantSets, quirks } from '@vmm/kvm-uapi'
import { evidenceSchema, lifetimeJson, lifetimeSchema, sourceJson, sourceSchema } from '../lifetime-json.ts'
import { arrayOf, hex, integer, oneOf, record, text } from '../schema.ts'
import type { Table } from '../table.ts'

const folder = 'packages/abi/kvm-uapi'

/** The capabilities, with what is answered for them. */
export const capabilityTable: Table = {
  folder,
  name: 'capabilities',
  says: 'The capabilities of KVM, and what KVM_CHECK_EXTENSION answers for them on x86.',
  row: record({
    number: integer(),
    name: text(),
    enabledOn: arrayOf(oneOf(['vm', 'vcpu']), 'where KVM_ENABLE_CAP takes it'),
    says: text(),
    answers: arrayOf(
      record({
        lifetime: lifetimeSchema,
        kind: oneOf(['constant', 'host', 'quirks'], 'a number; by the host; the bits of the release’s quirks'),
        'value?': integer('the number, if it is the same everywhere'),
        'says?': text('what of the host it depends on'),
      }),
      'what is answered over which releases; 0 outside of them',
    ),
    evidence: evidenceSchema,
    source: sourceSchema,
  }),
  rows: () =>
    capabilities.map(({ answers, source, ...row }) => ({
      ...row,
      answers: answers.map(({ lifetime, answer }) => ({ lifetime: lifetimeJson(lifetime), ...answerJson(answer) })),
      source: sourceJson(source),
    })),
}

function answerJson(answer: Answer): object {
  return answer.kind === 'host' ? { kind: answer.kind, says: answer.says } : answer
}

/** The quirks. */
export const quirkTable: Table = {
  folder,
  name: 'quirks',
  says: 'What KVM does wrong on purpose until it is told otherwise.',
  row: record({
    bit: integer(),
    name: text(),
    hosts: oneOf(['all', 'intel', 'amd'], 'the hosts that it matters on'),
    says: text('what KVM does while it is on'),
    lifetime: lifetimeSchema,
    evidence: evidenceSchema,
    source: sourceSchema,
  }),
  rows: () =>
    quirks.map(({ lifetime, source, ...row }) => ({
      ...row,
      lifetime: lifetimeJson(lifetime),
      source: sourceJson(source),
    })),
}

/** The flags and values. */
export const constantTable: Table = {
  folder,
  name: 'constants',
  says: 'The flags and values of KVM’s interface on x86, in sets of one purpose.',
  row: record({
    prefix: text('what every name of the set begins with'),
    kind: oneOf(['bits', 'values']),
    says: text(),
    places: arrayOf(text(), 'the fields or calls that take them'),
    constants: arrayOf(record({ name: text(), value: hex, says: text() })),
    source: sourceSchema,
  }),
  rows: () =>
    constantSets.map(({ prefix, kind, says, places, constants, source }) => ({
      prefix,
      kind,
      says,
      places,
      constants: constants.map((row) => ({ ...row, value: `0x${row.value.toString(16)}` })),
      source: sourceJson(source),
    })),
}
