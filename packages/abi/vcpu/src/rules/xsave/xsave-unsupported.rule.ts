import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetXsaveCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetXsave } from '../witnesses.ts'

export const xsaveUnsupported = rule<SetXsaveCall>({
  id: 'xsave-unsupported',
  catalogue: 'xsave-set',
  says: 'the area holds components that KVM supports',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kernel/fpu/xstate.c', 'validate_user_xstate_header', '6.12.117'),
    kernelSource('arch/x86/kernel/fpu/core.c', 'fpu_copy_uabi_to_guest_fpstate', '6.12.117'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ present, supported }) => (present & ~(supported | 3n)) !== 0n,
  witness: { refused: aSetXsave({ present: 0x203n }), accepted: aSetXsave({ present: 7n }) },
})
