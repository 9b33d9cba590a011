/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs'
import { type KernelVersion, type Outcome, type Pipeline, profileOf, resolve, run } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { vcpuPromises } from '../promises.ts'
import type { InterruptCall, LapicCall } from './calls.ts'
import * as pipelines from './pipelines.ts'
import { aLapicCall, aSetEvents, aSetMpState, aSetSregs, aSetTscKhz, aSignalMask } from './witnesses.ts'

/** What was asked and what a kernel answered, a step a line. */
interface Scenario {
  readonly name: string
  readonly steps: readonly string[]
}

const folder = new URL('../../cases/state-rules/', import.meta.url)
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

interface Where {
  readonly kernel: KernelVersion
  readonly hasSmm: boolean
}

const hex = (word = '') => Number.parseInt(word, 16)
const given = (field = '') => hex(field.split('=')[1])
const around = { tolerancePpm: 250, hostKhz: 2_000_000 } as const

/** A vCPU that is nothing but what the rules look at. */
class Player {
  /** The rules that refused a step, by the step's number. */
  readonly refusals: (string | undefined)[] = []
  readonly #where: Where
  readonly #disabled: string | undefined
  #irqchip: InterruptCall['irqchip'] = 'none'
  #external: number | undefined
  #hasVcpus = false
  #longIds = false
  #x2apic = false
  #id = 0
  #mpState = 0
  #inSmm = false
  #smiPending = false
  #paging = false

  constructor(where: Where, disabled?: string) {
    this.#where = where
    this.#disabled = disabled
  }

  play(step: string): string {
    this.refusals.push(undefined)
    const [verb = '', ...words] = step.split(' ').filter(Boolean)
    const ofVm = this.#askVm(verb, words)
    if (ofVm !== undefined) return `${verb} ${ofVm}`
    this.#hasVcpus = true
    const ofVcpu = this.#askVcpu(verb, words)
    return ofVcpu === undefined ? this.#askStruct(verb, words) : `${verb} ${ofVcpu}`
  }

  #askVm(verb: string, [word]: readonly string[]): string | undefined {
    const khz = { ...aSetTscKhz(), ...around, given: hex(word), hasVcpus: this.#hasVcpus }
    switch (verb) {
      case 'irqchip':
        this.#irqchip = 'full'
        return '0'
      case 'split':
        this.#irqchip = 'split'
        return '0'
      case 'cap':
        this.#longIds = true
        return '0'
      case 'vmtsc':
        return this.#errno(pipelines.setVmTscKhzPipeline, khz)
      case 'clock':
        return this.#errno(pipelines.setClockPipeline, { given: { flags: hex(word) } })
      default:
        return undefined
    }
  }

