import { primaryControls, secondaryControls } from '@vmm/nested-vmx'
import { nobody } from '@vmm/vcpu'
import {
  type Assembler,
  al,
  cr3,
  cr4,
  cr8,
  dr7,
  dx,
  eax,
  ebx,
  ecx,
  edx,
  mem,
  mem64,
  r8,
  rax,
  rbx,
  rcx,
  rdx,
} from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { type HypervisorOptions, hypervisor, places, plainVmcs, reasonOf } from './hypervisor.ts'

const at = (address: number, plus = 0): bigint => BigInt(address + plus)
const primary = plainVmcs.CPU_BASED_VM_EXEC_CONTROL!

/** Runs until L1 halts, and tells what L2 was left for. */
function leftFor(options: HypervisorOptions) {
  const it = hypervisor(options)
  const exit = it.run()
  if (exit.kind !== 'hlt')
    throw new Error(JSON.stringify(exit, (_, value) => (typeof value === 'bigint' ? `${value}` : value)))
  return { ...it, reason: reasonOf(it) }
}

/** With one primary control. */
const withPrimary = (name: keyof typeof primaryControls, more = {}) => ({
  fields: { CPU_BASED_VM_EXEC_CONTROL: primary | primaryControls[name], ...more },
})
/** With one secondary control. */
const withSecondary = (...names: readonly (keyof typeof secondaryControls)[]) => ({
  CPU_BASED_VM_EXEC_CONTROL: primary | primaryControls.SECONDARY_CONTROLS,
  SECONDARY_VM_EXEC_CONTROL: names.reduce((sum, name) => sum | secondaryControls[name], 0n),
})
const stops = (a: Assembler) => a.vmcall()
/** One piece of code behind another. */
const then = (first: (a: Assembler) => unknown, second: (a: Assembler) => unknown) => (a: Assembler) => {
  first(a)
  second(a)
}

describe('an entry', () => {
  test('runs L2 with the registers of its VMCS, and an exit saves them and loads those of L1', () => {
    const it = leftFor({ l2: (a) => a.mov(rbx, 0x77).cpuid() })
    expect(it.reason).toBe('CPUID')
    expect([it.field('GUEST_RIP'), it.field('VM_EXIT_INSTRUCTION_LEN')]).toEqual([at(places.l2, 7), 2n])
    expect(it.vcpu.state.getRegs()).toMatchObject({ rbx: 0x77n, rip: at(places.handler, 1), rsp: at(places.l1Stack) })
    expect(it.vcpu.state.getSregs()).toMatchObject({ cr3: at(places.pageTables), cs: { selector: 8, l: 1 } })
  })

  test('of a VMCS that is launched is for VMRESUME, which goes on where L2 was', () => {
    const it = leftFor({
      l2: (a) => a.cpuid().vmcall(),
      handler: (a) => {
        a.mov(rax, 0x4402).vmread(rbx, rax).cmp(rbx, 18).je('done')
        a.mov(rcx, 0x681e).vmread(rdx, rcx).add(rdx, 2).vmwrite(rcx, rdx).vmresume()
        a.label('done').hlt()
      },
    })
    expect([it.reason, it.field('GUEST_RIP')]).toEqual(['VMCALL', at(places.l2, 2)])
  })

  test('with a guest that is wrong fails: L1 goes on as behind an exit, and the VMCS is not launched', () => {
    const it = leftFor({ fields: { GUEST_CR0: 0x8000_0011n }, l2: stops })
    expect([it.reason, it.vmcs().launched, it.vcpu.vmx.inL2]).toEqual(['failed: INVALID_STATE', false, false])
    expect(it.vcpu.state.getRegs().rip).toBe(at(places.handler, 1))
  })

  test('with controls that are wrong is no entry: VMLAUNCH fails with the number of its error', () => {
    const it = leftFor({ fields: { PIN_BASED_VM_EXEC_CONTROL: 0n }, l2: stops })
    expect([it.vcpu.state.getRegs().rbx, it.field('VM_INSTRUCTION_ERROR')]).toEqual([0xbadn, 7n])
    expect(it.vcpu.state.getRegs().rflags & 0x41n).toBe(0x40n)
  })

  test('loads MSRs, and fails for one that cannot be, by its number', () => {
    const list = (...entries: readonly (readonly [number, bigint])[]) => {
      const bytes = new BigUint64Array(entries.flatMap(([index, value]) => [BigInt(index), value]))
      return new Uint8Array(bytes.buffer)
    }
    const entered = (index: number) =>
      leftFor({
        fields: { VM_ENTRY_MSR_LOAD_COUNT: 2n, VM_ENTRY_MSR_LOAD_ADDR: at(places.tables) },
        l2: stops,
        memory: (write) => write(places.tables, list([0xc000_0082, 0x1234n], [index, 5n])),
      })
    const loaded = entered(0xc000_0102)
    expect([loaded.reason, loaded.engine.get('IA32_LSTAR')]).toEqual(['VMCALL', 0x1234n])
    const failed = entered(0xc000_0100)
    expect([failed.reason, failed.field('EXIT_QUALIFICATION')]).toEqual(['failed: MSR_LOAD_FAIL', 2n])
  })
})

