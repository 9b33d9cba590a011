import { primaryControls, secondaryControls } from '@vmm/nested-vmx'
import { type Assembler, eax, ebx, ecx, mem, mem32, rax, rcx } from '@vmm/x86-assembler'
import type { Kernel } from '../kernel/kernel.ts'
import { place } from '../kernel/places.ts'
import type { Field, Fields } from '../vmx/guest-state.ts'
import { eptSlot } from '../vmx/hypervisor.ts'
import { vmx } from '../vmx/instructions.ts'
import { type Scene, VmxKernelBuilder } from '../vmx/scene.ts'
import { vmxPlace } from '../vmx/vmx-places.ts'

type Code = (a: Assembler) => Assembler

/** Rights and memory type of an entry. Source: SDM 3C 29.3.2, Table 29-6. */
const [R, W, X, writeBack] = [1, 2, 4, 6 << 3]
const { EPT } = secondaryControls
/** The page under test. */
const page = vmxPlace.fine
/** Where the second gigabyte would be, of which nothing is there. */
const missing = 0xc000_0000
const adEnabled: Fields = [['EPT_POINTER', BigInt(vmxPlace.ept | 0x5e)]]
/** Of a violation's qualification: what every processor tells. */
const common = { EXIT_QUALIFICATION: 0x1ff } as const
const shown: readonly Field[] = ['EXIT_QUALIFICATION', 'GUEST_PHYSICAL_ADDRESS', 'GUEST_LINEAR_ADDRESS']

const load: Code = (a) => a.mov(ecx, page).mov(eax, mem32(rcx))
const store: Code = (a) => a.mov(ecx, page).mov(mem32(rcx), eax)
const fetch: Code = (a) => a.mov(ecx, page).jmp(rcx)
const loadNarrow: Code = (a) => a.mov(ecx, page).mov(eax, mem32(ecx))
const setSlot =
  (flags: number): Code =>
  (a) =>
    a.mov(mem32(eptSlot(0)), page | flags)

/** Accesses that an entry does not let through. Source: SDM 3C 28.2.1, Table 28-7; 29.3.3.2. */
function violations(k: VmxKernelBuilder): void {
  const violation = (name: string, qualification: string, before: Code, code: Code, more: Scene = {}) =>
    k.check(name, `30 ${qualification} 800000 800000`, {
      controls: { secondary: EPT },
      show: shown,
      only: common,
      before,
      code,
      ...more,
    })
  const none: Code = (a) => a.mov(mem32(eptSlot(0)), 0)
  violation('a load where nothing is', '181', none, load)
  violation('a store where nothing is', '182', none, store)
  violation('a fetch where nothing is', '184', none, fetch)
  violation('a store where only loads are let through', '18a', setSlot(R | writeBack), store)
  violation('a fetch where no code is let through', '19c', setSlot(R | W | writeBack), fetch)
  violation('a store to code', '1aa', setSlot(R | X | writeBack), store)
  violation('a load of what is only code', '1a1', setSlot(X | writeBack), load)
  const directory = vmxPlace.ept + 0x2000 + (page >> 21) * 8
  violation(
    'a store where a directory entry lets only loads through',
    '18a',
    (a) => a.mov(mem32(directory), (vmxPlace.ept + 0x3000) | R),
    store,
  )
  violation(
    'a store to a large page that lets only loads through',
    '18a',
    (a) => a.mov(mem32(directory), page | R | writeBack | 0x80),
    store,
  )
  violation('a load of a guest without paging', '181', none, loadNarrow, { mode: 'flat' })
  violation('a load by 32-bit paging', '181', none, loadNarrow, { mode: 'paged' })
  k.check('a gigabyte that is not there', '30 181 c0000000 c0000000', {
    controls: { secondary: EPT },
    show: shown,
    only: common,
    code: (a) => a.mov(ecx, missing).mov(eax, mem32(rcx)),
  })
  k.check('a load of two pages of which the second is not there', '30 181 801000', {
    controls: { secondary: EPT },
    show: ['EXIT_QUALIFICATION', 'GUEST_PHYSICAL_ADDRESS'],
    only: common,
    before: (a) => a.mov(mem32(eptSlot(0x1000)), 0),
    code: (a) => a.mov(ecx, page + 0xffe).mov(eax, mem32(rcx)),
  })
  walks(k)
}

/** The guest's own tables, behind extended ones. */
function walks(k: VmxKernelBuilder): void {
  const walk = (name: string, qualification: string, more: Fields = []) =>
    k.check(name, `30 ${qualification} 803000`, {
      controls: { secondary: EPT },
      fields: [['GUEST_CR3', BigInt(page + 0x3000)], ...more],
      before: (a) => a.mov(mem32(eptSlot(0x3000)), 0),
      show: ['EXIT_QUALIFICATION', 'GUEST_PHYSICAL_ADDRESS'],
    })
  walk('a table of the guest that is not there', '81')
  walk('with flags for accesses a walk is a store as well', '83', adEnabled)
}

