import type { CpuidTable, Host } from '@vmm/cpuid'
import type { KvmSegment } from '@vmm/kvm-uapi'
import type { Profile } from '@vmm/rule'
import { Machine } from './machine.ts'

const page = 0x1000n
const tables = { top: 0x1000, second: 0x2000, large: 0x3000 }
const places = { idt: 0x4000, gdt: 0x5000, handler: 0x6000, code: 0x7000, stack: 0x9000n }
const presentAndWritable = 3n
const largePage = 0x80n
const pageFault = 14
const codeSelector = 8
const codeDescriptor = 0x00af_9b00_0000_ffffn
/** MOV EAX, [200000H]; HLT: it reads the second large page. */
const readAndHalt = [0x8b, 0x04, 0x25, 0, 0, 0x20, 0, 0xf4]
/** POP RAX: the error code; HLT. */
const tellErrorAndHalt = [0x58, 0xf4]

const flat: KvmSegment = {
  base: 0n,
  limit: 0xffff_ffff,
  selector: 16,
  type: 3,
  present: 1,
  dpl: 0,
  db: 1,
  s: 1,
  l: 0,
  g: 1,
  avl: 0,
  unusable: 0,
}
const code: KvmSegment = { ...flat, selector: codeSelector, type: 11, db: 0, l: 1 }

/** Page tables of two large pages, the second at this physical address, and a handler of page faults. */
function furnish(bytes: Uint8Array, physical: bigint): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const put = (at: number, value: bigint) => view.setBigUint64(at, value, true)
  put(tables.top, BigInt(tables.second) | presentAndWritable)
  put(tables.second, BigInt(tables.large) | presentAndWritable)
  put(tables.large, largePage | presentAndWritable)
  put(tables.large + 8, physical | largePage | presentAndWritable)
  put(places.gdt + codeSelector, codeDescriptor)
  const gate = places.idt + pageFault * 16
  put(gate, BigInt(places.handler) | (BigInt(codeSelector) << 16n) | (0x8e00n << 32n))
  put(gate + 8, 0n)
  bytes.set(tellErrorAndHalt, places.handler)
  bytes.set(readAndHalt, places.code)
}

/** What a guest in 64-bit mode gets that reads through an entry with this physical address, where no memory is. */
export function readsThrough(kernel: Profile, host: Host, table: CpuidTable, physical: bigint): string {
  const { vm, vcpu } = new Machine(kernel, host)
  const { memory } = vm
  furnish(memory.bytes, physical)
  const region = { guest_phys_addr: 0n, memory_size: 16n * page, userspace_addr: memory.address }
  vm.setUserMemoryRegion({ slot: 1, flags: 0, ...region })
  vcpu.setCpuid2(table)
  const { state } = vcpu
  state.setSregs({
    ...state.getSregs(),
    ...{ cr0: 0x8000_0011n, cr3: BigInt(tables.top), cr4: 0x20n, efer: 0x500n, cs: code },
    ...{ ds: flat, es: flat, ss: flat, idt: { ...state.getSregs().idt, base: BigInt(places.idt), limit: 0xfff } },
    gdt: { ...state.getSregs().gdt, base: BigInt(places.gdt), limit: 0x17 },
  })
  state.setRegs({ ...state.getRegs(), rip: BigInt(places.code), rsp: places.stack })
  const exit = vcpu.run()
  if (exit.kind === 'refused') return exit.says
  if (exit.value.kind === 'mmio') return `KVM_EXIT_MMIO at ${exit.value.address.toString(16).toUpperCase()}H`
  const { rax, rip } = state.getRegs()
  const inHandler = rip >= BigInt(places.handler) && rip < BigInt(places.code)
  return inHandler ? `#PF, error code ${rax.toString(16).toUpperCase()}H` : exit.value.kind
}
