import { buildTable } from '@vmm/cpuid'
import {
  exitReasonOf,
  type LiveVmcs12,
  type Vmcs12Field,
  type Vmcs12Values,
  vmcs12Of,
  vmcs12Revision,
} from '@vmm/nested-vmx'
import { nobody, Vcpu, type VcpuExit, type VcpuMachine } from '@vmm/vcpu'
import { type Assembler, assembler, mem64, rbx } from '@vmm/x86-assembler'
import { Engine } from '../src/index.ts'

/** Where things are in the memory of L1, which is all of what it translates to itself. */
export const places = {
  pageTables: 0x1000,
  vmxon: 0x4000,
  vmcs: 0x5000,
  pointers: 0x6000,
  l1: 0x7000,
  handler: 0x7800,
  l2: 0x8000,
  ept: 0x9000,
  msrBitmap: 0xd000,
  ioBitmaps: 0xe000,
  virtualApic: 0x1_0000,
  l2Stack: 0x1_2000,
  l1Stack: 0x1_3000,
  tables: 0x1_4000,
} as const

const memoryBytes = 0x4_0000
const built = buildTable({ model: 'max' })
if (built.kind !== 'table') throw new Error(built.says)
const noLink = 0xffff_ffff_ffff_ffffn

const segment = (name: string, rights: bigint, selector: bigint): Vmcs12Values =>
  ({
    [`GUEST_${name}_SELECTOR`]: selector,
    [`GUEST_${name}_LIMIT`]: 0xffff_ffffn,
    [`GUEST_${name}_AR_BYTES`]: rights,
  }) as Vmcs12Values

/** A VMCS whose guest is 64-bit code at `places.l2`, with nothing that need not leave it. */
export const plainVmcs: Vmcs12Values = {
  PIN_BASED_VM_EXEC_CONTROL: 0x16n,
  CPU_BASED_VM_EXEC_CONTROL: 0x0400_6172n,
  VM_EXIT_CONTROLS: 0x0003_6fffn,
  VM_ENTRY_CONTROLS: 0x0000_13fbn,
  VMCS_LINK_POINTER: noLink,
  HOST_CR0: 0x8000_0031n,
  HOST_CR3: BigInt(places.pageTables),
  HOST_CR4: 0x2020n,
  HOST_CS_SELECTOR: 8n,
  HOST_SS_SELECTOR: 16n,
  HOST_DS_SELECTOR: 16n,
  HOST_ES_SELECTOR: 16n,
  HOST_TR_SELECTOR: 24n,
  HOST_RSP: BigInt(places.l1Stack),
  HOST_RIP: BigInt(places.handler),
  HOST_GDTR_BASE: BigInt(places.tables),
  GUEST_CR0: 0x8000_0031n,
  GUEST_CR3: BigInt(places.pageTables),
  GUEST_CR4: 0x2020n,
  GUEST_RFLAGS: 2n,
  GUEST_RIP: BigInt(places.l2),
  GUEST_RSP: BigInt(places.l2Stack),
  GUEST_DR7: 0x400n,
  ...segment('CS', 0xa09bn, 8n),
  ...segment('SS', 0xc093n, 16n),
  ...segment('DS', 0xc093n, 16n),
  ...segment('ES', 0xc093n, 16n),
  ...segment('FS', 0xc093n, 16n),
  ...segment('GS', 0xc093n, 16n),
  ...segment('LDTR', 0x1_0000n, 0n),
  ...segment('TR', 0x8bn, 24n),
  GUEST_TR_LIMIT: 0x67n,
}

/** What L1 and L2 are made of. */
export interface HypervisorOptions {
  /** Fields that are other than in `plainVmcs`. */
  readonly fields?: Vmcs12Values
  readonly l2: (a: Assembler) => void
  /** What L1 does when L2 has been left; left out, it stops. */
  readonly handler?: (a: Assembler) => void
  readonly machine?: VcpuMachine
  readonly memory?: (write: (address: number, bytes: Uint8Array) => void) => void
}

const codeOf = (origin: number, write: (a: Assembler) => void): Uint8Array => {
  const a = assembler({ origin, codeSize: 64 })
  write(a)
  return a.finish().bytes
}

