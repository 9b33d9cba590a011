import { mem32 } from '@vmm/x86-assembler'
import type { Kernel } from '../kernel/kernel.ts'
import { controlPairs, guestPairs, hostPairs, type Pair } from '../vmx/entry-pairs.rows.ts'
import { VmxKernelBuilder } from '../vmx/scene.ts'
import { vmxPlace } from '../vmx/vmx-places.ts'

/** Both sides of checks. */
export function pairs(k: VmxKernelBuilder, rows: readonly Pair[], refused: string): void {
  for (const { says, field, wrong, right, scene = {}, comes = '12 0' } of rows) {
    const { fields = [], ...rest } = scene
    k.check(says, refused, { ...rest, fields: [...fields, [field, wrong]] })
    k.check(`${says}: the nearest that may be`, comes, { ...rest, fields: [...fields, [field, right]] })
  }
}

/** What fails with a qualification of its own. Source: SDM 3C 27.8. */
function qualified(k: VmxKernelBuilder): void {
  k.check('a link pointer on no page', '80000021 4', { fields: [['VMCS_LINK_POINTER', 0x800n]] })
  k.check('an NMI while MOV SS blocks', '80000021 0', {
    fields: [
      ['VM_ENTRY_INTR_INFO_FIELD', 0x8000_0202n],
      ['GUEST_INTERRUPTIBILITY_INFO', 2n],
    ],
  })
  k.check('an MSR that must not be loaded', '80000022 1', {
    fields: [
      ['VM_ENTRY_MSR_LOAD_COUNT', 1n],
      ['VM_ENTRY_MSR_LOAD_ADDR', BigInt(vmxPlace.msrList)],
    ],
    before: (a) => a.mov(mem32(vmxPlace.msrList), 0xc000_0100),
  })
  k.check('the second of two MSRs has a value that it cannot have', '80000022 2', {
    fields: [
      ['VM_ENTRY_MSR_LOAD_COUNT', 2n],
      ['VM_ENTRY_MSR_LOAD_ADDR', BigInt(vmxPlace.msrList)],
    ],
    before: (a) => {
      a.mov(mem32(vmxPlace.msrList), 0x174).mov(mem32(vmxPlace.msrList + 16), 0x277)
      a.mov(mem32(vmxPlace.msrList + 24), 2)
    },
  })
}

/** Every check of an entry from its two sides: a VMCS that fails it, and the nearest one that does not. */
export function vmxEntries(): Kernel {
  const k = new VmxKernelBuilder('vmxEntries')
  pairs(k, controlPairs, 'bad 7')
  pairs(k, hostPairs, 'bad 8')
  pairs(k, guestPairs, '80000021 0')
  qualified(k)
  return k.kernel.finish()
}