  #askVcpu(verb: string, words: readonly string[]): string | undefined {
    const [first, second = '', third] = words
    switch (verb) {
      case 'cpuid':
        return '0'
      case 'irq':
        return this.#interrupt(hex(first))
      case 'smi': {
        const errno = this.#errno(pipelines.smiPipeline, { hasSmm: this.#where.hasSmm })
        this.#smiPending ||= errno === '0'
        return errno
      }
      case 'tpr':
        return this.#errno(pipelines.tprAccessPipeline, { flags: hex(first) })
      case 'clockctrl':
        return this.#errno(pipelines.kvmclockCtrlPipeline, { clockActive: false })
      case 'tsc':
        return this.#errno(pipelines.setTscKhzPipeline, { ...aSetTscKhz(), ...around, given: hex(first) })
      case 'sigmask':
        return this.#errno(pipelines.setSignalMaskPipeline, signalMask(first, second))
      case 'attr':
        return this.#errno(pipelines.vcpuAttributePipeline, {
          group: hex(second),
          attr: BigInt(hex(third)),
          usable: words.length < 4,
        })
      default:
        return undefined
    }
  }

  #askStruct(verb: string, [struct = '', ...fields]: readonly string[]): string {
    if (verb === 'translate') return this.#translate(BigInt(`0x${struct}`))
    const step = `${verb} ${struct}`
    switch (step) {
      case 'get MP_STATE':
        return `${step} 0 mp_state=${this.#mpState.toString(16)}`
      case 'put MP_STATE':
        return `${step} ${this.#setMpState(given(fields[0]))}`
      case 'get EVENTS':
        return `${step} 0 ${fields.map((field) => `${field}=${this.#event(field)}`).join(' ')}`
      case 'set EVENTS':
        return `${step} ${this.#setEvents(fields[1] ?? '')}`
      case 'get LAPIC':
        return `${step} 0 id=${this.#toldId.toString(16)}`
      case 'set LAPIC':
        return `${step} ${this.#setId(given(fields[0]))}`
      default:
        return `${step} ${this.#setSregs(fields[0] ?? '')}`
    }
  }

  #interrupt(irq: number): string {
    const call = { irq, irqchip: this.#irqchip, external: this.#external, injected: undefined } as const
    const outcome = this.#run(pipelines.interruptPipeline, call)
    if (outcome.kind === 'done') this.#external = outcome.state.external
    return errnoOf(outcome)
  }

  #setMpState(mp_state: number): string {
    const [inSmm, smiPending] = [this.#inSmm, this.#smiPending]
    const call = aSetMpState({ given: { mp_state }, inSmm, smiPending, initBlocked: inSmm })
    const outcome = this.#run(pipelines.setMpStatePipeline, call)
    // the processor that starts the machine takes INIT and runs on
    if (outcome.kind === 'done') this.#mpState = outcome.state.sipiPending ? 0 : outcome.state.stored
    return errnoOf(outcome)
  }

  #event = (field: string): number =>
    Number(field === 'smi.smm' ? this.#inSmm : field === 'smi.pending' ? this.#smiPending : false)

  #setEvents(field: string): string {
    const smi = field.startsWith('smi.smm') ? { smm: given(field) } : { pending: given(field) }
    const { hasSmm } = this.#where
    const call = aSetEvents({ flags: 8, smi }, { hasSmm, waitsForSipi: this.#mpState === 2 })
    const outcome = this.#run(pipelines.setVcpuEventsPipeline, call)
    if (outcome.kind === 'done') this.#inSmm = outcome.state.given.smi.smm !== 0
    return errnoOf(outcome)
  }

  get #apic(): LapicCall {
    return aLapicCall({ x2apicMode: this.#x2apic, longIds: this.#longIds, x2apicId: 0 })
  }

  /** The ID as the page tells it; in xAPIC mode it is kept as it was given. */
  get #toldId(): number {
    return this.#x2apic && !this.#longIds ? this.#id << 24 : this.#id
  }

  #setId(givenId: number): string {
    const outcome = this.#run(pipelines.setLapicPipeline, { ...this.#apic, givenId })
    if (outcome.kind === 'done') this.#id = outcome.state.storedId
    return errnoOf(outcome)
  }

  #setSregs(field: string): string {
    const [name = '', value = ''] = field.split('=')
    this.#x2apic ||= name === 'apic_base'
    if (name === 'apic_base') this.#id = 0
    this.#paging = name === 'cr0'
    return this.#errno(pipelines.setSregsPipeline, aSetSregs({ [name]: BigInt(`0x${value}`) }))
  }

  #translate(address: bigint): string {
    const told = { physical: 0n, valid: 0, writeable: 0, usermode: 0 } as const
    const physical = this.#paging ? undefined : address
    const outcome = this.#run(pipelines.translatePipeline, { physical, told })
    const fields = Object.entries(outcome.state.told).map(([name, value]) => `${name}=${value.toString(16)}`)
    return `translate ${errnoOf(outcome)} ${fields.join(' ')}`
  }

  #errno<State>(pipeline: Pipeline<State>, call: State): string {
    return errnoOf(this.#run(pipeline, call))
  }

  #run<State>(pipeline: Pipeline<State>, call: State): Outcome<State> {
    const steps = pipeline.steps.filter(
      (step) => (step.kind === 'check' ? step.rule.id : step.behaviour.id) !== this.#disabled,
    )
    const outcome = run(resolve({ ...pipeline, steps }, profileOf(this.#where.kernel)), call)
    if (outcome.kind === 'refused') this.refusals[this.refusals.length - 1] = outcome.refusal.rule
    return outcome
  }
}

function errnoOf<State>(outcome: Outcome<State>): string {
  return outcome.kind === 'refused' ? outcome.refusal.errno : '0'
}

function signalMask(first = '', second = '') {
  if (first === 'null') return aSignalMask({ address: 'null' })
  if (first === 'fault') return aSignalMask({ address: 'faults' })
  if (second === 'fault') return aSignalMask({ address: 'mask faults', length: hex(first) })
  return aSignalMask({ length: hex(first), given: BigInt(`0x${second}`) })
}

const recordings = readdirSync(folder)
  .filter((name) => name.startsWith('kvm_'))
  .map((name) => {
    const text = textOf(name)
    const kernel = (/^# kernel (.*)$/m.exec(text)?.[1] ?? '') as KernelVersion
    // the kernels of Debian have CONFIG_KVM_SMM, the cloud's does not
    const hasSmm = name.startsWith('kvm_amd')
    return { name, where: { kernel, hasSmm }, scenarios: new Map(scenariosIn(text).map((each) => [each.name, each])) }
  })

/** Guests of kvm_pvm have no paging that is off while its tables are there. */
const isJudged = (recording: string, step: string) => !(recording.startsWith('kvm_pvm') && step === 'translate 5678')

function answersTo({ name, steps }: Scenario, recording: (typeof recordings)[number], disabled?: string) {
  const player = new Player(recording.where, disabled)
  const theirs = recording.scenarios.get(name)?.steps ?? []
  return steps
    .map((step, nth) => ({ step, ours: player.play(step), theirs: theirs[nth], rule: player.refusals[nth] }))
    .filter(({ step }) => isJudged(recording.name, step))
}

const scenarios = scenariosIn(textOf('scenarios.txt'))

describe.each(recordings)('$name', (recording) => {
  test.each(scenarios)('answers $name as we do', (scenario) => {
    const answers = answersTo(scenario, recording)
    expect(answers.map(({ step, ours }) => [step, ours])).toEqual(answers.map(({ step, theirs }) => [step, theirs]))
  })
})

const probed = vcpuPromises.filter(({ sources }) =>
  sources.some((source) => source.kind === 'probe' && source.probe === 'state-rules'),
)

test.each([...new Set(probed.map(({ id }) => id))])('without %s some kernel would have answered otherwise', (id) => {
  const differs = recordings.some((recording) =>
    scenarios.some((scenario) => answersTo(scenario, recording, id).some(({ ours, theirs }) => ours !== theirs)),
  )
  expect(differs).toBe(true)
})
