import type { ReleasedLifetime } from '@vmm/rule'
import type { Source } from '@vmm/source'
import { type CpuidAnswer, type CpuidEntry, entry } from '../entry.ts'
import { indexedFunctions } from './indexed.ts'
import { type Reporting, rawAnswer, reportedWord } from './reporting.ts'

/** What KVM_GET_SUPPORTED_CPUID makes of one leaf, over one lifetime. */
export interface LeafAnswer {
  readonly leaf: number
  readonly lifetime: ReleasedLifetime
  readonly source: Source
  readonly answers: (reporting: Reporting) => readonly CpuidEntry[]
}

/** A row of the leaf answers. */
export function leafAnswer(
  leaf: number,
  lifetime: ReleasedLifetime,
  source: Source,
  answers: LeafAnswer['answers'],
): LeafAnswer {
  return { leaf, lifetime, source, answers }
}

/** An entry as KVM makes one: with the significant-index flag where the release knows sub-leaves. */
export function kvmEntry(reporting: Reporting, leaf: number, index: number, answer: Partial<CpuidAnswer>): CpuidEntry {
  return entry(leaf, answer, indexedFunctions(reporting.profile).has(leaf) ? index : undefined)
}

/** The host's own answer as an entry, changed where `change` says. */
export function passed(
  reporting: Reporting,
  leaf: number,
  index = 0,
  change: (raw: CpuidAnswer) => Partial<CpuidAnswer> = () => ({}),
): CpuidEntry {
  const raw = rawAnswer(reporting, leaf, index)
  return kvmEntry(reporting, leaf, index, { ...raw, ...change(raw) })
}

/** Four registers of reported features. */
export function reportedWords(reporting: Reporting, leaf: number, index: number): CpuidAnswer {
  return {
    eax: reportedWord(reporting, leaf, index, 'eax'),
    ebx: reportedWord(reporting, leaf, index, 'ebx'),
    ecx: reportedWord(reporting, leaf, index, 'ecx'),
    edx: reportedWord(reporting, leaf, index, 'edx'),
  }
}

/** Sub-leaves from 0 on, for as long as `continues` holds of the one before. */
export function passedWhile(
  reporting: Reporting,
  leaf: number,
  continues: (answer: CpuidAnswer) => boolean,
): readonly CpuidEntry[] {
  const entries = [passed(reporting, leaf)]
  while (entries.length < mostSubleaves && continues(entries.at(-1)!)) {
    entries.push(passed(reporting, leaf, entries.length))
  }
  return entries
}

/** A dump may never end its sub-leaves; KVM's table has no more room than this. */
const mostSubleaves = 256

/** Sub-leaves 0 to `last`. */
export function passedThrough(reporting: Reporting, leaf: number, last: number): readonly CpuidEntry[] {
  const count = Math.min(last, mostSubleaves - 1) + 1
  return Array.from({ length: count }, (_, index) => passed(reporting, leaf, index))
}
