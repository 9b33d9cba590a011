import { describeDiff, describeTable, supportedCpuid } from '@vmm/cpuid'
import { UsageError } from '../usage-error.ts'
import { hostAsked, profileAsked, tableAsked } from './asked.ts'
import { flagsOf, said, type Told } from './told.ts'

/** `vmm cpuid`: what a dump says, or what two releases support otherwise on a host. */
export function cpuid(args: readonly string[]): Told {
  const { values, positionals } = flagsOf('cpuid', args, { host: { type: 'string' } } as const)
  const [first, ...rest] = positionals
  if (first === 'diff') return said(diff(rest, values.host))
  if (first === undefined || rest.length > 0)
    throw new UsageError('vmm cpuid: expected one file, or diff and two releases')
  return said(describeTable(tableAsked(first)))
}

function diff([from, to, surplus]: readonly string[], named: string | undefined): readonly string[] {
  if (from === undefined || to === undefined || surplus !== undefined) {
    throw new UsageError('vmm cpuid diff: expected two releases, such as 5.10 6.18')
  }
  const host = hostAsked(named)
  const [before, after] = [from, to].map(
    (release) => supportedCpuid({ kernel: profileAsked('diff', release), host }).entries,
  )
  const lines = describeDiff(before ?? [], after ?? [])
  return lines.length === 0 ? [`${from} and ${to} support the same there`] : lines
}
