import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetXsaveCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetXsave } from '../witnesses.ts'

export const xsaveMxcsr = rule<SetXsaveCall>({
  id: 'xsave-mxcsr',
  catalogue: 'xsave-set',
  says: 'MXCSR has no reserved bit where the area holds x87, SSE or AVX state',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kernel/fpu/core.c', 'fpu_copy_uabi_to_guest_fpstate', '6.12.117'),
    kernelSource('arch/x86/kernel/fpu/xstate.c', 'copy_uabi_to_xstate', '6.12.117'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ present, mxcsr, mxcsrMask }) => (present & 7n) !== 0n && (mxcsr & ~mxcsrMask) !== 0,
  witness: { refused: aSetXsave({ mxcsr: 0x1_1f80 }), accepted: aSetXsave({ present: 0n, mxcsr: 0x1_1f80 }) },
})
