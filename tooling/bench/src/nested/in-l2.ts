import { buildEpt, enterVmx, fillVmcs, takeVmcs, vmread, vmwrite, vmx, vmxRoutines } from '@vmm/guests'
import { secondaryControls } from '@vmm/nested-vmx'
import { type Assembler, eax, ebp, ebx, ecx, mem32, rbx } from '@vmm/x86-assembler'
import { type Guest, type Load, work } from '../engine/guests/guest.ts'
import { counted, reloadRoot, scatter } from '../engine/guests/loops.ts'
import { pageBytes, place } from '../engine/guests/places.ts'

/** Reasons of exits. Source: SDM 3D C. */
const cpuidExit = 10
const cpuidBytes = 2
/** The guest's stack, below that of the hypervisor. */
const guestStack = place.stack - 0x1000

/** The current VMCS is that of a guest that has the hypervisor's memory and page tables, behind extended ones. */
function prepareVmcs({ a }: Guest, entry: string, next: string): void {
  const over = a.unique('over')
  a.jmp(over)
  vmxRoutines(a)
  a.label(over)
  enterVmx(a)
  buildEpt(a)
  takeVmcs(a)
  const fields = [
    ['HOST_RSP', BigInt(place.stack)],
    ['HOST_GDTR_BASE', 'gdt'],
    ['HOST_IDTR_BASE', BigInt(place.idt)],
    ['GUEST_CR3', BigInt(place.tables)],
    ['GUEST_RSP', BigInt(guestStack)],
    ['GUEST_GDTR_BASE', 'gdt'],
  ] as const
  fillVmcs(a, { controls: { secondary: secondaryControls.EPT | secondaryControls.VPID }, fields }, entry, next)
}

/** Enters the guest; where that fails the sum is wrong. */
const launch = (a: Assembler): Assembler => vmx(a, 'vmlaunch').xor(eax, eax).jmp('finish')

/** The same load in L2, for which nothing is an exit. */
export const inL2 = (load: Load): Load => ({
  prepare: (g) => {
    load.prepare?.(g)
    prepareVmcs(g, 'l2', 'l1 again')
  },
  all: (g) => {
    launch(g.a).label('l2')
    work(g, load)
    vmx(g.a, 'vmcall').label('l1 again')
  },
})

/** CPUID in L2, whose exit L1 handles in a dozen instructions: the next instruction, counted, entered again. */
export const exits: Load = {
  prepare: (g) => prepareVmcs(g, 'l2', 'exited'),
  all: ({ a, rounds }) => {
    a.mov(mem32(place.cell), 0)
    launch(a)
    vmread(a.label('exited'), 'VM_EXIT_REASON').cmp(ebx, cpuidExit).jne('l1 again')
    vmread(a, 'GUEST_RIP').add(rbx, cpuidBytes)
    vmwrite(a, 'GUEST_RIP').inc(mem32(place.cell))
    vmx(a, 'vmresume').xor(eax, eax).jmp('finish')
    a.label('l2').mov(ebp, rounds).label('again').cpuid().dec(ebp).jne('again')
    vmx(a, 'vmcall').label('l1 again').mov(eax, mem32(place.cell))
  },
}

/** What `exits` leaves in its sum. */
export const sumOfExits = (rounds: number): string => rounds.toString(16).padStart(8, '0')

const pagesWalked = 1024

/** More pages than there are translations kept from one root to the next, a load each. */
export const walks: Load = {
  prepare: (g) => scatter(g, place.data, (pagesWalked * pageBytes) / 4),
  round: (g) => {
    const { a } = g
    reloadRoot(g)
    a.mov(ebx, place.data).xor(eax, eax)
    counted(g, pagesWalked, () => a.add(eax, mem32(ebx)).add(ebx, pageBytes))
    a.add(eax, ecx)
  },
}
