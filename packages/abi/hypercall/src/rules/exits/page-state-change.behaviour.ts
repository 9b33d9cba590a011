import { type Behaviour, behaviour, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'

/** A SEV-SNP guest's request to make pages private or shared, in one of the two ways that the GHCB has. */
export interface PageStateRequest {
  /** One page in the GHCB's MSR, or a range out of a buffer. */
  readonly way: 'msr' | 'buffer'
  readonly operation: 'private' | 'shared' | number
  readonly address: bigint
  readonly pages: bigint
  /** A range of a buffer in pages of 2 MBytes. */
  readonly pageSize: '4K' | '2M'
  /** KVM_CAP_EXIT_HYPERCALL has MAP_GPA_RANGE. */
  readonly exits: boolean
}

/** The exit, with the arguments of MAP_GPA_RANGE, or what the guest reads. */
export type PageStateVerdict =
  | { readonly kind: 'exit'; readonly exit: 'hypercall'; readonly number: 12; readonly arguments: readonly bigint[] }
  /** GHCB_MSR_PSC_RESP with an error, or VMGEXIT_PSC_ERROR_GENERIC in SW_EXITINFO2. */
  | { readonly kind: 'error'; readonly way: 'msr' | 'buffer'; readonly value: bigint }

const errors = { msr: (1n << 63n) | 0x15n, buffer: 0x100n << 32n }
const encrypted = 0x10n
const asked: PageStateRequest = {
  way: 'msr',
  operation: 'private',
  address: 0x1000n,
  pages: 1n,
  pageSize: '4K',
  exits: true,
}

/** No guest of a software processor is encrypted: what a VMM would be asked, for those who test one. */
export const pageStateChange: Behaviour<PageStateRequest, PageStateVerdict> = behaviour<
  PageStateRequest,
  PageStateVerdict
>({
  id: 'hc-snp-psc',
  catalogue: 'hc-snp-psc',
  says: 'a SEV-SNP guest that changes the state of pages comes to user space where MAP_GPA_RANGE would',
  sources: [
    kernelSource('arch/x86/kvm/svm/sev.c', 'snp_begin_psc_msr', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/sev.c', 'snp_begin_psc', '6.12.117'),
    commit('d46b7b6a5f9e', 'KVM: SEV: Add support to handle MSR based Page State Change VMGEXIT'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: since('6.11'),
      does: ({ way, operation, address, pages, pageSize, exits }) => {
        const known = operation === 'private' || operation === 'shared'
        if (!exits || !known) return { kind: 'error', way, value: errors[way] }
        const attributes = (operation === 'private' ? encrypted : 0n) | (pageSize === '2M' ? 1n : 0n)
        return { kind: 'exit', exit: 'hypercall', number: 12, arguments: [address, pages, attributes] }
      },
      witness: { in: asked, out: { kind: 'exit', exit: 'hypercall', number: 12, arguments: [0x1000n, 1n, 0x10n] } },
    },
  ],
})
