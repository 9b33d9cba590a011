import { exitSides, type Tried } from './exit-sides.rows.ts'

type Reason = keyof typeof exitSides

/** An exit with where it is seen to happen, and where not. */
export interface TriedExit {
  readonly reason: Reason
  readonly leaves: Tried
  readonly stays: Tried
}

const all = Object.entries(exitSides) as [Reason, (typeof exitSides)[Reason]][]

/** Exits that can happen on a processor of ours. */
export const triedExits: readonly TriedExit[] = all.flatMap(([reason, sides]) =>
  'absent' in sides ? [] : [{ reason, ...sides }],
)

/** Exits that cannot. */
export const absentExits: readonly Reason[] = all.flatMap(([reason, sides]) => ('absent' in sides ? [reason] : []))
