import { type CompiledFor, type Test, wordOf } from './compile-condition.ts'
import type { MemoryQuestion } from './condition.ts'

/** Compiles what a check asks of memory. */
export function memoryTest(what: MemoryQuestion, target: CompiledFor): Test {
  return tests[what](target)
}

const tests: Readonly<Record<MemoryQuestion, (target: CompiledFor) => Test>> = {
  'link-revision': (target) => {
    const address = addressOf(target, 'VMCS_LINK_POINTER')
    const primary = wordOf(target, 'CPU_BASED_VM_EXEC_CONTROL', 0)
    const secondary = wordOf(target, 'SECONDARY_VM_EXEC_CONTROL', 0)
    const revision = Number(target.processor.vmx.IA32_VMX_BASIC & 0x7fff_ffffn)
    return (view, { memory }) => {
      const word = memory(address(view))
      const shadow = primary(view) < 0 && (secondary(view) & 0x4000) !== 0 ? 0x8000_0000 : 0
      return word !== undefined && (word | 0) === (revision | shadow)
    }
  },
  'link-elsewhere': (target) => {
    const address = addressOf(target, 'VMCS_LINK_POINTER')
    return (view, { currentVmcs }) => address(view) !== currentVmcs
  },
  'task-priority': (target) => {
    const page = addressOf(target, 'VIRTUAL_APIC_PAGE_ADDR')
    const threshold = wordOf(target, 'TPR_THRESHOLD', 0)
    return (view, { memory }) => (threshold(view) & 15) <= (((memory(page(view) + 0x80) ?? 0) >>> 4) & 15)
  },
  'page-directory-pointers': (target) => {
    const table = wordOf(target, 'GUEST_CR3', 0)
    const beyond = highMask(target.processor.physicalAddressWidth)
    return (view, { memory }) => {
      const first = (table(view) & ~0x1f) >>> 0
      for (let at = first; at < first + 32; at += 8) {
        const low = memory(at) ?? 0
        if ((low & 1) !== 0 && ((low & 0x1e6) !== 0 || ((memory(at + 4) ?? 0) & beyond) !== 0)) return false
      }
      return true
    }
  },
}

/** A physical address as a number; one that has more than 53 bits is not exact, and none that there is. */
function addressOf(target: CompiledFor, field: 'VMCS_LINK_POINTER' | 'VIRTUAL_APIC_PAGE_ADDR') {
  const [low, high] = [wordOf(target, field, 0), wordOf(target, field, 4)]
  return (view: DataView): number => (high(view) >>> 0) * 0x1_0000_0000 + (low(view) >>> 0)
}

/** Bits of an upper word beyond the physical-address width; where the width is below 32, all of them. */
function highMask(physicalAddressWidth: number): number {
  return physicalAddressWidth <= 32 ? -1 : -(2 ** (physicalAddressWidth - 32)) | 0
}
