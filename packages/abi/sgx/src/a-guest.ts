import { entry } from '@vmm/cpuid'
import type { EcreateCase, EinitCase, EnclsCase } from './encls-case.ts'
import type { SgxGuest } from './guest.ts'

const sgxAndLaunchControl = [
  entry(0x7, { ebx: 1 << 2, ecx: 1 << 30 }, 0),
  entry(0x12, { eax: 3, ebx: 1, edx: 0x2410 }, 0),
  entry(0x12, { eax: 0b1011_0110, ecx: 7 }, 1),
]

/** A guest with all that KVM gives of SGX, switched on by its firmware. For witnesses. */
export function aGuest(changes: Partial<SgxGuest> = {}): SgxGuest {
  return {
    table: sgxAndLaunchControl,
    supportedXcr0: 7n,
    featureControl: 0x4_0001n,
    paging: true,
    provisioning: false,
    module: 'on',
    hardware: sgxAndLaunchControl,
    ...changes,
  }
}

/** A leaf of ENCLS that nothing speaks against. For witnesses. */
export const anEncls = (leaf: number, changes: Partial<SgxGuest> = {}): EnclsCase => ({
  leaf,
  exits: true,
  guest: aGuest(changes),
})

/** An ECREATE that nothing speaks against. For witnesses. */
export function anEcreate(changes: Partial<EcreateCase> = {}): EcreateCase {
  return {
    guest: aGuest(),
    pageInfo: { address: 0x1000n, leads: 'memory' },
    secs: { address: 0x2000n, leads: 'memory' },
    secInfo: { address: 0x3000n, leads: 'memory' },
    sourcePage: { address: 0x4000n, leads: 'memory' },
    asked: { miscSelect: 0, attributes: 4n, xfrm: 3n, size: 0x1000n },
    ...changes,
  }
}

/** An EINIT that nothing speaks against. For witnesses. */
export function anEinit(changes: Partial<EinitCase> = {}): EinitCase {
  return {
    signature: { address: 0x1000n, leads: 'memory' },
    secs: { address: 0x2000n, leads: 'memory' },
    token: { address: 0x3200n, leads: 'memory' },
    ...changes,
  }
}
