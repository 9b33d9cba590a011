import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type HyperVFlush, type HyperVIpi, readFlush, readIpi } from '../../hyper-v-input.ts'
import { type HyperVCase, type HyperVRule, hyperVMade, hyperVRowOf } from './case.ts'

/** What a flush or an IPI asks for; `undefined` where it is no such call, `'malformed'` where it cannot be told. */
export function asked(
  { call, context }: HyperVCase,
  row: string | undefined,
): HyperVFlush | HyperVIpi | 'malformed' | undefined {
  const isFlush = row?.startsWith('HVCALL_FLUSH') === true
  if (!isFlush && row?.startsWith('HVCALL_SEND_IPI') !== true) return undefined
  const set = row?.endsWith('_EX') ? 'sparse' : 'mask'
  if (isFlush) return readFlush(call, context.input, set) ?? 'malformed'
  return (context.localApic === 'kernel' ? readIpi(call, context.input, set) : undefined) ?? 'malformed'
}

export const hyperVArguments: HyperVRule = rule({
  id: 'hv-hc-arguments',
  catalogue: 'hv-hc-args',
  says: 'a flush or an IPI whose arguments cannot be read, or name no vector or set that there is, is refused',
  lifetime: always,
  errno: 'HV_STATUS_INVALID_HYPERCALL_INPUT',
  sources: [
    kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_flush_tlb', '6.12.117'),
    kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_send_ipi', '6.12.117'),
  ],
  evidence: 'source',
  refuses: (made) => asked(made, hyperVRowOf(made)?.name) === 'malformed',
  witness: {
    refused: hyperVMade('HVCALL_SEND_IPI', { input: 0xfn, output: 1n }),
    accepted: hyperVMade('HVCALL_SEND_IPI', { input: 0x10n, output: 1n }),
  },
})
