import type { Feature } from '@vmm/cpuid'
import { cr4, segmentNames } from '@vmm/x86-registers'
import type { Engine } from './engine-port.ts'

interface Shape {
  readonly has: (feature: Feature) => boolean
  readonly physicalAddressWidth: number
}

/** Which feature brings a bit of CR4; those not listed every x86-64 has. */
const neededBy: { readonly [B in keyof typeof cr4]?: Feature | undefined } = {
  VME: 'VME',
  PVI: 'VME',
  TSD: 'TSC',
  DE: 'DE',
  PSE: 'PSE',
  PAE: 'PAE',
  MCE: 'MCE',
  PGE: 'PGE',
  OSFXSR: 'FXSR',
  OSXMMEXCPT: 'SSE',
  UMIP: 'UMIP',
  LA57: 'LA57',
  FSGSBASE: 'FSGSBASE',
  PCIDE: 'PCID',
  OSXSAVE: 'XSAVE',
  SMEP: 'SMEP',
  SMAP: 'SMAP',
  PKE: 'PKU',
}

/** Bits that no guest of ours has yet. */
const absent: ReadonlySet<string> = new Set(['VMXE', 'SMXE', 'KL', 'CET', 'PKS'])

/** The bits of CR4 that a guest with these features may set. */
export function allowedCr4(has: (feature: Feature) => boolean): bigint {
  let allowed = 0n
  for (const [name, { low }] of Object.entries(cr4)) {
    const needs = neededBy[name as keyof typeof cr4]
    if (!absent.has(name) && (needs === undefined || has(needs))) allowed |= 1n << BigInt(low)
  }
  return allowed
}

/** State after power-up. Source: SDM 3A §10.1.1, Table 10-1. */
export function resetState(engine: Engine, { has, physicalAddressWidth }: Shape): void {
  engine.set('PHYSICAL_MASK', (1n << BigInt(physicalAddressWidth)) - 1n)
  engine.set('CR4_ALLOWED', allowedCr4(has))
  engine.set('CR0', 0x6000_0010n)
  engine.set('DR6', 0xffff_0ff0n)
  engine.set('DR7', 0x400n)
  engine.set('XCR0', 1n)
  engine.set('MXCSR', 0x1f80n)
  engine.set('FCW', 0x40n)
  engine.set('SHADOW', (1n << 64n) - 1n)
  engine.set('MONITOR', (1n << 64n) - 1n)
  for (const name of segmentNames) {
    engine.set(`${name}.selector`, name === 'CS' ? 0xf000n : 0n)
    engine.set(`${name}.base`, name === 'CS' ? 0xffff_0000n : 0n)
    engine.set(`${name}.limit`, 0xffffn)
    engine.set(`${name}.access`, name === 'CS' ? 0x9bn : 0x93n)
  }
  engine.set('LDTR.access', 0x82n)
  engine.set('LDTR.limit', 0xffffn)
  engine.set('TR.access', 0x8bn)
  engine.set('TR.limit', 0xffffn)
  engine.set('GDTR.limit', 0xffffn)
  engine.set('IDTR.limit', 0xffffn)
  engine.set('RIP', 0xfff0n)
  engine.setRflags(2n)
  engine.modeChanged()
}
