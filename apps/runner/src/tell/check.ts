import { isIndexed, setCpuid, supportedCpuid, type UnsupportedBit, unsupported } from '@vmm/cpuid'
import { tellProfile } from '@vmm/rule'
import { UsageError } from '../usage-error.ts'
import { hostAsked, profileAsked, tableAsked } from './asked.ts'
import { flagsOf, type Told } from './told.ts'

const wrong = 1

const words = {
  unsupported: 'not supported there',
  unknown: 'nobody has read whether it is supported',
} as const

/** `7H.1.EAX[4]`: leaf, sub-leaf where there are several, register and bit. */
function placeOf({ function: leaf, index, register, bit }: UnsupportedBit): string {
  const subleaf = isIndexed(leaf) ? `.${index}` : ''
  return `${leaf.toString(16).toUpperCase()}H${subleaf}.${register.toUpperCase()}[${bit}]`
}

/** `vmm check`: whether a release on a host takes a CPUID table, and what of it is not supported there. */
export function check(args: readonly string[]): Told {
  const { values, positionals } = flagsOf('check', args, { kvm: { type: 'string' }, host: { type: 'string' } } as const)
  const [path, surplus] = positionals
  if (path === undefined || surplus !== undefined)
    throw new UsageError('vmm check: expected one file with a CPUID table')
  const where = { kernel: profileAsked('--kvm', values.kvm), host: hostAsked(values.host) }
  const table = tableAsked(path)
  const answer = setCpuid(where, { table })
  const missing = unsupported(table, supportedCpuid(where))
  const lines = [
    answer.kind === 'refused'
      ? answer.says
      : `${tellProfile(where.kernel)} takes the table: ${answer.stored.length} entries`,
    ...missing.map((bit) => `${bit.name} (${placeOf(bit)}): ${words[bit.known]}`),
  ]
  return { text: `${lines.join('\n')}\n`, status: answer.kind === 'refused' || missing.length > 0 ? wrong : 0 }
}