describe('an instruction of L2', () => {
  const always: readonly (readonly [string, (a: Assembler) => unknown])[] = [
    ['CPUID', (a) => a.cpuid()],
    ['INVD', (a) => a.invd()],
    ['VMCALL', (a) => a.vmcall()],
    ['XSETBV', (a) => a.xor(ecx, ecx).xsetbv()],
    ['VMLAUNCH', (a) => a.vmlaunch()],
    ['VMRESUME', (a) => a.vmresume()],
    ['VMOFF', (a) => a.vmxoff()],
    ['VMREAD', (a) => a.vmread(rax, rbx)],
    ['VMPTRLD', (a) => a.vmptrld(mem64(places.pointers))],
    ['MSR_READ', (a) => a.mov(ecx, 0x10).rdmsr()],
    ['MSR_WRITE', (a) => a.mov(ecx, 0xc000_0082).wrmsr()],
  ]
  test.each(always)('leaves for L1: %s', (reason, l2) => {
    const it = leftFor({ fields: { GUEST_CR4: 0x4_2020n }, l2: then(l2, (a) => a.ud2()) })
    expect(it.reason).toBe(reason)
  })

  const controlled: readonly (readonly [keyof typeof primaryControls, string, (a: Assembler) => unknown])[] = [
    ['HLT_EXITING', 'HLT', (a) => a.hlt()],
    ['INVLPG_EXITING', 'INVLPG', (a) => a.invlpg(mem(rax))],
    ['RDTSC_EXITING', 'RDTSC', (a) => a.rdtsc()],
    ['RDPMC_EXITING', 'RDPMC', (a) => a.xor(ecx, ecx).rdpmc()],
    ['CR3_LOAD_EXITING', 'CR_ACCESS', (a) => a.mov(rax, places.pageTables).mov(cr3, rax)],
    ['CR3_STORE_EXITING', 'CR_ACCESS', (a) => a.mov(rax, cr3)],
    ['CR8_LOAD_EXITING', 'CR_ACCESS', (a) => a.xor(eax, eax).mov(cr8, rax)],
    ['CR8_STORE_EXITING', 'CR_ACCESS', (a) => a.mov(rax, cr8)],
    ['MOV_DR_EXITING', 'DR_ACCESS', (a) => a.mov(rax, dr7)],
    ['UNCONDITIONAL_IO_EXITING', 'IO_INSTRUCTION', (a) => a.mov(dx, 0x80).out(dx, al)],
    ['PAUSE_EXITING', 'PAUSE_INSTRUCTION', (a) => a.pause()],
    ['MONITOR_EXITING', 'MONITOR_INSTRUCTION', (a) => a.mov(rax, places.l2Stack).xor(ecx, ecx).xor(edx, edx).monitor()],
    ['MWAIT_EXITING', 'MWAIT_INSTRUCTION', (a) => a.xor(eax, eax).xor(ecx, ecx).mwait()],
  ]
  test.each(controlled)('leaves for L1 with %s: %s', (name, reason, l2) => {
    expect(leftFor({ ...withPrimary(name), l2: then(l2, stops) }).reason).toBe(reason)
  })

  const free = controlled.filter(
    ([name]) =>
      ![
        'HLT_EXITING',
        'UNCONDITIONAL_IO_EXITING',
        'MWAIT_EXITING',
        'RDPMC_EXITING',
        'CR3_LOAD_EXITING',
        'CR3_STORE_EXITING',
      ].includes(name),
  )
  test.each(free)('stays in L2 without %s', (_name, _reason, l2) => {
    expect(leftFor({ l2: then(l2, stops) }).reason).toBe('VMCALL')
  })

  test('that goes to CR3 leaves with the number of its register', () => {
    const it = leftFor({ ...withPrimary('CR3_LOAD_EXITING'), l2: (a) => a.mov(r8, places.pageTables).mov(cr3, r8) })
    expect([it.reason, it.field('EXIT_QUALIFICATION')]).toEqual(['CR_ACCESS', 0x803n])
  })

  test('goes to ports and MSRs by bitmaps', () => {
    const port = (number: number) =>
      leftFor({
        ...withPrimary('USE_IO_BITMAPS', {
          IO_BITMAP_A: at(places.ioBitmaps),
          IO_BITMAP_B: at(places.ioBitmaps, 0x1000),
        }),
        l2: (a) => a.mov(dx, number).mov(eax, 5).in(al, dx).vmcall(),
        memory: (write) => write(places.ioBitmaps + 0x10, Uint8Array.of(2)),
        machine: { ...nobody(() => 0), portIn: () => 0x5a },
      })
    expect(port(0x81)).toMatchObject({ reason: 'IO_INSTRUCTION' })
    expect(port(0x81).field('EXIT_QUALIFICATION')).toBe(0x81_0008n)
    expect(port(0x80)).toMatchObject({ reason: 'VMCALL' })
    const msr = (index: number) =>
      leftFor({
        ...withPrimary('USE_MSR_BITMAPS', { MSR_BITMAP: at(places.msrBitmap) }),
        l2: (a) => a.mov(ecx, index).rdmsr().vmcall(),
        memory: (write) => write(places.msrBitmap + 0x400 + 0x10, Uint8Array.of(4)),
      }).reason
    expect([msr(0xc000_0082), msr(0xc000_0081), msr(0x277), msr(0x2000)]).toEqual([
      'MSR_READ',
      'VMCALL',
      'VMCALL',
      'MSR_READ',
    ])
  })

  test('reads of CR4 what L1 shows, and leaves where it would change what is L1’s', () => {
    const fields = { CR4_GUEST_HOST_MASK: 0x2000n, CR4_READ_SHADOW: 0n }
    const read = leftFor({ fields, l2: (a) => a.mov(rbx, cr4).vmcall() })
    expect(read.vcpu.state.getRegs().rbx).toBe(0x20n)
    const same = leftFor({
      fields,
      l2: (a) =>
        a
          .mov(rax, 0x80 | 0x20)
          .mov(cr4, rax)
          .vmcall(),
    })
    expect([same.reason, same.field('GUEST_CR4')]).toEqual(['VMCALL', 0x20a0n])
    const other = leftFor({ fields, l2: (a) => a.mov(rax, 0x2020).mov(cr4, rax) })
    expect([other.reason, other.field('EXIT_QUALIFICATION')]).toEqual(['CR_ACCESS', 4n])
  })

  test('of the descriptor tables tells L1 its operand', () => {
    const it = leftFor({
      fields: withSecondary('DESCRIPTOR_TABLE_EXITING'),
      l2: (a) => a.mov(rcx, 1).lgdt(mem({ base: rbx, index: rcx, scale: 4, displacement: -16 })),
    })
    expect([it.reason, it.field('EXIT_QUALIFICATION')]).toEqual(['GDTR_IDTR', 0xffff_ffff_ffff_fff0n])
    // LGDT, base RBX, index RCX by 4, DS, 64-bit addresses
    expect(it.field('VMX_INSTRUCTION_INFO').toString(16)).toBe(
      ((2 << 28) | (3 << 23) | (1 << 18) | (3 << 15) | (1 << 11) | (2 << 7) | 2).toString(16),
    )
  })

  test('that names a field by VMREAD tells L1 both its registers', () => {
    const it = leftFor({ l2: (a) => a.vmread(rbx, rdx) })
    expect(it.field('VMX_INSTRUCTION_INFO')).toBe(BigInt((2 << 28) | (1 << 10) | (3 << 3)))
  })

  test('is undefined where no control enables it', () => {
    const fields = { ...withSecondary(), EXCEPTION_BITMAP: 1n << 6n }
    const it = leftFor({ fields, l2: (a) => a.rdtscp() })
    expect([it.reason, it.field('VM_EXIT_INTR_INFO')]).toEqual(['EXCEPTION_NMI', 0x8000_0306n])
    expect(leftFor({ fields: { ...fields, ...withSecondary('RDTSCP') }, l2: (a) => a.rdtscp().vmcall() }).reason).toBe(
      'VMCALL',
    )
  })

  test('reads the time that L1 has moved', () => {
    const fields = { CPU_BASED_VM_EXEC_CONTROL: primary | primaryControls.TSC_OFFSETTING, TSC_OFFSET: 0x1_0000_0000n }
    const it = leftFor({ fields, l2: (a) => a.rdtsc().mov(ebx, edx).vmcall() })
    expect(it.vcpu.state.getRegs().rbx).toBe(1n)
  })

  describe('reads the time that L1 has scaled', () => {
    const time = 0x0123_4567_89ab_cdefn
    const read = (multiplier: bigint, code: (a: Assembler) => unknown, control = primaryControls.TSC_OFFSETTING) => {
      const { CPU_BASED_VM_EXEC_CONTROL: with_ = 0n, ...scaling } = withSecondary('TSC_SCALING', 'RDTSCP')
      const it = leftFor({
        fields: {
          ...{ ...scaling, CPU_BASED_VM_EXEC_CONTROL: with_ | control | primaryControls.USE_MSR_BITMAPS },
          ...{ MSR_BITMAP: at(places.msrBitmap), TSC_OFFSET: 0x10n, TSC_MULTIPLIER: multiplier },
        },
        l2: then(code, (a) => a.shl(rdx, 32).or(rax, rdx).mov(rbx, rax).vmcall()),
        machine: { ...nobody(() => 0), timeStamp: () => time },
      })
      return it.vcpu.state.getRegs().rbx
    }
    const half = 1n << 47n
    test.each([
      ['RDTSC', (a: Assembler) => a.rdtsc()],
      ['RDTSCP', (a: Assembler) => a.rdtscp()],
      ['RDMSR', (a: Assembler) => a.mov(ecx, 0x10).rdmsr()],
    ])('by %s', (_, code) => {
      expect(read(half, code)).toBe((time >> 1n) + 0x10n)
    })

    test('to 64 bits of a product of 128', () => {
      const multiplier = (1n << 64n) - 1n
      expect(read(multiplier, (a) => a.rdtsc())).toBe(BigInt.asUintN(64, ((time * multiplier) >> 48n) + 0x10n))
    })

    test('only where there are offsets', () => {
      expect(read(half, (a) => a.rdtsc(), 0n)).toBe(time)
    })

    test('and L1 has its own again', () => {
      const it = leftFor({
        fields: { ...withSecondary('TSC_SCALING'), TSC_MULTIPLIER: half },
        l2: stops,
        handler: (a) => a.rdtsc().mov(ebx, eax).hlt(),
        machine: { ...nobody(() => 0), timeStamp: () => time },
      })
      expect(it.vcpu.state.getRegs().rbx).toBe(time & 0xffff_ffffn)
    })
  })

  test('is not entered with a multiplier of 0 for the time', () => {
    const entered = (TSC_MULTIPLIER: bigint) =>
      leftFor({ fields: { ...withSecondary('TSC_SCALING'), TSC_MULTIPLIER }, l2: stops })
    expect(entered(0n).field('VM_INSTRUCTION_ERROR')).toBe(7n)
    expect(entered(1n).reason).toBe('VMCALL')
  })
})
