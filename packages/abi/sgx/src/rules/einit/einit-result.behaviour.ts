import { type Behaviour, behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

/** What EINIT came to: 0, or an error of the manual's, and the flags before it. */
export interface EinitResult {
  readonly error: number
  readonly rflags: bigint
}

/** CF, PF, AF, SF and OF. */
const cleared = 0x895n
const ZF = 0x40n

/** RAX and RFLAGS after an EINIT that KVM executed. */
export const einitResult: Behaviour<EinitResult, { readonly rax: bigint; readonly rflags: bigint }> = behaviour<
  EinitResult,
  { readonly rax: bigint; readonly rflags: bigint }
>({
  id: 'sgx-einit-result',
  catalogue: 'sgx-einit',
  says: 'EINIT with the guest’s launch key leaves an error in RAX, with ZF, and clears the other arithmetic flags',
  sources: [kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_einit', '6.12.117')],
  evidence: 'source',
  versions: [
    {
      lifetime: since('5.13'),
      does: ({ error, rflags }) => {
        const kept = rflags & ~(cleared | ZF)
        return { rax: BigInt(error), rflags: error === 0 ? kept : kept | ZF }
      },
      witness: { in: { error: 16, rflags: 0x8d7n }, out: { rax: 16n, rflags: 0x42n } },
    },
  ],
})
