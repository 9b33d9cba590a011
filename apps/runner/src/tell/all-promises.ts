import { cpuidPromises } from '@vmm/cpuid'
import { hypercallPromises } from '@vmm/hypercall'
import { kvmPromises } from '@vmm/kvm'
import { msrPromises } from '@vmm/msr'
import { nestedPromises } from '@vmm/nested-vmx'
import type { Entry } from '@vmm/rule'
import { sgxPromises } from '@vmm/sgx'
import { vcpuPromises } from '@vmm/vcpu'

/** A promise, and the package that has it. */
export interface PackagedEntry extends Entry {
  readonly package: string
}

const lists: Readonly<Record<string, readonly Entry[]>> = {
  '@vmm/cpuid': cpuidPromises,
  '@vmm/msr': msrPromises,
  '@vmm/hypercall': hypercallPromises,
  '@vmm/nested-vmx': nestedPromises,
  '@vmm/sgx': sgxPromises,
  '@vmm/vcpu': vcpuPromises,
  '@vmm/kvm': kvmPromises,
}

/** Every promise there is. */
export const allPromises: readonly PackagedEntry[] = Object.entries(lists).flatMap(([name, entries]) =>
  entries.map((entry) => ({ ...entry, package: name })),
)
