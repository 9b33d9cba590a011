import { behaviour, since, until } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import type { GetXsaveCall } from '../calls.ts'
import { aGetXsave } from '../witnesses.ts'

const called = aGetXsave({ hostComponents: 0x21fn })

/** The eight bytes at 464, which processors leave to software: a signal frame tells so what its area may hold. */
export const xsaveTellsHost = behaviour<GetXsaveCall, GetXsaveCall>({
  id: 'xsave-tells-host',
  catalogue: 'xsave-get-legacy-size',
  says: 'an area tells which components the host has, whatever the guest may have of them',
  sources: [
    kernelSource('arch/x86/kernel/fpu/xstate.c', '__copy_xstate_to_uabi_buf', '6.1.192'),
    kernelSource('arch/x86/kernel/fpu/xstate.c', '__copy_xstate_to_uabi_buf', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'fill_xsave', '5.15'),
    probe('registers-at-reset', 'Linux 6.1.192 and 6.12.117, kvm_amd and kvm_intel; 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('5.16'),
      says: 'an area tells nothing of the host',
      does: (call) => call,
      witness: { in: called, out: called },
    },
    {
      lifetime: since('5.16'),
      does: (call) => ({ ...call, toldComponents: call.hostComponents }),
      witness: { in: called, out: { ...called, toldComponents: 0x21fn } },
    },
  ],
})