const around: { now: VcpuMachine } = { now: nobody(() => 0) }
let engine!: Engine
/** One for all: to make an engine takes longer than anything that is done with it here. */
const vcpu = new Vcpu({
  cpuid: built.entries,
  createEngine: (ports) => {
    engine = new Engine({ slots: [{ address: 0, bytes: memoryBytes }], ports })
    return engine
  },
  machine: new Proxy({} as VcpuMachine, {
    get: (_, name) => Reflect.get(around.now, name),
    set: (_, name, value) => Reflect.set(around.now, name, value),
  }),
})

/** A hypervisor in long mode that enters L2 once, and halts when it is left. There is one at a time. */
export function hypervisor({ fields = {}, l2, handler = (a) => void a.hlt(), machine, memory }: HypervisorOptions) {
  around.now = machine ?? nobody(() => engine.retired())
  vcpu.reset()
  const write = (address: number, bytes: Uint8Array) => void engine.writePhysical(address, bytes)
  write(0, new Uint8Array(memoryBytes))
  write(places.pageTables, tables())
  const revision = new Uint8Array(4)
  new DataView(revision.buffer).setUint32(0, vmcs12Revision, true)
  write(places.vmxon, revision)
  write(places.vmcs, vmcs12Of({ ...plainVmcs, ...fields }))
  write(places.pointers, pointers())
  memory?.(write)
  write(places.l1, codeOf(places.l1, enters))
  write(places.handler, codeOf(places.handler, handler))
  write(places.l2, codeOf(places.l2, l2))
  begin()
  const run = (budget = 10_000): VcpuExit => vcpu.run({ budget })
  const vmcs = (): LiveVmcs12 => vcpu.vmx.state.vmcs
  return { vcpu, engine, run, vmcs, field: (name: Vmcs12Field) => vmcs().read(name) }
}

/** What L2 was left for, by name. */
export function reasonOf({ vmcs }: ReturnType<typeof hypervisor>): string {
  const { basic, entryFailure } = exitReasonOf(vmcs().word('VM_EXIT_REASON'))
  return entryFailure ? `failed: ${basic}` : `${basic}`
}

/** VMXON, VMPTRLD, VMLAUNCH: behind that RBX is 0BADH. */
function enters(a: Assembler): void {
  a.vmxon(mem64(places.pointers))
    .jbe('failed')
    .vmclear(mem64(places.pointers + 8))
    .vmptrld(mem64(places.pointers + 8))
    .jbe('failed')
    .vmlaunch()
  a.label('failed').mov(rbx, 0xbad)
  a.hlt()
}

const pointers = (): Uint8Array =>
  new Uint8Array(new BigUint64Array([BigInt(places.vmxon), BigInt(places.vmcs)]).buffer)

/** 2 MiB at 0, to themselves. */
function tables(): Uint8Array {
  const bytes = new Uint8Array(0x3000)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(places.pageTables + 0x1000) | 7n, true)
  view.setBigUint64(0x1000, BigInt(places.pageTables + 0x2000) | 7n, true)
  view.setBigUint64(0x2000, 0x87n, true)
  return bytes
}

function begin(): void {
  const sregs = vcpu.state.getSregs()
  const flat = {
    ...sregs.ds,
    base: 0n,
    limit: 0xffff_ffff,
    selector: 16,
    type: 3,
    s: 1,
    dpl: 0,
    present: 1,
    g: 1,
    db: 1,
    l: 0,
  }
  const refused = vcpu.state.setSregs({
    ...sregs,
    cr0: 0x8000_0031n,
    cr3: BigInt(places.pageTables),
    cr4: 0x2020n,
    efer: 0x500n,
    cs: { ...flat, selector: 8, type: 11, db: 0, l: 1 },
    ...{ ss: flat, ds: flat, es: flat },
    tr: { ...flat, selector: 24, type: 11, s: 0, limit: 0x67, g: 0, db: 0 },
  })
  if (refused !== undefined) throw new Error(refused.says)
  if (vcpu.state.setMsrs([{ index: 0x3a, data: 5n }]) !== 1) throw new Error('IA32_FEATURE_CONTROL is refused')
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: BigInt(places.l1), rsp: BigInt(places.l1Stack), rflags: 2n })
}
