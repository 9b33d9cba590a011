import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetXsaveCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetXsave } from '../witnesses.ts'

export const xsaveCompacted = rule<SetXsaveCall>({
  id: 'xsave-compacted',
  catalogue: 'xsave-set',
  says: 'the area is in the standard format',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kernel/fpu/xstate.c', 'validate_user_xstate_header', '6.12.117'), askedCalls],
  evidence: 'recorded',
  refuses: ({ compacted }) => compacted !== 0n,
  witness: { refused: aSetXsave({ compacted: 1n << 63n }), accepted: aSetXsave() },
})
