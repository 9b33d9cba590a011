import { secondaryControls } from '@vmm/nested-vmx'
import { type Assembler, eax, ebx, ecx, edi, mem8, mem32, mem64, rax, rcx, rdx } from '@vmm/x86-assembler'
import type { CheckBuilder, Kernel } from '../kernel/kernel.ts'
import { place } from '../kernel/places.ts'
import type { Field, Fields } from '../vmx/guest-state.ts'
import { handled } from '../vmx/handled.ts'
import { eptSlot, vmwrite } from '../vmx/hypervisor.ts'
import { vmx } from '../vmx/instructions.ts'
import { type Scene, VmxKernelBuilder } from '../vmx/scene.ts'
import { vmxPlace } from '../vmx/vmx-places.ts'

type Code = (a: Assembler) => Assembler
type After = NonNullable<Scene['after']>

/** Rights and memory type of an entry, and the right of users to execute. Source: SDM 3C 29.3.2, Table 29-6. */
const [R, W, X, writeBack, userX] = [1, 2, 4, 6 << 3, 0x400]
const { EPT, PML, VMFUNC, EPT_VIOLATION_VE, MODE_BASED_EPT } = secondaryControls
/** The page under test, and the entry of the guest's own tables that it lies behind. */
const page = vmxPlace.fine
const guestEntry = place.pageTables + 0x2000 + (page >> 21) * 8
const flagged: Fields = [['EPT_POINTER', BigInt(vmxPlace.ept | 0x5e)]]

const load: Code = (a) => a.mov(ecx, page).mov(eax, mem32(rcx))
const store: Code = (a) => a.mov(ecx, page).mov(mem32(rcx), eax)
const fetch: Code = (a) => a.mov(ecx, page).jmp(rcx)
const setSlot =
  (flags: number): Code =>
  (a) =>
    a.mov(mem32(eptSlot(0)), page | flags)
const away: Code = (a) => a.mov(mem32(eptSlot(0)), 0).mov(mem32(eptSlot(0) + 4), 0)
/** Some pieces of code, one behind another. */
const all =
  (...pieces: readonly Code[]): Code =>
  (a) =>
    pieces.reduce((so, piece) => piece(so), a)

/** The guest's own tables have this entry for the page under test, and afterwards what they had. */
const behind = (low: number, high = 0): Pick<Scene, 'before' | 'after'> => ({
  before: (a) => a.mov(mem32(guestEntry), low).mov(mem32(guestEntry + 4), high),
  after: (a) => a.mov(mem32(guestEntry), page | 0x87).mov(mem32(guestEntry + 4), 0),
})

/** The log of pages that get dirty. The page that holds the guest's tables is the first of all. Source: SDM 3C 29.3.6. */
function logging(k: VmxKernelBuilder): void {
  const controls = { secondary: EPT | PML }
  const entry =
    (index: number): After =>
    (a, c) => {
      a.mov(rcx, mem64(vmxPlace.pageModificationLog + index * 8))
      c.value(rcx)
    }
  const logged = (name: string, expected: string, code: Code, more: Scene = {}) =>
    k.check(name, expected, { controls, code, fields: flagged, show: ['GUEST_PML_INDEX'], ...more })
  logged('a page that is loaded from is not logged', '12 1fe', load)
  logged('a page is logged once', '12 1fd', all(store, store))
  logged('the log has addresses of pages', '800000 12 1fd', (a) => a.mov(ecx, page + 0xff8).mov(mem32(rcx), eax), {
    after: entry(510),
  })
  logged(
    'another page is the next entry',
    '801000 12 1fc',
    all(store, (a) => a.mov(ecx, page + 0x1000).mov(mem32(rcx), eax)),
    { after: entry(509) },
  )
  logged('a page that is dirty already is not logged', '12 1fe', store, {
    before: setSlot(R | W | X | writeBack | 0x300),
  })
  logged('without flags nothing is logged', '12 1ff', store, { fields: [] })
  logged('the last entry leaves an index behind the log', '800000 12 ffff', store, {
    fields: [...flagged, ['GUEST_PML_INDEX', 1n]],
    after: entry(0),
  })
  logged('an index of 512 is behind the log, too', '3e 200', store, {
    fields: [...flagged, ['GUEST_PML_INDEX', 0x200n]],
  })
  logged('a log that was full goes on when it has been emptied', '12 1fd', store, {
    fields: [...flagged, ['GUEST_PML_INDEX', 0xffffn]],
    again: [{ skip: false, does: (a) => vmwrite(a.mov(ebx, 511), 'GUEST_PML_INDEX') }],
  })
  k.check('an exit for a full log has no qualification', '3e 0', {
    controls,
    code: store,
    fields: [...flagged, ['GUEST_PML_INDEX', 0xffffn]],
  })
  k.check('a log that becomes full stops the store, and the page stays clean', '0 3e ffff', {
    controls,
    code: store,
    fields: [...flagged, ['GUEST_PML_INDEX', 0n]],
    show: ['GUEST_PML_INDEX'],
    after: (a, c) => {
      a.mov(ecx, mem32(eptSlot(0))).and(ecx, 0x200)
      c.value(rcx)
    },
  })
}

