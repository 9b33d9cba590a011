import type { Engine } from '@vmm/vcpu'
import { access, type EntryMemory, translate } from '@vmm/x86-paging'

const paging = 0x8000_0000n
const read = 0
const longModeActive = 0x400n
const fiveLevels = 0x1000n

/**
 * The page that a linear address leads to in the guest's tables, as its kernel would read there; `undefined` where none is.
 * Source: arch/x86/kvm/x86.c kvm_arch_vcpu_ioctl_translate (Linux 6.12).
 */
export function translateLinear(engine: Engine, linear: bigint): bigint | undefined {
  const CR0 = engine.get('CR0')
  // without paging an address is its own, with all its bits
  if ((CR0 & paging) === 0n) return linear & ~0xfffn
  const registers = {
    CR0,
    CR3: engine.get('CR3'),
    CR4: engine.get('CR4'),
    IA32_EFER: engine.get('IA32_EFER'),
    PKRU: engine.get('PKRU'),
    PHYSICAL_MASK: engine.get('PHYSICAL_MASK'),
  }
  const found = translate(memoryOf(engine), registers, walked(registers, linear), read | access.override)
  return found.kind === 'page' ? found.frame & ~0xfffn : undefined
}

/** The bits that tables are looked up by; those above are not looked at. */
function walked({ CR4, IA32_EFER }: { readonly CR4: bigint; readonly IA32_EFER: bigint }, linear: bigint): bigint {
  if ((IA32_EFER & longModeActive) === 0n) return BigInt.asUintN(32, linear)
  return BigInt.asUintN(64, BigInt.asIntN((CR4 & fiveLevels) === 0n ? 48 : 57, linear))
}

/** Guest memory as page walks see it: what is not there reads as not present. */
function memoryOf(engine: Engine): EntryMemory {
  const at = (address: bigint) => engine.physical(Number(address))
  return {
    read: (address, bytes) => {
      const found = at(address)
      if (found === undefined || found.length < bytes) return 0n
      const view = new DataView(found.buffer, found.byteOffset, bytes)
      return bytes === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true))
    },
    swap: () => true,
  }
}
