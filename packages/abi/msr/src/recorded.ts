import {
  type CpuidTable,
  features,
  featuresOf,
  findEntry,
  type Host,
  readHost,
  readTable,
  type VendorRules,
  vendorRulesOf,
} from '@vmm/cpuid'
import { type KernelVersion, type Profile, profileOf, readVersion, versionInForce } from '@vmm/rule'
import { msrHostOf } from './host-facts.ts'
import type { MsrVcpu, MsrVm } from './kvm-call.ts'
import { type MsrAnswer, type MsrDone, type MsrSurroundings, msrKernel } from './msr-kernel.ts'
import type { GuestMsrOutcome } from './rules/exits/exit.ts'
import { vendorTold } from './rules/registers/vendor-told.rule.ts'

/** What a KVM answered when it was asked for all MSRs. The judge `msrs` records it. */
export interface Recording {
  readonly release: string
  readonly package: string
  readonly vendorModule: string
  readonly processor: string
  readonly parameters: Readonly<Record<string, number>>
  readonly kconfig?: Readonly<Record<string, boolean>>
  /** CPUID of the host, and KVM_GET_SUPPORTED_CPUID, as `cpuid -r` prints them. */
  readonly host: readonly string[]
  readonly supported: readonly string[]
  /** Both lists, the second with values. */
  readonly saved: readonly string[]
  readonly features: readonly string[]
  /** Answers to the calls that are about no one MSR. */
  readonly calls: readonly string[]
  readonly answers: readonly RecordedAnswers[]
}

/**
 * What a few MSRs all answered: `g done value`, a read by user space; `s value done done held`, a write and a read;
 * `R 0 outcome`, `W value outcome`: of a guest; `h` as `g` and `a` as `s`, on a vCPU that has run. Values are
 * hexadecimal, `done` is 0 or 1.
 */
export interface RecordedAnswers {
  /** 0: no CPUID and no local APIC in the kernel. 1: both. */
  readonly config: number
  readonly msrs: string
  readonly said: string
}

/** One answer that is otherwise than our rules have it. */
export interface Disagreement {
  readonly index: number
  readonly config: number
  readonly asked: string
  readonly told: string
  readonly ours: string
}

const number = (hex: string | undefined) => BigInt(`0x${hex ?? '0'}`)

/** The release that a recording is of. */
export function releaseOf(recording: Recording): KernelVersion {
  const read = readVersion(recording.release)
  if (read.kind === 'bad-version') throw new RangeError(read.says)
  return read.version
}

/** The host that a recording was made on. */
export function hostOfRecording({ host, vendorModule, parameters, kconfig, features: told }: Recording): Host {
  const dump = [...host, ...told.map((line) => `MSR 0x${line.replace(' ', ': 0x')}`)]
  return readHost(dump.join('\n'), { vendorModule, params: parameters, ...(kconfig === undefined ? {} : { kconfig }) })
}

/** What surrounds the MSRs of a vCPU that was just created, and given what KVM supports if it was. */
export function surroundingsOf(recording: Recording, config: number): MsrSurroundings {
  const profile = profileOf(releaseOf(recording))
  const host = hostOfRecording(recording)
  const listed = new Set(recording.saved.map((index) => Number.parseInt(index, 16)))
  const table: CpuidTable = config === 0 ? [] : readTable(recording.supported.join('\n'))
  const vmx = new Map(
    recording.features
      .map((line) => line.split(' '))
      .map(([index = '', value]) => [Number.parseInt(index, 16), number(value)]),
  )
  const own = msrHostOf(profile, host, { vmx })
  const width = findEntry(table, 0x8000_0008, 0)?.eax ?? 36
  const xss = findEntry(table, 0x0d, 1)
  const vcpu: MsrVcpu = {
    features: featuresOf(table, features),
    vendor: vendorToldTo(profile, table),
    isHostModel: config === 1,
    physicalAddressWidth: width & 0xff,
    linearAddressWidth: 48,
    paging: false,
    values: new Map([...own.featureMsrs, ...firstRead(recording, config)]),
    hasRun: false,
    l2Active: false,
    vmxOn: false,
    localApic: config === 0 ? 'user space' : 'xapic',
    dynamicFeatures: 0n,
    xss: BigInt(xss?.ecx ?? 0) | (BigInt(xss?.edx ?? 0) << 32n),
  }
  const vm: MsrVm = {
    enforcePvCpuid: false,
    guestReadsPlatformInfo: true,
    quirkMiscEnableNoMwait: true,
    xenMsr: 0,
    isMapped: (gpa, bytes) => gpa + BigInt(bytes) <= 0x1_0000n,
  }
  const isListed = (index: number) => (listed.has(index) ? 'saved' : 'not')
  return { vcpu, vm, host: own, listed: isListed }
}

