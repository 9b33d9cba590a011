/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs'
import { hostNamed } from '@vmm/cpu-models'
import {
  ioctlNamed,
  kvmCpuid2,
  kvmCpuidEntry2,
  kvmDebugregs,
  kvmEnableCap,
  kvmFpu,
  kvmGuestDebug,
  kvmInterrupt,
  kvmLapicState,
  kvmMpState,
  kvmRegs,
  kvmSregs,
  kvmSregs2,
  kvmVcpuEvents,
  kvmXcrs,
  kvmXsave,
} from '@vmm/kvm-uapi'
import { type Codec, encode, type Shape } from '@vmm/layout'
import { vcpuPromises } from '@vmm/vcpu'
import { describe, expect, test } from 'vitest'
import { ioctl, type KvmFile, openFile, openKvm, ProcessMemory, type Task } from '../index.ts'

/** What was asked and what a kernel answered, a step a line. */
interface Scenario {
  readonly name: string
  readonly steps: readonly string[]
}

const folder = new URL('../../cases/state-calls/', import.meta.url)
const textOf = (name: string) => readFileSync(new URL(name, folder), 'utf8')

function scenariosIn(text: string): readonly Scenario[] {
  return text
    .split(/^= /m)
    .slice(1)
    .map((block) => {
      const [name = '', ...steps] = block.split('\n').filter((line) => line !== '')
      return { name, steps }
    })
}

/** The steps with what each `$NAME` stands for. */
function asked(): readonly Scenario[] {
  const text = textOf('scenarios.txt')
  const words = new Map([...text.matchAll(/^let (\w+) (.*)$/gm)].map(([, name = '', rest = '']) => [name, rest]))
  const expand = (line: string) => line.replace(/\$(\w+)/g, (_, name: string) => words.get(name) ?? '')
  return scenariosIn(text).map(({ name, steps }) => ({ name, steps: steps.map(expand) }))
}

interface StateCall {
  readonly codec: Codec<never>
  readonly get: string
  readonly set: string
}

const stateCall = (codec: { readonly size: number; readonly shape: Shape }, name: string): StateCall => ({
  codec: codec as unknown as Codec<never>,
  get: `KVM_GET_${name}`,
  set: `KVM_SET_${name}`,
})

const stateCalls: Readonly<Record<string, StateCall>> = {
  REGS: stateCall(kvmRegs, 'REGS'),
  SREGS: stateCall(kvmSregs, 'SREGS'),
  SREGS2: stateCall(kvmSregs2, 'SREGS2'),
  DEBUGREGS: stateCall(kvmDebugregs, 'DEBUGREGS'),
  EVENTS: stateCall(kvmVcpuEvents, 'VCPU_EVENTS'),
  MP_STATE: stateCall(kvmMpState, 'MP_STATE'),
  XCRS: stateCall(kvmXcrs, 'XCRS'),
  XSAVE: stateCall(kvmXsave, 'XSAVE'),
  FPU: stateCall(kvmFpu, 'FPU'),
  LAPIC: stateCall(kvmLapicState, 'LAPIC'),
  DEBUG: stateCall(kvmGuestDebug, 'GUEST_DEBUG'),
}

interface Place {
  readonly offset: number
  readonly size: number
}

/** Registers within areas that are bytes to C. */
const registers: Readonly<Record<string, Place>> = {
  'XSAVE.fcw': { offset: 0, size: 2 },
  'XSAVE.mxcsr': { offset: 24, size: 4 },
  'XSAVE.xstate_bv': { offset: 512, size: 8 },
  'XSAVE.xcomp_bv': { offset: 520, size: 8 },
  'XSAVE.reserved': { offset: 528, size: 8 },
  'XSAVE.reserved_last': { offset: 568, size: 8 },
  'LAPIC.id': { offset: 0x20, size: 4 },
}

/** Where `exception.nr` or `xcrs[1].value` lies. */
function placeOf(struct: string, path: string): Place {
  const register = registers[`${struct}.${path}`]
  if (register !== undefined) return register
  let shape = stateCalls[struct]?.codec.shape
  let place: Place = { offset: 0, size: 0 }
  for (const [word] of path.matchAll(/\w+/g)) {
    if (shape?.kind === 'list') {
      place = { offset: place.offset + Number(word) * shape.itemSize, size: shape.itemSize }
      shape = shape.item
    } else {
      const field =
        shape !== undefined && 'fields' in shape ? shape.fields.find(({ name }) => name === word) : undefined
      if (field === undefined) throw new Error(`${struct} has no ${path}`)
      place = { offset: place.offset + field.offset, size: field.size }
      shape = field.shape
    }
  }
  return place
}

