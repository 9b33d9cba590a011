import { type CpuidTable, changeEntry, entry, findEntry, type Host, setCpuid } from '@vmm/cpuid'
import type { Profile } from '@vmm/rule'
import { mail } from '@vmm/source'
import { readsThrough } from './long-mode.ts'
import { Machine, wordsOf } from './machine.ts'
import type { Scenario } from './scenario.ts'
import { host, table, withEnclaves, withStates, withWidths } from './tables.ts'

const tileConfiguration = 1 << 17
const tileData = 1 << 18
const fsBase = 0xc000_0100

/** The host with physical addresses of fewer bits. */
const narrow: Host = {
  ...host,
  physicalAddressWidth: 46,
  cpuid: changeEntry(host.cpuid, 0x8000_0008, 0, ({ eax }) => ({ eax: (eax & ~0xff) | 46 })),
}

const smaller = { ...host.params, 'kvm_intel.allow_smaller_maxphyaddr': 1 }
const shadowed = { ...host.params, 'kvm_intel.ept': 0 }

/** A guest with 64-bit mode, and addresses of this many bits. */
const longMode = (physical: number): CpuidTable => [
  ...changeEntry(withWidths(48, physical), 1, 0, () => ({ edx: (1 << 6) | (1 << 9) })),
  entry(0x8000_0001, { edx: 1 << 29 }),
]

const taken =
  (next: CpuidTable, permitted = 0n, on = host) =>
  (kernel: Profile) =>
    wordsOf(setCpuid({ kernel, host: on }, { table: next, permitted }))

/** How many bits of physical address the kernel goes by, once it has taken a table. */
const width = (next: CpuidTable, on: Host) => (kernel: Profile) => {
  const answer = setCpuid({ kernel, host: on }, { table: next })
  return `${wordsOf(answer)}: guest-physical addresses of ${answer.vcpu.derived?.maxPhyAddr} bits`
}

/** Which entries a kernel changes of a table, in the order of the table. */
function changed(before: CpuidTable, after: CpuidTable): string {
  const hex = (value: number) => value.toString(16).toUpperCase()
  const told = before.flatMap((row, at) => {
    const now = after[at] ?? row
    const outputs = (['eax', 'ebx', 'ecx', 'edx'] as const).filter((output) => row[output] !== now[output])
    return outputs.map((output) => `${hex(row.function)}H.${row.index} ${output.toUpperCase()} = ${hex(now[output])}H`)
  })
  return told.length === 0 ? 'nothing' : told.join(', ')
}

/** What becomes of a table when a guest's CR4 has OSXSAVE and PKE. */
function runtimeEntries(kernel: Profile): string {
  const machine = new Machine(kernel, host)
  machine.set(table)
  machine.setCr4((1n << 18n) | (1n << 22n))
  return changed(table, machine.get())
}

/** Whether a guest of 52 bits gets memory at an address that its host does not have. */
function slotBeyond(kernel: Profile): string {
  const { vm, vcpu } = new Machine(kernel, narrow)
  vcpu.setCpuid2(withWidths(48, 52))
  const region = { guest_phys_addr: 1n << 46n, memory_size: 0x1000n, userspace_addr: vm.memory.address }
  return wordsOf(vm.setUserMemoryRegion({ slot: 1, flags: 0, ...region }))
}

/** What KVM_SET_XCRS makes of XCR0 with these components. */
function xcr0With(kernel: Profile, table: CpuidTable, components: number): string {
  const { vcpu } = new Machine(kernel, host)
  vcpu.setCpuid2(table)
  const refused = vcpu.state.setXcrs({ nr_xcrs: 1, flags: 0, xcrs: [{ xcr: 0, value: BigInt(components) }] })
  return refused === undefined ? 'taken' : wordsOf(refused)
}

/** Whether KVM_SET_MSRS puts an address into the base of FS. */
function baseWith(kernel: Profile, table: CpuidTable, address: bigint, on = host): string {
  const { vcpu } = new Machine(kernel, on)
  vcpu.setCpuid2(table)
  return vcpu.setMsr(fsBase, address) === undefined ? '0 of 1' : '1 of 1'
}

