import { type Behaviour, behaviour } from '@vmm/rule'
import { returnValue } from '../../hypercall.ts'
import { pageEncryptionThread, proposedBy } from '../../proposals.ts'
import { type HypercallCase, isCall, made } from './case.ts'
import { wantsMapGpaExit } from './map-gpa-disabled.rule.ts'

const asked = made('KVM_HC_MAP_GPA_RANGE', [0x1000n, 1n], { has: () => true })
const zero = { kind: 'return', value: 0n } as const

function unheard(heard: (made: HypercallCase) => boolean): (made: HypercallCase) => HypercallCase {
  return (made) => {
    if (!isCall(made, 'KVM_HC_MAP_GPA_RANGE') || heard(made)) return made
    return { ...made, verdict: { kind: 'return', value: returnValue(made.call, 0) } }
  }
}

/** The end of the thread's two later variants. What was merged refuses instead: `hc-map-gpa-disabled`. */
export const pageEncUnheard: Behaviour<HypercallCase, HypercallCase> = behaviour({
  id: 'rfc-page-enc-unheard',
  catalogue: 'hc-map-gpa-number-and-names',
  says: 'a page-encryption-status call that user space does not want to hear of returns 0',
  sources: [pageEncryptionThread],
  evidence: 'mail',
  versions: [
    {
      lifetime: proposedBy('rfc-page-enc-bool'),
      says: 'one switch for all hypercalls',
      does: unheard(({ context }) => context.exits !== 0),
      witness: { in: asked, out: { ...asked, verdict: zero } },
    },
    {
      lifetime: proposedBy('rfc-page-enc-mask'),
      says: 'a bit for each hypercall',
      does: unheard(wantsMapGpaExit),
      witness: { in: asked, out: { ...asked, verdict: zero } },
    },
  ],
})
