import {
  type BuiltTable,
  buildTable,
  type Feature,
  type FeatureChanges,
  parseCpu,
  supportedCpuid,
  type TableOptions,
  unsupported,
} from '@vmm/cpuid'
import { type VmxCapability, vmxCapabilities } from '@vmm/nested-vmx'
import type { Profile } from '@vmm/rule'
import { physicalAddressWidth, tscHz } from './hardware.ts'
import { releaseNamed, softwareHost } from './kvm-release.ts'
import { suggestion } from './nearest.ts'
import { shown } from './printable.ts'
import { UsageError } from './usage-error.ts'

/** What `--cpu` says of a processor: its CPUID table, and what its VMX lacks. */
export interface Processor extends BuiltTable {
  readonly vmxLacks?: readonly VmxCapability[]
}

/**
 * The processor that `--cpu MODEL,+feature,-feature` asks for, as its CPUID table, the first of `cpus`: its clocks are the machine's. Of a model
 * there is what the release supports; a feature that is asked for by name is offered to it all the same.
 * @throws {UsageError}
 */
export function processorNamed(text: string, kernel: Profile = releaseNamed(), cpus = 1): Processor {
  const words = text.split(',')
  const vmxLacks = words.filter(isOfVmx).flatMap(lackOfVmx)
  const table = tableNamed(words.filter((word) => !isOfVmx(word)).join(','), kernel, cpus)
  return vmxLacks.length === 0 || !table.features.has('VMX') ? table : { ...table, vmxLacks }
}

/** Names of what VMX can do are QEMU's: CPUID has none for them. */
const isOfVmx = (word: string): boolean => /^[+-]vmx-/i.test(word)

/** `-vmx-ept` takes it away; `+vmx-ept` asks for what is there anyway. */
function lackOfVmx(word: string): readonly VmxCapability[] {
  const name = word.slice(1).toLowerCase()
  const names = Object.keys(vmxCapabilities) as VmxCapability[]
  const found = names.find((each) => each === name)
  if (found === undefined)
    throw new UsageError(`--cpu: VMX has nothing that is called ${shown(name)}${meant(name, names)}`)
  return word.startsWith('-') ? [found] : []
}

/** The name that somebody may have meant, or all that there are. */
const meant = (name: string, names: readonly string[]): string =>
  suggestion(name, names) || `; expected one of ${names.join(' ')}`

function tableNamed(text: string, kernel: Profile, cpus: number): BuiltTable {
  const cpu = parseCpu(text)
  if (cpu.kind === 'refused') throw new UsageError(`--cpu: ${cpu.says}`)
  const { model, features } = cpu
  const whole = built({ model, features, cpus })
  const lacking = unsupportedOf(whole, features, kernel)
  if (lacking.length === 0) return whole
  return built({ model, cpus, features: { ...features, minus: [...features.minus, ...lacking] } })
}

function built(options: TableOptions): BuiltTable {
  const table = buildTable({ ...options, tscKhz: tscHz / 1000, crystalHz: tscHz, physicalAddressWidth })
  if (table.kind === 'refused') throw new UsageError(`--cpu: ${table.says}`)
  return table
}

/** What a VMM takes out before it sets a table: features that KVM_GET_SUPPORTED_CPUID does not have. */
function unsupportedOf(table: BuiltTable, { plus }: FeatureChanges, kernel: Profile): readonly Feature[] {
  const supported = supportedCpuid({ kernel, host: softwareHost(kernel) })
  const missing = new Set(unsupported(table.entries, supported).map(({ name }) => name))
  return [...table.features].filter((feature) => missing.has(feature) && !plus.includes(feature))
}