/** Asks our rules what a recorded KVM was asked, and tells where they answer otherwise. */
export function disagreements(recording: Recording): readonly Disagreement[] {
  const found: Disagreement[] = []
  const kernel = msrKernel(profileOf(releaseOf(recording)))
  for (const { config, msrs, said } of recording.answers) {
    const fresh = surroundingsOf(recording, config)
    const lines = said.split('; ')
    for (const text of msrs.split(' ')) {
      const index = Number.parseInt(text, 16)
      const vcpu = { now: fresh }
      const disagree = (asked: string, told: string, ours: string) => {
        if (told !== ours) found.push({ index, config, asked, told, ours })
      }
      const keep = (answer: MsrDone) => {
        if (answer.keeps) vcpu.now = holding(vcpu.now, index, answer.data)
      }
      const read = () => kernel.access('read', 'host', { index, data: 0n }, vcpu.now)
      for (const line of lines) {
        const [what = '', ...words] = line.split(' ')
        if (what === 'R' && words[0] === '0') vcpu.now = { ...fresh, vcpu: { ...fresh.vcpu, hasRun: true } }
        if (what === 'g') {
          disagree(line, `${words[0]}`, read().kind === 'done' ? '1' : '0')
        } else if (what === 'h') {
          disagree(line, words[0] === '1' ? `1 ${words[1]}` : '0', showRead(read()))
        } else if (what === 's' || what === 'a') {
          const answer = kernel.set({ index, data: number(words[0]) }, vcpu.now)
          if (answer.kind === 'done') keep(answer)
          disagree(
            `${what} ${words[0]}`,
            `${words[1]} ${words[2] === '1' ? `1 ${words[3]}` : '0'}`,
            `${answer.kind === 'done' ? 1 : 0} ${showRead(read())}`,
          )
        } else {
          const access = what === 'R' ? 'read' : 'write'
          const outcome = kernel.guest(access, { index, data: number(words[0]) }, vcpu.now, { mask: 7 })
          if (access === 'write' && outcome.kind === 'done') keep(outcome)
          if (access === 'read' && words[1] === 'done' && outcome.kind === 'done')
            vcpu.now = holding(vcpu.now, index, number(words[2]))
          disagree(
            `${what} ${words[0]}`,
            access === 'read' && words[1] === 'done' ? 'done' : words.slice(1).join(' '),
            showGuest(outcome),
          )
        }
      }
    }
  }
  return found
}

function vendorToldTo(profile: Profile, table: CpuidTable): VendorRules {
  const found = versionInForce(vendorTold, profile)
  if (found.kind !== 'version') throw new RangeError(`nobody has read whose ${profile.kernel} is`)
  return found.version.does({ rules: table.length > 0 ? vendorRulesOf(table) : undefined })
}

/** What every MSR read before anything was written. */
function firstRead(recording: Recording, config: number): ReadonlyMap<number, bigint> {
  const values = new Map<number, bigint>()
  for (const { config: of, msrs, said } of recording.answers) {
    const [, done, value] =
      said
        .split('; ')
        .find((line) => line.startsWith('g '))
        ?.split(' ') ?? []
    if (of !== config || done !== '1') continue
    for (const index of msrs.split(' ')) values.set(Number.parseInt(index, 16), number(value))
  }
  return values
}

function holding(around: MsrSurroundings, index: number, data: bigint): MsrSurroundings {
  const { values } = around.vcpu
  return { ...around, vcpu: { ...around.vcpu, values: { get: (at) => (at === index ? data : values.get(at)) } } }
}

const showRead = (answer: MsrAnswer) => (answer.kind === 'done' ? `1 ${answer.data.toString(16)}` : '0')

function showGuest(outcome: MsrDone | GuestMsrOutcome): string {
  if (outcome.kind === 'done') return 'done'
  if (outcome.kind === 'exit') return `fault ${outcome.msr.reason}`
  return outcome.kind === 'fault' ? 'fault 0' : 'errno 22'
}