const found = hostNamed('genoa')
if (found.kind !== 'host') throw new Error(found.says)
const usual = found.host
/** Its kernel was built without system-management mode. */
const pvm = { ...usual, vendorModule: 'kvm_pvm', kconfig: { ...usual.kconfig, CONFIG_KVM_SMM: false } }
const argumentAt = 0x1000n
const errnoNames = new Map(
  Object.entries({
    EIO: 5,
    ENXIO: 6,
    E2BIG: 7,
    ENOMEM: 12,
    EFAULT: 14,
    EBUSY: 16,
    EEXIST: 17,
    EINVAL: 22,
    ENOTTY: 25,
  }).map(([name, number]) => [number, name]),
)

/** A VM of ours with a vCPU, reached through its calls. */
class Player {
  /** The rule that refused the last step, if one did. */
  refusedBy: string | undefined
  readonly #argument = new Uint8Array(0x2000)
  readonly #task: Task
  readonly #vm: KvmFile
  #vcpu: KvmFile | undefined

  constructor(kernel: string, host = usual) {
    const memory = new ProcessMemory()
    memory.map(argumentAt, this.#argument)
    this.#task = { memory, mm: {} }
    this.#vm = this.#made(openFile(openKvm({ kernel, host, memoryBytes: 1 << 20 }), this.#task), 'KVM_CREATE_VM')
  }

  play(step: string): string {
    this.refusedBy = undefined
    const [verb = '', ...words] = step.split(' ').filter(Boolean)
    if (verb === 'cap') return `cap ${this.#ask(this.#vm, 'KVM_ENABLE_CAP', capability(words))}`
    this.#vcpu ??= this.#made(this.#vm, 'KVM_CREATE_VCPU')
    if (verb === 'cpuid') return `cpuid ${this.#ask(this.#vcpu, 'KVM_SET_CPUID2', tableOf(words))}`
    if (verb === 'irq')
      return `irq ${this.#ask(this.#vcpu, 'KVM_INTERRUPT', encode(kvmInterrupt, { irq: hex(words[0]) }))}`
    if (verb === 'nmi') return `nmi ${this.#ask(this.#vcpu, 'KVM_NMI')}`
    const [struct = '', ...fields] = words
    return verb === 'get' ? this.#get(this.#vcpu, struct, fields) : this.#set(this.#vcpu, verb, struct, fields)
  }

  #get(vcpu: KvmFile, struct: string, fields: readonly string[]): string {
    const answer = this.#ask(vcpu, stateCalls[struct]?.get ?? '', new Uint8Array(0x1000))
    const told =
      answer === '0' ? fields.map((path) => ` ${path}=${this.#read(placeOf(struct, path)).toString(16)}`) : []
    return `get ${struct} ${answer}${told.join('')}`
  }

  #set(vcpu: KvmFile, verb: string, struct: string, fields: readonly string[]): string {
    const call = stateCalls[struct]
    this.#argument.fill(0)
    if (verb === 'set') this.#ask(vcpu, call?.get ?? '', new Uint8Array(0x1000))
    for (const field of fields) {
      const [path = '', value = ''] = field.split('=')
      this.#write(placeOf(struct, path), BigInt(`0x${value}`))
    }
    return `${verb} ${struct} ${this.#ask(vcpu, call?.set ?? '')}`
  }

  #read({ offset, size }: Place): bigint {
    const bytes = this.#argument.slice(offset, offset + size).reverse()
    return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
  }

  #write({ offset, size }: Place, value: bigint): void {
    for (let at = 0; at < size; at++) this.#argument[offset + at] = Number((value >> BigInt(8 * at)) & 0xffn)
  }

  #ask(file: KvmFile, name: string, argument?: Uint8Array): string {
    if (argument !== undefined) this.#argument.fill(0).set(argument)
    const at = name === 'KVM_NMI' ? 0n : argumentAt
    const { value, refusal } = ioctl(this.#task, file, ioctlNamed(name)?.number ?? 0, at)
    this.refusedBy = refusal?.rule
    return value < 0 ? (errnoNames.get(-value) ?? 'other') : '0'
  }

  #made(file: KvmFile, name: string): KvmFile {
    const { file: made, refusal } = ioctl(this.#task, file, ioctlNamed(name)?.number ?? 0, 0n)
    if (made === undefined) throw new Error(refusal?.says)
    return made
  }
}

const hex = (word = '') => Number.parseInt(word, 16)

function capability([cap, value]: readonly string[]): Uint8Array {
  return encode(kvmEnableCap, { cap: hex(cap), flags: 0, args: [BigInt(hex(value)), 0n, 0n, 0n] })
}