/** Who owns CPUID: the answer of April 2023 to a patch that stopped KVM from rewriting an enclave's mask. */
export const whoseCpuid: Scenario = {
  title: 'Who owns CPUID',
  thread: mail('ZC4qF90l77m3X1Ir@google.com', 'Re: [PATCH 0/3] KVM: x86: SGX vs. XCR0 cleanups'),
  about:
    'Should KVM correct the tables that it is given, or refuse insane ones? It is for user space to be sane, says the ' +
    'thread, but for one exception; and what KVM rewrote of enclaves, it should not have.',
  proposed: ['6.3+rfc-cpuid-xfrm-untouched', '6.3+ask-cpuid-whole-amx', '6.3+ask-wide-maxphyaddr'],
  merged: ['6.4'],
  questions: [
    {
      asks: 'AMX with tile configuration and no tile data: legal, and no XCR0 can have it',
      answer: taken(withStates(7 | tileConfiguration)),
    },
    {
      asks: 'AMX with tile data, from a process that may not give it to guests',
      answer: taken(withStates(7 | tileConfiguration | tileData)),
    },
    {
      asks: 'AMX with tile data, from a process that asked to be allowed to',
      answer: taken(withStates(7 | tileConfiguration | tileData), BigInt(tileData)),
    },
    {
      asks: 'AMX with tile data and no tile configuration, from that process',
      answer: taken(withStates(7 | tileData), BigInt(tileData)),
    },
    {
      asks: 'XCR0 with tile configuration alone, in a guest that was shown no more',
      answer: (kernel) => xcr0With(kernel, withStates(7 | tileConfiguration), 7 | tileConfiguration),
    },
    {
      asks: 'VMX without any of the features that its controls are for',
      answer: taken(changeEntry(table, 1, 0, () => ({ ecx: 1 << 5 }))),
    },
    { asks: 'No leaf at all', answer: taken([]) },
    {
      asks: "A vendor's name that is not the host's",
      answer: taken(changeEntry(table, 0, 0, () => ({ ebx: 0x6874_7541 }))),
    },
    { asks: 'MAXPHYADDR 52 on a host of 46, for a VM that is to migrate', answer: width(withWidths(48, 52), narrow) },
    { asks: 'MAXPHYADDR 46 on a host of 52', answer: width(withWidths(48, 46), host) },
    {
      asks: 'Memory for that guest at an address of 47 bits, which makes of it no device any more',
      answer: slotBeyond,
    },
    {
      asks: 'A guest of 52 bits on a host of 46 reads through a page-table entry with bit 46, where it has no memory',
      answer: (kernel) => readsThrough(kernel, narrow, longMode(52), 1n << 46n),
    },
    {
      asks: 'The same without two-dimensional paging',
      answer: (kernel) => readsThrough(kernel, { ...narrow, params: shadowed }, longMode(52), 1n << 46n),
    },
    {
      asks: 'A guest of 46 bits, migrated to a host of 52, reads through a page-table entry with bit 46, reserved to it',
      answer: (kernel) => readsThrough(kernel, host, longMode(46), 1n << 46n),
    },
    {
      asks: 'The same with allow_smaller_maxphyaddr',
      answer: (kernel) => readsThrough(kernel, { ...host, params: smaller }, longMode(46), 1n << 46n),
    },
    {
      asks: 'The same without two-dimensional paging',
      answer: (kernel) => readsThrough(kernel, { ...host, params: shadowed }, longMode(46), 1n << 46n),
    },
    {
      asks: 'Virtual addresses of 52 bits, so that KVM would put what is not canonical into a VMCS',
      answer: taken(withWidths(52, 46)),
    },
    {
      asks: 'What that would be for: an address that is canonical in 52 bits and not in 48, in FS_BASE, a field of the VMCS',
      answer: (kernel) => baseWith(kernel, withWidths(48, 46), 1n << 50n),
    },
    {
      asks: 'The same from a guest of 57 bits',
      answer: (kernel) => baseWith(kernel, withWidths(57, 46), 1n << 50n),
    },
    {
      asks: 'The same on a host that has 48',
      answer: (kernel) => baseWith(kernel, withWidths(57, 46), 1n << 50n, withoutLa57(narrow)),
    },
    {
      asks: 'Virtual addresses of 57 bits on a host whose have 48',
      answer: taken(withWidths(57, 46), 0n, withoutLa57(narrow)),
    },
    { asks: 'What KVM changes of a table when the guest sets CR4.OSXSAVE and CR4.PKE', answer: runtimeEntries },
    {
      asks: 'The mask of XCR0 bits that enclaves may have, E4H for a guest whose XCR0 may have 7: what is stored',
      answer: (kernel) => {
        const { stored } = setCpuid({ kernel, host }, { table: withEnclaves(1, 0xe4) })
        return `${findEntry(stored, 0x12, 1)?.ecx.toString(16).toUpperCase()}H`
      },
    },
    {
      asks: 'That table once more, after the vCPU has run',
      answer: (kernel) => {
        const given = withEnclaves(1, 0xe4)
        const { vcpu } = setCpuid({ kernel, host }, { table: given })
        return wordsOf(setCpuid({ kernel, host }, { table: given, vcpu: { ...vcpu, hasRun: true } }))
      },
    },
  ],
}

function withoutLa57(on: Host): Host {
  return { ...on, cpuid: changeEntry(on.cpuid, 7, 0, ({ ecx }) => ({ ecx: ecx & ~(1 << 16) })) }
}
