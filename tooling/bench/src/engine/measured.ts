import { rounded } from '../results.ts'
import { median } from '../timed.ts'
import type { Width } from './guests/words.ts'
import type { Kind } from './rows.ts'
import { type Failure, isFailure, type Sample } from './samples.ts'

/** A row of the table: what one load cost everybody. */
export interface Measured {
  readonly name: string
  readonly says: string
  readonly kind: Kind | 'linux'
  readonly width: Width
  /** In no mean. */
  readonly apart: boolean
  readonly peers: Readonly<Record<string, Outcome>>
  /** Medians of ours as parts of theirs, by CPU seconds for a round. */
  readonly ratios: Readonly<Record<string, number>>
  /** Sums that differ, if any do. */
  readonly differs?: string
}

/** What one peer took. */
export interface Outcome {
  readonly cpuSeconds?: number
  readonly seconds?: number
  readonly rounds?: number
  /** Of the CPU seconds, what threads other than the busiest used. */
  readonly otherThreads?: number
  readonly failure?: string
  readonly samples: readonly Sample[]
}

/** The medians of what one peer did. */
export function outcomeOf(results: readonly (Sample | Failure)[]): Outcome {
  const samples = results.filter((result): result is Sample => !isFailure(result))
  const failure = results.find(isFailure)?.failure
  const failed = failure === undefined ? {} : { failure }
  if (samples.length === 0) return { samples, ...failed }
  const middle = (of: (sample: Sample) => number): number => rounded(median(samples.map(of)), 3)
  return {
    cpuSeconds: middle(({ cpuSeconds }) => cpuSeconds),
    seconds: middle(({ seconds }) => seconds),
    rounds: samples[0]!.rounds,
    otherThreads: middle(({ cpuSeconds, threads }) => Math.max(0, cpuSeconds - Math.max(0, ...Object.values(threads)))),
    ...failed,
    samples,
  }
}

const perRound = ({ cpuSeconds, rounds }: Outcome): number | undefined =>
  cpuSeconds === undefined ? undefined : Math.max(cpuSeconds, 0.01) / rounds!

/** Ours against each of the others. */
export function ratiosOf(outcomes: Readonly<Record<string, Outcome>>): Readonly<Record<string, number>> {
  const ours = outcomes['vmm'] && perRound(outcomes['vmm'])
  const ratios: Record<string, number> = {}
  for (const [name, outcome] of Object.entries(outcomes)) {
    const theirs = perRound(outcome)
    if (name !== 'vmm' && name !== 'threads' && ours !== undefined && theirs !== undefined)
      ratios[name] = Number((ours / theirs).toPrecision(3))
  }
  return ratios
}

/** The sums of those who did the same number of rounds, where they are not all the same. */
export function differenceOf(outcomes: Readonly<Record<string, Outcome>>): string | undefined {
  const said = Object.entries(outcomes).flatMap(([peer, { samples }]) =>
    samples.map(({ rounds, sum }) => ({ peer, rounds, sum })),
  )
  const differing = said.some(({ rounds, sum }) => said.some((other) => other.rounds === rounds && other.sum !== sum))
  return differing ? [...new Set(said.map(({ peer, sum }) => `${peer} ${sum}`))].join(', ') : undefined
}

/** The geometric mean, of at least one number. */
export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
