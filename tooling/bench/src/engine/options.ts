import { parseArgs } from 'node:util'
import type { Peer } from './peers.ts'

/** What a person asked for. */
export interface Options {
  /** Rows by name; all if empty. */
  readonly only: readonly string[]
  readonly peers: readonly Peer[]
  readonly runs: number
  /** Seconds that a run should take whoever is fastest, and that it may take whoever is slowest. */
  readonly fastest: number
  readonly slowest: number
  /** Nothing was left out: the results are worth keeping. */
  readonly whole: boolean
}

const list = (text: string | undefined): readonly string[] => text?.split(',').filter((name) => name !== '') ?? []

/** What was wrong with a command line. */
export class BadOptions extends Error {}

/** Reads the flags, or throws `BadOptions`. Of the peers those are left that can be asked. */
export function optionsOf(args: readonly string[], all: readonly Peer[], names: readonly string[]): Options {
  const { values } = parse(args)
  const only = list(values.only)
  const wanted = list(values.peers)
  known('row', only, names)
  known(
    'peer',
    wanted,
    all.map(({ name }) => name),
  )
  const quick = values.quick === true
  const runs = Number(values.runs ?? (quick ? 1 : 3))
  if (!Number.isInteger(runs) || runs < 1) throw new BadOptions(`--runs ${values.runs}: not a number of runs`)
  return {
    only,
    peers: all.filter((peer) => (wanted.length === 0 || wanted.includes(peer.name)) && peer.absent === undefined),
    runs,
    fastest: quick ? 0.15 : 0.5,
    slowest: quick ? 2 : 3,
    whole: only.length === 0 && wanted.length === 0 && !quick,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        peers: { type: 'string' },
        runs: { type: 'string' },
        quick: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new BadOptions((error as Error).message)
  }
}

function known(what: string, given: readonly string[], names: readonly string[]): void {
  const unknown = given.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new BadOptions(`no ${what} ${unknown}; there are ${names.join(', ')}`)
}
