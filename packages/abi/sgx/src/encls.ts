import { deedOf, type Profile, type ResolvedPipeline, resolve, run } from '@vmm/rule'
import type { EcreateCase, EinitCase, EnclsCase } from './encls-case.ts'
import { enclsLeaves } from './encls-leaves.rows.ts'
import type { SgxError } from './guest.ts'
import { ecreatePipeline } from './rules/ecreate/index.ts'
import { einitPipeline } from './rules/einit/index.ts'
import { enclsPipeline } from './rules/encls/index.ts'
import { enclsBitmap } from './rules/intercepts/bitmap.behaviour.ts'
import type { EnclsVerdict } from './verdict.ts'

/** A leaf of ENCLS that a guest executes, with the operands of the two leaves that KVM looks into. */
export interface Encls extends Omit<EnclsCase, 'exits'> {
  readonly ecreate?: Omit<EcreateCase, 'guest'>
  readonly einit?: EinitCase
}

/**
 * What one kernel makes of ENCLS. The decider is pure and total; operands that are left out are not looked at, as if
 * they were in order.
 */
export function enclsDecider(profile: Profile): (encls: Encls) => EnclsVerdict {
  const any = resolve(enclsPipeline, profile)
  const ecreate = resolve(ecreatePipeline, profile)
  const einit = resolve(einitPipeline, profile)
  const intercepted = deedOf(enclsBitmap, profile)
  return ({ leaf, guest, ecreate: created, einit: initialized }) => {
    const place = 1n << BigInt(Math.min(leaf >>> 0, lastBit))
    if (guest.l1Bitmap !== undefined && (guest.l1Bitmap & place) !== 0n) return { kind: 'l1' }
    if ((intercepted(guest) & place) === 0n) return { kind: 'native' }
    const refused = refusedBy(any, { leaf: leaf >>> 0, exits: true, guest })
    if (refused !== undefined) return refused
    if (leaf === enclsLeaves.ECREATE) {
      return (created === undefined ? undefined : refusedBy(ecreate, { ...created, guest })) ?? runs('ECREATE')
    }
    if (leaf === enclsLeaves.EINIT) {
      return (initialized === undefined ? undefined : refusedBy(einit, initialized)) ?? runs('EINIT')
    }
    return { kind: 'native' }
  }
}

/** Leaves from 63 on share a bit. */
const lastBit = 63

const runs = (leaf: 'ECREATE' | 'EINIT'): EnclsVerdict => ({ kind: 'run', leaf })

function refusedBy<State>(steps: ResolvedPipeline<State, SgxError>, state: State): EnclsVerdict | undefined {
  const outcome = run(steps, state)
  if (outcome.kind === 'done') return undefined
  return { kind: 'refused', error: outcome.refusal.errno, refusal: outcome.refusal }
}
