import { hostNamed } from '@vmm/cpu-models'
import type { CpuidEntry } from '@vmm/cpuid'
import { kvmRun } from '@vmm/kvm-uapi'
import { type Assembler, al, assembler, ax } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { type Answer, ioctl, type KvmVcpu, openFile, openKvm, ProcessMemory, type Vm } from './index.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found
const smbase = 0x2_0000
const saveArea = smbase + 0xfe00

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

interface Machine {
  readonly vm: Vm
  readonly vcpu: KvmVcpu
  /** The data of the port access that the next run comes back with, and the port. */
  next(): string
}

/** CPUID with CET_SS. */
const withShadowStacks = (entry: CpuidEntry): CpuidEntry =>
  entry.function === 7 && entry.index === 0 ? { ...entry, ecx: entry.ecx | 0x80 } : entry

/** A guest in real mode at 1000H that has written 80H, and a handler at SMBASE + 8000H; both see the same memory. */
function machine(handler: (a: Assembler) => void, { kernel = '6.12', smram = true, longMode = false } = {}): Machine {
  const kvm = openKvm({ kernel, host, memoryBytes: 1 << 20 })
  const vm = given(kvm.createVm())
  const put = (at: number, write: (a: Assembler) => void) => {
    const a = assembler({ origin: at, codeSize: 16 })
    write(a)
    vm.memory.bytes.set(a.finish().bytes, at)
  }
  put(0x1000, (a) => a.mov(al, 0x42).out(0x80, al).out(0x82, al).hlt())
  put(smbase + 0x8000, handler)
  const region = { flags: 0, guest_phys_addr: 0n, memory_size: 0x10_0000n, userspace_addr: vm.memory.address }
  given(vm.setUserMemoryRegion({ ...region, slot: 0 }))
  if (smram) given(vm.setUserMemoryRegion({ ...region, slot: 0x1_0000 }))
  const vcpu = given(vm.createVcpu(0))
  if (longMode) given(vcpu.setCpuid2(kvm.getSupportedCpuid().map(withShadowStacks)))
  const sregs = vcpu.state.getSregs()
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n, rsp: 0x8000n, rbx: 0x1234_5678n })
  vcpu.state.setMsrs([{ index: 0x9e, data: BigInt(smbase) }])
  const next = () => {
    const exit = given(vcpu.run())
    return exit.kind === 'io' ? `${exit.port.toString(16)}:${exit.data[0]?.toString(16)}` : exit.kind
  }
  expect(next()).toBe('80:42')
  return { vm, vcpu, next }
}

const answers = (a: Assembler) => a.mov(al, 0x55).out(0x81, al).rsm()
const flagsOf = ({ page }: KvmVcpu) => new DataView(page.bytes.buffer).getUint16(kvmRun.offset.flags, true)
const smiOf = ({ state }: KvmVcpu) => state.getVcpuEvents().smi

test('an SMI is taken behind the instruction that user space was asked for, and RSM gives the registers back', () => {
  const { vcpu, next } = machine(answers)
  given(vcpu.smi())
  expect(smiOf(vcpu)).toMatchObject({ smm: 0, pending: 1 })
  expect(next()).toBe('81:55')
  expect([flagsOf(vcpu), smiOf(vcpu).smm, vcpu.state.getVcpuEvents().nmi.masked]).toEqual([1, 1, 1])
  const { cs, cr0, idt } = vcpu.state.getSregs()
  expect([cs.base, cs.selector, cs.limit, cr0 & 1n, idt.limit]).toEqual([BigInt(smbase), 0x2000, 0xffff_ffff, 0n, 0])
  expect(next()).toBe('82:42')
  expect([flagsOf(vcpu), smiOf(vcpu).smm, vcpu.state.getVcpuEvents().nmi.masked]).toEqual([0, 0, 0])
  expect(vcpu.state.getSregs().idt.limit).toBe(0xffff)
})

test('without long mode the processor is saved in 32-bit form, with it in the other', () => {
  const areas = [false, true].map((longMode) => {
    const { vm, vcpu, next } = machine(answers, { longMode })
    given(vcpu.smi())
    next()
    return new DataView(vm.memory.bytes.buffer, vm.memory.bytes.byteOffset + saveArea, 512)
  })
  const [narrow, wide] = areas as [DataView, DataView]
  expect([0xfc, 0x1f0, 0x1dc, 0x1f8 + 4].map((at) => narrow.getUint32(at, true))).toEqual([
    0x2_0000, 0x1004, 0x1234_5678, 0x6000_0010,
  ])
  expect([0xfc, 0x178, 0x1e0, 0x158].map((at) => wide.getUint32(at, true))).toEqual([
    0x2_0064, 0x1004, 0x1234_5678, 0x6000_0010,
  ])
})

test('what is written into the save area meanwhile is what RSM gives', () => {
  const { vm, vcpu, next } = machine(answers)
  given(vcpu.smi())
  next()
  vm.memory.write(saveArea + 0x1d0, Uint8Array.of(0x77))
  expect(next()).toBe('82:77')
})

