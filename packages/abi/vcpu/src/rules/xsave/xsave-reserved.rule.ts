import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetXsaveCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetXsave } from '../witnesses.ts'

export const xsaveReserved = rule<SetXsaveCall>({
  id: 'xsave-reserved',
  catalogue: 'xsave-set',
  says: 'the reserved bytes of the header are zero',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kernel/fpu/xstate.c', 'validate_user_xstate_header', '6.12.117'), askedCalls],
  evidence: 'recorded',
  refuses: ({ reservedBytes }) => reservedBytes,
  witness: { refused: aSetXsave({ reservedBytes: true }), accepted: aSetXsave() },
})