/** Entries that may not be. Source: SDM 3C 29.3.3.1. */
function misconfigurations(k: VmxKernelBuilder): void {
  const wrong = (name: string, before: Code, code: Code = load) =>
    k.check(name, '31 800000', { controls: { secondary: EPT }, before, code, show: ['GUEST_PHYSICAL_ADDRESS'] })
  wrong('stores are let through, and loads are not', setSlot(W | writeBack))
  wrong('stores and code are, and loads are not', setSlot(W | X | writeBack))
  wrong('a memory type that there is not', setSlot(R | W | X | (2 << 3)))
  wrong('another one', setSlot(R | W | X | (7 << 3)))
  wrong('an address that is too wide', (a) => a.mov(mem32(eptSlot(0) + 4), 1 << 19))
  wrong('an entry is wrong before its rights are looked at', setSlot(R | (2 << 3)), store)
  const directory = vmxPlace.ept + 0x2000 + (page >> 21) * 8
  wrong('a large page that is not aligned', (a) =>
    a.mov(mem32(directory), page | R | W | X | writeBack | 0x80 | 0x1000),
  )
}

/** Accessed and dirty flags, and the log of pages. Source: SDM 3C 29.3.5, 29.3.6. */
function flags(k: VmxKernelBuilder): void {
  const slot: Scene['after'] = (a, c) => {
    a.mov(ecx, mem32(eptSlot(0))).and(ecx, 0x300)
    c.value(rcx)
  }
  const flagged = (name: string, expected: string, code: Code, fields: Fields) =>
    k.check(name, `${expected} 12`, { controls: { secondary: EPT }, code, fields, after: slot, show: [] })
  flagged('a load marks a page as accessed', '100', load, adEnabled)
  flagged('a store marks it as dirty, too', '300', store, adEnabled)
  flagged('nothing is marked unless flags are enabled', '0', store, [])
  // the page that holds the guest's tables has become dirty before
  k.check('a page that gets dirty is logged', '800000 12 1fd', {
    controls: { secondary: EPT | secondaryControls.PML },
    code: store,
    fields: adEnabled,
    after: (a, c) => {
      a.mov(rcx, mem({ displacement: vmxPlace.pageModificationLog + 510 * 8 }))
      c.value(rcx)
    },
    show: ['GUEST_PML_INDEX'],
  })
  k.check('a log that is full is an exit', '3e', {
    controls: { secondary: EPT | secondaryControls.PML },
    code: store,
    fields: [...adEnabled, ['GUEST_PML_INDEX', 0xffffn]],
    show: [],
  })
}

/** What is forgotten. Source: SDM 3C 29.4.3. */
function invalidations(k: VmxKernelBuilder): void {
  const descriptor =
    (low: number): Code =>
    (a) => {
      a.mov(mem32(place.scratch), low)
        .mov(mem32(place.scratch + 4), 0)
        .mov(mem32(place.scratch + 8), 0)
      return a.mov(mem32(place.scratch + 12), 0).mov(ebx, place.scratch)
    }
  const forgotten = (name: string, type: number) =>
    k.check(name, '30 181', {
      controls: { secondary: EPT | secondaryControls.VPID },
      only: common,
      code: (a) => vmx(load(a), 'vmcall').mov(ecx, page).mov(eax, mem32(rcx)),
      again: [
        {
          skip: true,
          does: (a) => {
            a.mov(mem32(eptSlot(0)), 0)
            descriptor(type === 1 ? vmxPlace.ept | 0x1e : 0)(a)
            vmx(a.mov(eax, type), 'invept')
          },
        },
      ],
    })
  forgotten('INVEPT of one context', 1)
  forgotten('INVEPT of all contexts', 2)
  k.check('INVVPID of one context forgets what the guest has changed', '1234 12 0', {
    controls: { secondary: EPT | secondaryControls.VPID },
    before: (a) => a.mov(mem32(page), 0).mov(mem32(page + 0x20_0000), 0x1234),
    code: (a) => vmx(load(a), 'vmcall').mov(ecx, page).mov(eax, mem32(rcx)),
    again: [
      {
        skip: true,
        does: (a) => {
          a.mov(mem32(place.pageTables + 0x2000 + (page >> 21) * 8), (page + 0x20_0000) | 0x87)
          descriptor(1)(a)
          vmx(a.mov(eax, 1), 'invvpid')
        },
      },
    ],
    after: (a, c) => {
      c.value(rax)
      a.mov(mem32(place.pageTables + 0x2000 + (page >> 21) * 8), page | 0x87)
    },
  })
}

/** A guest's function that changes its extended page tables. Source: SDM 3C 26.5.6.3. */
function switching(k: VmxKernelBuilder): void {
  const list = vmxPlace.msrList
  const other = vmxPlace.ept + 0x8000
  const to = (name: string, expected: string, index: number, show: readonly Field[]) =>
    k.check(name, expected, {
      controls: { primary: primaryControls.HLT_EXITING, secondary: EPT | secondaryControls.VMFUNC },
      fields: [
        ['VM_FUNCTION_CONTROL', 1n],
        ['EPTP_LIST_ADDRESS', BigInt(list)],
      ],
      before: (a) => a.mov(mem32(list), other | 0x1e).mov(mem32(other), (vmxPlace.ept + 0x1000) | R | W | X),
      code: (a) => vmx(a.xor(eax, eax).mov(ecx, index), 'vmfunc').hlt(),
      show,
    })
  to('VMFUNC takes extended page tables from a list', `c ${(other | 0x1e).toString(16)}`, 0, ['EPT_POINTER'])
  to('VMFUNC of an entry that is none', '3b', 1, [])
  to('VMFUNC behind the list', '3b', 512, [])
}

/** Extended page tables: what they do not let through, what may not be, what is noted, and what is forgotten. */
export function vmxEpt(): Kernel {
  const k = new VmxKernelBuilder('vmxEpt')
  violations(k)
  misconfigurations(k)
  flags(k)
  invalidations(k)
  switching(k)
  return k.kernel.finish()
}
