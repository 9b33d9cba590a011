import { hostNamed, modelOfHost, namedHosts } from '@vmm/cpu-models'
import {
  type BuiltTable,
  buildTable,
  type Feature,
  type FeatureChanges,
  type MoreModels,
  parseCpu,
  supportedCpuid,
  type TableOptions,
  unsupported,
} from '@vmm/cpuid'
import { type VmxCapability, vmxCapabilities } from '@vmm/nested-vmx'
import { type Profile, tellProfile } from '@vmm/rule'
import { physicalAddressWidth, tscHz } from './hardware.ts'
import { releaseNamed, softwareHost } from './kvm-release.ts'
import { suggestion } from './nearest.ts'
import { shown } from './printable.ts'
import { UsageError } from './usage-error.ts'

/** What `--cpu` says of a processor: its CPUID table, and what its VMX lacks. */
export interface Processor extends BuiltTable {
  readonly vmxLacks?: readonly VmxCapability[]
  /** What the model has and the guest does not get, and why: one line each. */
  readonly warnings?: readonly string[]
}

/**
 * The processor that `--cpu MODEL,+feature,-feature` asks for, as its CPUID table, the first of `cpus`: its clocks are the machine's. Of a model
 * there is what the release supports; a feature that is asked for by name is offered to it all the same.
 * @throws {UsageError}
 */
export function processorNamed(text: string, kernel: Profile = releaseNamed(), cpus = 1): Processor {
  const words = text.split(',')
  const ofVmx = words.filter(isOfVmx)
  const vmxLacks = ofVmx.flatMap(lackOfVmx)
  const table = tableNamed(words.filter((word) => !isOfVmx(word)).join(','), kernel, cpus)
  if (ofVmx.length > 0 && !table.features.has('VMX'))
    throw new UsageError(`--cpu: ${shown(ofVmx[0]!)} is of VMX, which ${shown(words[0]!)} does not have; add +VMX`)
  return vmxLacks.length === 0 ? table : { ...table, vmxLacks }
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

function tableNamed(text: string, kernel: Profile, cpus: number): Processor {
  const cpu = parseCpu(text, hostModels(kernel))
  if (cpu.kind === 'refused') throw new UsageError(`--cpu: ${cpu.says}`)
  const { model, features } = cpu
  const whole = built({ model, features, cpus })
  const lacking = unsupportedOf(whole, features, kernel)
  const table =
    lacking.length === 0
      ? whole
      : built({ model, cpus, features: { ...features, minus: [...features.minus, ...lacking] } })
  if (model.adapts || model.features === 'everything') return table
  const warnings = [
    ...leftOut(model.name, whole.clipped, 'nothing here executes'),
    ...leftOut(model.name, lacking, `KVM of ${tellProfile(kernel)} does not support`),
  ]
  return warnings.length === 0 ? table : { ...table, warnings }
}

const leftOut = (model: string, features: readonly Feature[], why: string): readonly string[] =>
  features.length === 0 ? [] : [`--cpu ${model}: left out what ${why}: ${features.join(' ')}`]

/** Hosts by their names, as KVM of the release shows them to a guest. */
const hostModels = (kernel: Profile): MoreModels => ({
  names: namedHosts.filter(({ host }) => host.vendorModule === 'kvm_intel').map(({ name }) => name),
  modelNamed(name) {
    const found = hostNamed(name)
    return found.kind === 'host' ? modelOfHost(found.row, kernel) : undefined
  },
})

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