const list = vmxPlace.msrList
const other = vmxPlace.ept + 0x8000
const call =
  (number: number, index = 0): Code =>
  (a) =>
    vmx(a.mov(eax, number).mov(ecx, index), 'vmfunc')
const callable = { secondary: EPT | VMFUNC }
const listed: Fields = [
  ['VM_FUNCTION_CONTROL', 1n],
  ['EPTP_LIST_ADDRESS', BigInt(list)],
]
/** The third pointer of the list. */
const pointTo =
  (pointer: number): Code =>
  (a) =>
    a.mov(mem32(list + 16), pointer).mov(mem32(other), (vmxPlace.ept + 0x1000) | R | W | X)

/** Functions that a guest calls by itself. Source: SDM 3C 26.5.6. */
function functions(k: VmxKernelBuilder): void {
  const raised: readonly Field[] = ['VM_EXIT_INTR_INFO']
  k.check('without the control there is no VMFUNC', '0 80000306', {
    controls: { secondary: EPT },
    code: call(0),
    show: raised,
  })
  const called = (name: string, expected: string, code: Code, show: readonly Field[] = raised) =>
    k.check(name, expected, { controls: callable, fields: listed, code, show })
  called('there are 64 functions', '0 80000306', call(64))
  called('one that is not enabled is an exit', '3b 0 3', call(63), ['EXIT_QUALIFICATION', 'VM_EXIT_INSTRUCTION_LEN'])
  called('a prefix makes it no VMFUNC', '0 80000306', (a) => a.xor(eax, eax).xor(ecx, ecx).db(0x66, 0x0f, 0x01, 0xd4))
}

/** The function that takes other extended page tables. Source: SDM 3C 26.5.6.3. */
function switching(k: VmxKernelBuilder): void {
  const switched = (name: string, expected: string, pointer: number, more: Scene = {}) =>
    k.check(name, expected, {
      ...{ controls: callable, fields: listed, before: pointTo(pointer), code: call(0, 2), show: [] },
      ...more,
    })
  switched('a pointer of another list entry is used', `12 ${(other | 0x1e).toString(16)}`, other | 0x1e, {
    show: ['EPT_POINTER'],
  })
  switched('a pointer of another memory type is an exit', '3b', other | 0x1a)
  switched('a pointer of other levels is one', '3b', other | 0x16)
  switched('a pointer with reserved bits is one', '3b', other | 0x21e)
  const [pdpt, directory, table] = [1, 2, 3].map((at) => other + at * 0x1000) as [number, number, number]
  switched('the guest sees what the other tables have', '1234 12 0', other | 0x1e, {
    before: all(
      pointTo(other | 0x1e),
      (a) => a.mov(mem32(other), pdpt | 7).mov(mem32(pdpt), directory | 7),
      (a) => a.mov(mem32(page), 0).mov(mem32(page + 0x1000), 0x1234),
      (a) => copyDirectory(a, directory).mov(mem32(directory + (page >> 21) * 8), table | 7),
      (a) => a.mov(mem32(table), (page + 0x1000) | R | W | X | writeBack),
    ),
    code: all(load, call(0, 2), load),
    show: ['EXIT_QUALIFICATION'],
    after: (_, c) => c.value(rax),
  })
  switched('flags do not change', '12 44', other | 0x1e, {
    code: all(
      (a) => a.mov(eax, 0).mov(ecx, 2).cmp(eax, eax),
      (a) => vmx(a, 'vmfunc'),
    ),
    show: ['GUEST_RFLAGS'],
    only: { GUEST_RFLAGS: 0x8c5 },
  })
  k.check('the index is kept where violations are exceptions', '12 2', {
    controls: { secondary: EPT | VMFUNC | EPT_VIOLATION_VE },
    fields: [...listed, ['VE_INFORMATION_ADDRESS', BigInt(vmxPlace.exceptionInformation)], ['EPTP_INDEX', 0n]],
    before: pointTo(other | 0x1e),
    code: call(0, 2),
    show: ['EPTP_INDEX'],
  })
}

