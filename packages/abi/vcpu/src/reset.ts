import type { Feature } from '@vmm/cpuid'
import { cr4, gprNames, type StateField, segmentNames } from '@vmm/x86-registers'
import type { Engine } from './engine-port.ts'
import type { VcpuHost } from './guest.ts'

/** What a reset needs to know about the processor. */
export interface ResetShape {
  /** The bits of CR4 that the guest's features bring. */
  readonly allowedCr4: bigint
  readonly physicalAddressWidth: number
  readonly walkedAddressWidth?: number | undefined
  /** CPUID.01H:EAX, which RDX tells after a reset. */
  readonly signature: number
  readonly host: Pick<VcpuHost, 'drivenBy' | 'cr4'>
}

/**
 * Which feature brings a bit of CR4. Those not listed KVM lets every guest set, whatever its CPUID says: every x86-64 has them.
 * Source: arch/x86/include/asm/kvm_host.h CR4_RESERVED_BITS, arch/x86/kvm/x86.h __cr4_reserved_bits (Linux 6.12).
 */
const neededBy: { readonly [B in keyof typeof cr4]?: Feature | readonly Feature[] } = {
  UMIP: 'UMIP',
  LA57: 'LA57',
  FSGSBASE: 'FSGSBASE',
  PCIDE: 'PCID',
  OSXSAVE: 'XSAVE',
  SMEP: 'SMEP',
  SMAP: 'SMAP',
  PKE: 'PKU',
  VMXE: 'VMX',
  // either of them
  CET: ['CET_SS', 'CET_IBT'],
  LAM_SUP: 'LAM',
}

/** Bits that no guest of ours has yet. */
const absent: ReadonlySet<string> = new Set(['SMXE', 'KL', 'PKS'])

const cr4Bits = Object.entries(cr4)
  .filter(([name]) => !absent.has(name))
  .map(([name, { low }]) => ({ bit: 2 ** low, needs: [neededBy[name as keyof typeof cr4] ?? []].flat() }))

/** The bits of CR4 that a guest with these features may set. */
export function allowedCr4(has: (feature: Feature) => boolean): bigint {
  let allowed = 0
  for (const { bit, needs } of cr4Bits) if (needs.length === 0 || needs.some((feature) => has(feature))) allowed += bit
  return BigInt(allowed)
}

const allOnes = (1n << 64n) - 1n
const cacheControl = 0x6000_0000n

/** What power-up sets and INIT leaves alone. Source: SDM 3A §10.1.1, Table 10-1. */
const onlyAtPowerUp: { readonly [F in StateField]?: bigint } = {
  XCR0: 1n,
  IA32_U_CET: 0n,
  IA32_S_CET: 0n,
  IA32_PL0_SSP: 0n,
  IA32_PL1_SSP: 0n,
  IA32_PL2_SSP: 0n,
  IA32_PL3_SSP: 0n,
  IA32_INTERRUPT_SSP_TABLE_ADDR: 0n,
  SSP: 0n,
  IA32_XSS: 0n,
  IA32_STAR: 0n,
  IA32_LSTAR: 0n,
  IA32_CSTAR: 0n,
  IA32_FMASK: 0n,
  IA32_KERNEL_GS_BASE: 0n,
  IA32_TSC_AUX: 0n,
  IA32_SYSENTER_CS: 0n,
  IA32_SYSENTER_ESP: 0n,
  IA32_SYSENTER_EIP: 0n,
  PKRU: 0n,
  MXCSR: 0x1f80n,
  // a vCPU begins as FNINIT leaves it, not with the 40H and 5555H of a processor
  FCW: 0x37fn,
  FSW: 0n,
  FTW: 0n,
  FOP: 0n,
  FCS: 0n,
  FDS: 0n,
  FIP: 0n,
  FDP: 0n,
}