describe('the shadow-stack pointer', () => {
  const ssp = saveArea + 0x118
  const inSmm = (kernel: string, longMode: boolean) => {
    const made = machine(answers, { kernel, longMode })
    given(made.vcpu.smi())
    expect(made.next()).toBe('81:55')
    return made
  }

  test.each([
    ['6.12', true, 0n],
    ['6.18', true, 0xffff_8000_0000_0004n],
    ['6.18', false, 0n],
  ] as const)(
    'with KVM of %s is given back by RSM, and saved, where there is a place for it: %s',
    (kernel, longMode, kept) => {
      const { vm, vcpu, next } = inSmm(kernel, longMode)
      const view = new DataView(vm.memory.bytes.buffer, vm.memory.bytes.byteOffset)
      const before = view.getBigUint64(ssp, true)
      view.setBigUint64(ssp, longMode ? 0xffff_8000_0000_0004n : before, true)
      expect(next()).toBe('82:42')
      given(vcpu.smi())
      next()
      expect(view.getBigUint64(ssp, true)).toBe(longMode ? kept : before)
    },
  )

  test.each([2n, 1n << 62n])('that is none ends RSM in a shutdown: %i', (wrong) => {
    const { vm, next } = inSmm('6.18', true)
    new DataView(vm.memory.bytes.buffer, vm.memory.bytes.byteOffset).setBigUint64(ssp, wrong, true)
    expect(next()).toBe('shutdown')
  })
})

test('an SMI within SMM waits for RSM, and so does INIT', () => {
  const { vcpu, next } = machine((a) => a.out(0x81, al).out(0x83, al).rsm())
  given(vcpu.smi())
  expect(next()).toBe('81:42')
  given(vcpu.smi())
  vcpu.signal({ kind: 'init' })
  expect(next()).toBe('83:42')
  expect(smiOf(vcpu)).toMatchObject({ smm: 1, pending: 1, latched_init: 1 })
  vcpu.run({ signalAfter: 1 })
  expect(vcpu.state.getSregs().cs.selector).toBe(0xf000)
})

test('in SMM the guest has addresses of its own, and its save area is there', () => {
  const { vm, vcpu, next } = machine(answers, { smram: false })
  vm.memory.bytes.copyWithin(0xa_8000, 0x2_8000, 0x2_8010)
  vm.memory.bytes.fill(0, 0x2_8000, 0x3_0000)
  const userspace_addr = vm.memory.address + 0x8_0000n
  given(
    vm.setUserMemoryRegion({ slot: 0x1_0000, flags: 0, guest_phys_addr: 0n, memory_size: 0x8_0000n, userspace_addr }),
  )
  given(vcpu.smi())
  expect(next()).toBe('81:55')
  expect(vm.memory.bytes.subarray(saveArea, saveArea + 512).every((byte) => byte === 0)).toBe(true)
  expect(vm.memory.bytes[0x8_0000 + saveArea + 0xfe]).toBe(2)
  expect(next()).toBe('82:42')
})

test('where the processor cannot be saved the VM is dead since 6.2, and before that it goes on nowhere', () => {
  const memory = new ProcessMemory()
  const task = { memory, mm: {} }
  const dead = machine(answers, { smram: false })
  given(dead.vcpu.smi())
  expect(dead.vcpu.run()).toMatchObject({ errno: 'EIO', rule: 'smm-save-fails' })
  expect([dead.vm.isDead, flagsOf(dead.vcpu)]).toEqual([true, 1])
  expect(ioctl(task, openFile(dead.vm.kvm, task), 0xae00, 0n).value).toBe(12)
  const older = machine(answers, { smram: false, kernel: '6.1' })
  given(older.vcpu.smi())
  expect(older.next()).toBe('internal-error')
  expect(older.vm.isDead).toBe(false)
})

test('RSM is #UD outside SMM, and a shutdown where what was saved is no processor', () => {
  const outside = machine(answers)
  outside.vm.memory.write(0x1004, Uint8Array.of(0x0f, 0xaa))
  outside.vm.memory.write(6 * 4, Uint8Array.of(0, 0x30, 0, 0))
  outside.vm.memory.write(0x3000, Uint8Array.of(0xe6, 0x99))
  expect(outside.next()).toBe('99:42')
  const broken = machine(answers)
  given(broken.vcpu.smi())
  broken.next()
  // CR0 with paging and without protection
  broken.vm.memory.write(saveArea + 0x1fc, Uint8Array.of(0x10, 0, 0, 0x80))
  expect(broken.next()).toBe('shutdown')
})

test('user space takes a vCPU into SMM and out of it, with its registers as they are', () => {
  const { vcpu } = machine((a) => a.mov(ax, 1).hlt())
  const events = vcpu.state.getVcpuEvents()
  vcpu.state.setVcpuEvents({ ...events, flags: 8, smi: { smm: 1, pending: 0, smm_inside_nmi: 1, latched_init: 0 } })
  expect(smiOf(vcpu)).toMatchObject({ smm: 1, smm_inside_nmi: 1 })
  vcpu.state.setVcpuEvents({ ...events, flags: 8, smi: { smm: 0, pending: 0, smm_inside_nmi: 0, latched_init: 0 } })
  expect(smiOf(vcpu)).toMatchObject({ smm: 0, smm_inside_nmi: 0 })
})

test('a kernel that was built without SMM knows of none', () => {
  const small = { ...host, kconfig: { ...host.kconfig, CONFIG_KVM_SMM: false } }
  const vcpu = given(given(openKvm({ kernel: '6.12', host: small, memoryBytes: 1 << 16 }).createVm()).createVcpu(0))
  expect(vcpu.smi()).toMatchObject({ errno: 'ENOTTY', rule: 'smi-not-built' })
})