/** The directory of the first GiB once more. EAX, ECX and EDI change. */
function copyDirectory(a: Assembler, to: number): Assembler {
  const next = a.unique('copied')
  a.mov(edi, to)
    .mov(eax, R | W | X | writeBack | 0x80)
    .mov(ecx, 512)
    .label(next)
  return a
    .mov(mem32({ base: edi }), eax)
    .add(edi, 8)
    .add(eax, 0x20_0000)
    .dec(ecx)
    .jne(next)
}

const area = vmxPlace.exceptionInformation
const withExceptions = { secondary: EPT | EPT_VIOLATION_VE }
const informed: Fields = [
  ['VE_INFORMATION_ADDRESS', BigInt(area)],
  ['EXCEPTION_BITMAP', 0n],
  ['EPTP_INDEX', 0x123n],
]

/** Shows words of the information area; what not every processor tells of the page is left out. */
const words =
  (...offsets: readonly number[]): After =>
  (a: Assembler, c: CheckBuilder) => {
    for (const offset of offsets) {
      a.mov(rdx, mem64(area + offset))
      if (offset === 8) a.and(rdx, 0x1ff)
      c.value(rdx)
    }
  }

/** A guest with a handler of virtualization exceptions, that loads from a page which is away. */
const meeting = (k: VmxKernelBuilder, offsets: readonly number[], more: Scene = {}, code = load): Scene =>
  handled(k, 20, (a) => a, code, {
    ...{ controls: withExceptions, fields: informed, before: away, after: words(...offsets) },
    only: { EXIT_QUALIFICATION: 0x1ff },
    ...more,
  })

/** Violations that the guest gets itself. Source: SDM 3C 26.5.7. */
function exceptions(k: VmxKernelBuilder): void {
  const told = (name: string, expected: string, offsets: readonly number[], more: Scene = {}, code = load) =>
    k.check(name, expected, meeting(k, offsets, more, code))
  told('a violation is an exception, and tells of itself', 'ffffffff00000030 181 12 0', [0, 8])
  told(
    'with its addresses, and the index of the EPT pointer',
    '800abc 800abc 123 12',
    [16, 24, 32],
    { show: [] },
    (a) => a.mov(ecx, page + 0xabc).mov(eax, mem32(rcx)),
  )
  const directory = vmxPlace.ept + 0x2000 + (page >> 21) * 8
  told('an entry that leads on has no say where its page does', 'ffffffff00000030 12', [0], {
    show: [],
    before: (a) => away(a).mov(mem32(directory + 4), 0x8000_0000),
  })
  told(
    'a store to what may be read is one',
    'ffffffff00000030 18a 12 0',
    [0, 8],
    { before: setSlot(R | writeBack) },
    store,
  )
  told('the hypervisor may want to see the exception', 'ffffffff00000030 0 80000314', [0], {
    fields: [...informed, ['EXCEPTION_BITMAP', 1n << 20n]],
    show: ['VM_EXIT_INTR_INFO'],
  })
  told('an entry may keep its violations for the hypervisor', '0 0 30 181', [0, 8], {
    before: (a) => away(a).mov(mem32(eptSlot(0) + 4), 0x8000_0000),
  })
  told('so may one that nothing is behind', '0 30', [0], {
    show: [],
    before: (a) => a.mov(mem32(directory), 0).mov(mem32(directory + 4), 0x8000_0000),
  })
}