/** What both set. `SHADOW` and `MONITOR` of all ones are none. */
const always: { readonly [F in StateField]?: bigint } = {
  CR2: 0n,
  CR3: 0n,
  CR4: 0n,
  PDPTE0: 0n,
  PDPTE1: 0n,
  PDPTE2: 0n,
  PDPTE3: 0n,
  IA32_EFER: 0n,
  CPL: 0n,
  DR0: 0n,
  DR1: 0n,
  DR2: 0n,
  DR3: 0n,
  DR6: 0xffff_0ff0n,
  DR7: 0x400n,
  'LDTR.selector': 0n,
  'LDTR.base': 0n,
  'LDTR.limit': 0xffffn,
  'LDTR.access': 0x82n,
  'TR.selector': 0n,
  'TR.base': 0n,
  'TR.limit': 0xffffn,
  'TR.access': 0x8bn,
  'GDTR.base': 0n,
  'GDTR.limit': 0xffffn,
  'IDTR.base': 0n,
  'IDTR.limit': 0xffffn,
  RIP: 0xfff0n,
  NMI_BLOCKED: 0n,
  PENDING_DEBUG: 0n,
  UNSTEPPED: 0n,
  REPEATING: 0n,
  IGNNE: 0n,
  SHADOW: allOnes,
  MONITOR: allOnes,
}

/**
 * kvm_amd begins with segments that nobody has accessed, and a task of 16 bits. Of data segments it tells otherwise.
 * Source: arch/x86/kvm/svm/svm.c init_vmcb, svm_get_segment.
 */
const underSvm: { readonly [F in StateField]?: bigint } = {
  'CS.access': 0x9an,
  'SS.access': 0x92n,
  'TR.access': 0x83n,
}

/** What the processor's own features fix. */
export function shapeState(
  engine: Engine,
  shape: Pick<ResetShape, 'allowedCr4' | 'physicalAddressWidth' | 'walkedAddressWidth' | 'host'>,
): void {
  const width = shape.walkedAddressWidth ?? shape.physicalAddressWidth
  engine.set('PHYSICAL_MASK', (1n << BigInt(width)) - 1n)
  engine.set('CR4_ALLOWED', shape.allowedCr4 & shape.host.cr4)
  engine.modeChanged()
}

/** State after power-up. Source: SDM 3A §10.1.1, Table 10-1; for x87 arch/x86/kernel/fpu/core.c fpu_alloc_guest_fpstate. */
export function resetState(engine: Engine, shape: ResetShape): void {
  shapeState(engine, shape)
  engine.set('CR0', cacheControl)
  setAll(engine, onlyAtPowerUp)
  for (let index = 0; index < 32; index += 1) engine.vector(index).fill(0)
  for (let index = 0; index < 8; index += 1) engine.x87(index).fill(0)
  initializeState(engine, shape)
}

/**
 * State after INIT: x87, vector registers and MSRs stay, and CR0.CD and NW.
 * Source: SDM 3A §10.1.1, Table 10-1; arch/x86/kvm/x86.c kvm_vcpu_reset.
 */
export function initializeState(engine: Engine, { signature, host }: Pick<ResetShape, 'signature' | 'host'>): void {
  setAll(engine, always)
  engine.set('CR0', (engine.get('CR0') & cacheControl) | 0x10n)
  for (const name of segmentNames) {
    engine.set(`${name}.selector`, name === 'CS' ? 0xf000n : 0n)
    engine.set(`${name}.base`, name === 'CS' ? 0xffff_0000n : 0n)
    engine.set(`${name}.limit`, 0xffffn)
    engine.set(`${name}.access`, name === 'CS' ? 0x9bn : 0x93n)
  }
  if (host.drivenBy === 'svm') setAll(engine, underSvm)
  for (const [index, name] of gprNames.entries()) engine.setGpr(index, name === 'RDX' ? BigInt(signature >>> 0) : 0n)
  engine.setRflags(2n)
  engine.flushTranslations()
  engine.modeChanged()
}

function setAll(engine: Engine, fields: { readonly [F in StateField]?: bigint }): void {
  for (const [field, value] of Object.entries(fields)) engine.set(field as StateField, value)
}
