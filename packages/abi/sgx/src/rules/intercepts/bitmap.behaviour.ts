import { type Behaviour, behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aGuest } from '../../a-guest.ts'
import { enclsLeaves } from '../../encls-leaves.rows.ts'
import { isEnabled, leaf12, type SgxGuest, shows } from '../../guest.ts'

const every = (1n << 64n) - 1n
const bit = (leaf: number): bigint => 1n << BigInt(leaf)
const through = (first: number, last: number): bigint => (bit(last + 1) - 1n) & ~(bit(first) - 1n)

/** Whether the guest's leaf 12H differs from the processor's in what ECREATE goes by, or provisioning is not allowed. */
function mustWatchEcreate({ table, hardware, provisioning }: SgxGuest): boolean {
  const [there, own] = [leaf12(table, 0), leaf12(hardware, 0)]
  const [offered, ownOffered] = [leaf12(table, 1), leaf12(hardware, 1)]
  if (!provisioning || there === undefined || offered === undefined) return true
  const same = (one: number, other: number | undefined): boolean => one === (other ?? 0)
  return !(
    same(there.ebx, own?.ebx) &&
    same(there.edx, own?.edx) &&
    same(offered.eax, ownOffered?.eax) &&
    same(offered.ebx, ownOffered?.ebx) &&
    same(offered.ecx, ownOffered?.ecx) &&
    same(offered.edx, ownOffered?.edx)
  )
}

function bitmapOf(guest: SgxGuest): bigint {
  if (guest.module === 'off' || !shows(guest, 'SGX') || !isEnabled(guest)) return every
  let bitmap = every
  if (shows(guest, 'SGX1')) bitmap &= ~through(enclsLeaves.ECREATE, enclsLeaves.ETRACK)
  if (shows(guest, 'SGX1') && mustWatchEcreate(guest)) bitmap |= bit(enclsLeaves.ECREATE)
  if (shows(guest, 'SGX2')) bitmap &= ~through(enclsLeaves.EAUG, enclsLeaves.EMODT)
  if (shows({ table: guest.hardware }, 'SGX_LC')) bitmap |= bit(enclsLeaves.EINIT)
  return bitmap | (guest.l1Bitmap ?? 0n)
}

/** The ENCLS-exiting bitmap, made anew by KVM_SET_CPUID2 and by a write of IA32_FEATURE_CONTROL. */
export const enclsBitmap: Behaviour<SgxGuest, bigint> = behaviour<SgxGuest, bigint>({
  id: 'encls-exiting-bitmap',
  catalogue: 'sgx-set-cpuid-effect',
  says: 'leaves that the guest has execute by themselves, but for ECREATE that must be watched and EINIT with launch control',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'vmx_write_encls_bitmap', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'vmx_write_encls_bitmap', '6.1.192'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until('5.13'),
      says: 'none does',
      does: () => every,
      witness: { in: aGuest(), out: every },
    },
    {
      lifetime: since('5.13'),
      does: bitmapOf,
      witness: { in: aGuest({ provisioning: true }), out: (every & ~0xffffn) | 0x4n },
    },
  ],
})