/** Violations and more that stay exits. Source: SDM 3C 26.5.7.1. */
function noExceptions(k: VmxKernelBuilder): void {
  const left = (name: string, expected: string, more: Scene) => k.check(name, expected, meeting(k, [0], more))
  left('one that is not taken yet makes the next an exit', '100000000 30 181', {
    before: (a) => away(a).mov(mem32(area + 4), 1),
  })
  left('a misconfiguration is no exception', '0 31', { show: [], before: setSlot(R | W | X | (2 << 3)) })
  left('without the control there is none', '0 30', {
    controls: { secondary: EPT },
    fields: [['EXCEPTION_BITMAP', 0n]],
    show: [],
  })
  k.check('a violation while an event is delivered is an exit', '30 80000603', {
    controls: withExceptions,
    fields: [...informed, ['GUEST_IDTR_BASE', BigInt(page)], ['GUEST_IDTR_LIMIT', 0xfffn]],
    before: away,
    code: (a) => a.int3(),
    show: ['IDT_VECTORING_INFO_FIELD'],
  })
  k.check('and tells of the event, as any exception does', '0 80000b0d 80000430 2', {
    fields: [['EXCEPTION_BITMAP', 1n << 13n]],
    code: (a) => a.int(0x30),
    show: ['VM_EXIT_INTR_INFO', 'IDT_VECTORING_INFO_FIELD', 'VM_EXIT_INSTRUCTION_LEN'],
  })
}

/** Users and supervisors, who may execute different pages. Source: SDM 3C 29.3.2, 29.3.3.2. */
function modes(k: VmxKernelBuilder): void {
  const controls = { secondary: EPT | MODE_BASED_EPT }
  const calling: Code = (a) => a.mov(mem32(page), 0xc1_010f)
  const lets = (name: string, expected: string, slot: number, more: Scene = {}) =>
    k.check(name, expected, {
      controls,
      code: fetch,
      show: ['EXIT_QUALIFICATION'],
      only: { EXIT_QUALIFICATION: 0x1ff },
      ...more,
      before: (a) => {
        forUsers(calling(a))
        setSlot(slot)(a)
        more.before?.(a)
      },
    })
  lets('code of users is fetched by the bit of users', '12 0', R | W | userX | writeBack)
  lets('and by no other', '30 1bc', R | W | X | writeBack)
  lets('code of supervisors is fetched by its own', '12 0', R | W | X | writeBack, behind(page | 0x83))
  lets('and by no other, too', '30 1dc', R | W | userX | writeBack, behind(page | 0x83))
  lets('without paging addresses are of users', '30 1bc', R | W | X | writeBack, {
    mode: 'flat',
    code: (a) => a.mov(ecx, page).jmp(ecx),
  })
  lets('what users may execute is there', '30 1c1', userX | writeBack, { code: load })
  lets('and may be wrong', '31 0', userX | (2 << 3), { code: load })
  lets('without the control the bit is nothing', '30 19c', R | W | userX | writeBack, { controls: { secondary: EPT } })
}

/** Users may execute everything. ECX and EDI change. */
function forUsers(a: Assembler): Assembler {
  const [next, none] = [a.unique('entry'), a.unique('none')]
  a.mov(edi, vmxPlace.ept)
    .mov(ecx, 0x4000 / 8)
    .label(next)
    .test(mem8({ base: edi }), 7)
    .je(none)
  return a
    .or(mem32({ base: edi }), userX)
    .label(none)
    .add(edi, 8)
    .dec(ecx)
    .jne(next)
}

/** What a violation tells of the page of the linear address. Source: SDM 3C 28.2.1, Table 28-7. */
function information(k: VmxKernelBuilder): void {
  const tells = [0x48c, 1 << 22] as const
  const told = (name: string, expected: string, more: Scene) =>
    k.check(name, `30 ${expected}`, {
      controls: { secondary: EPT },
      tells,
      code: load,
      ...more,
      before: (a) => {
        away(a)
        more.before?.(a)
      },
    })
  told('a page of users that may be written to', '781', behind(page | 0x87))
  told('one of supervisors', '581', behind(page | 0x83))
  told('one that is only read', '381', behind(page | 0x85))
  told('one without code', 'f81', behind(page | 0x87, 0x8000_0000))
  told('without paging it is one of users', '781', { mode: 'flat', code: (a) => a.mov(ecx, page).mov(eax, mem32(ecx)) })
  told('of a table nothing is told', '81', {
    fields: [['GUEST_CR3', BigInt(page)]],
  })
}

/** What extended page tables do beside translating: logs, functions, exceptions, execution by mode, and more to tell. */
export function vmxEptFeatures(): Kernel {
  const k = new VmxKernelBuilder('vmxEptFeatures')
  logging(k)
  functions(k)
  switching(k)
  exceptions(k)
  noExceptions(k)
  modes(k)
  information(k)
  return k.kernel.finish()
}