function tableOf(words: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(kvmCpuid2.size + words.length * kvmCpuidEntry2.size)
  bytes.set(encode(kvmCpuid2, { nent: words.length }))
  for (const [nth, word] of words.entries()) {
    const [leaf = 0, index = 0, flags = 0, eax = 0, ebx = 0, ecx = 0, edx = 0] = word.split(':').map(hex)
    const entry = encode(kvmCpuidEntry2, { function: leaf, index, flags, eax, ebx, ecx, edx })
    bytes.set(entry, kvmCpuid2.size + nth * kvmCpuidEntry2.size)
  }
  return bytes
}

const recordings = readdirSync(folder)
  .filter((name) => name.startsWith('kvm_'))
  .map((name) => {
    const text = textOf(name)
    const kernel = /^# kernel (.*)$/m.exec(text)?.[1] ?? ''
    return { name, kernel, scenarios: new Map(scenariosIn(text).map((each) => [each.name, each.steps])) }
  })

/** What one step was answered, and by whom it was refused here. */
interface Answered {
  readonly step: string
  readonly theirs: string
  readonly ours: string
  readonly rule: string | undefined
}

function answersTo({ name, steps }: Scenario, recording: (typeof recordings)[number]): readonly Answered[] {
  const { kernel, scenarios } = recording
  const player = new Player(kernel, recording.name.startsWith('kvm_pvm') ? pvm : usual)
  return steps.map((step, nth) => ({
    step,
    theirs: scenarios.get(name)?.[nth] ?? 'nothing',
    ours: player.play(step),
    rule: player.refusedBy,
  }))
}

const scenarios = asked()

/** Steps that are not held against us, by the scenario, and for which modules; and why. */
const unjudged: readonly {
  readonly scenario: string
  readonly step: RegExp
  readonly of: RegExp
  readonly because: string
}[] = [
  {
    scenario: 'sregs-efer',
    step: /^get/,
    of: /6\.1|6\.18/,
    because: 'SVME was taken without a check, and here no guest has it',
  },
  { scenario: 'events-applied', step: /smm/, of: /kvm_amd/, because: 'our processor has no system management mode' },
  {
    scenario: 'regs-fixed-bit',
    step: /^get/,
    of: /kvm_pvm/,
    because: 'its guests run in user mode, and no VM86 is there',
  },
  { scenario: 'sregs-cr4', step: /./, of: /kvm_pvm/, because: 'its guests have the CPUID table of the host' },
  { scenario: 'sregs-cr4-of-old', step: /./, of: /kvm_pvm/, because: 'its guests have the CPUID table of the host' },
  { scenario: 'sregs2-pdptrs', step: /^get/, of: /kvm_pvm/, because: 'its guests have no PAE paging' },
  {
    scenario: 'xcrs-sets-the-first',
    step: /e7$/,
    of: /kvm_pvm/,
    because: 'its guests have the CPUID table of the host',
  },
  { scenario: 'xcrs-of-old', step: /^put/, of: /kvm_pvm/, because: 'its guests have the CPUID table of the host' },
]

describe.each(recordings)('$name', (recording) => {
  test.each(scenarios)('answers $name as we do', (scenario) => {
    const excused = unjudged.filter((each) => each.scenario === scenario.name && each.of.test(recording.name))
    const answers = answersTo(scenario, recording).filter(({ step }) => !excused.some((each) => each.step.test(step)))
    expect(answers.map(({ step, ours }) => `${step}\n  ${ours}`)).toEqual(
      answers.map(({ step, theirs }) => `${step}\n  ${theirs}`),
    )
  })
})

/** The rules and behaviours whose sources name this probe. */
const probed = vcpuPromises.filter(({ sources }) =>
  sources.some((source) => source.kind === 'probe' && source.probe === 'state-calls'),
)
const all = recordings.flatMap((recording) =>
  scenarios.flatMap((scenario) =>
    answersTo(scenario, recording).map((answer) => ({ ...answer, scenario: scenario.name })),
  ),
)

test.each(probed.map(({ id, kind }) => [id, kind]))('a recorded kernel was asked about %s', (id, kind) => {
  const refused = all.some(({ rule, ours, theirs }) => rule === id && ours === theirs)
  const named = all.some(({ scenario }) => scenario === id)
  expect(kind === 'rule' ? refused : named).toBe(true)
})

test('the calls of the state have no other rules that refused something', () => {
  const refusing = new Set(all.filter(({ ours, theirs }) => ours === theirs).map(({ rule }) => rule))
  const unnamed = [...refusing].filter((id) => vcpuPromises.some((promise) => promise.id === id))
  expect(unnamed.filter((id) => !probed.some((promise) => promise.id === id))).toEqual([])
})
