/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs'
import { type KernelVersion, profileOf } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import type { Feature } from './all.ts'
import { type CpuidKernel, cpuidKernel } from './cpuid-kernel.ts'
import type { CpuidTable } from './entry.ts'
import { getCpuid2 } from './get-cpuid2.ts'
import { has } from './has.ts'
import { readHost } from './host.ts'
import type { Where } from './kernel-of.ts'
import { cpuidPromises } from './promises.ts'
import { registersWritten } from './registers-written.ts'
import { type SetCpuid, setCpuid } from './set-cpuid.ts'
import type { CpuidVcpu, CpuidVm } from './set-cpuid-vcpu.ts'

/** What was asked and what a kernel answered, a step a line. */
interface Scenario {
  readonly name: string
  readonly steps: readonly string[]
}

const folder = new URL('../cases/set-cpuid/', import.meta.url)
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
  const words = new Map<string, string>()
  const expand = (line: string) => line.replace(/\$(\w+)/g, (_, name: string) => words.get(name) ?? '')
  for (const [, name = '', rest = ''] of textOf('scenarios.txt').matchAll(/^let (\w+) (.*)$/gm)) {
    words.set(name, expand(rest))
  }
  return scenariosIn(textOf('scenarios.txt')).map(({ name, steps }) => ({ name, steps: steps.map(expand) }))
}

function tableOf(words: readonly string[]): CpuidTable {
  return words.map((word) => {
    const [leaf = 0, index = 0, flags = 0, eax = 0, ebx = 0, ecx = 0, edx = 0] = word
      .split(':')
      .map((n) => Number.parseInt(n, 16))
    return { function: leaf, index, flags, eax, ebx, ecx, edx }
  })
}

function tell(table: CpuidTable): readonly string[] {
  const words = table.map(({ function: leaf, index, flags, eax, ebx, ecx, edx }) =>
    [leaf, index, flags, eax, ebx, ecx, edx].map((n) => n.toString(16)).join(':'),
  )
  return words.slice(0, words.findLastIndex((word) => word !== '0:0:0:0:0:0:0') + 1)
}

/** A vCPU of ours, and the names of the rules that refused it something. */
class Player {
  readonly refusals: string[] = []
  #vcpu: CpuidVcpu = {}
  #vm: CpuidVm = {}
  readonly #where: Where
  readonly #kernel: CpuidKernel

  constructor(where: Where, kernel: CpuidKernel) {
    this.#where = where
    this.#kernel = kernel
  }

  play(step: string): string {
    const [verb = '', ...words] = step.split(' ').filter(Boolean)
    if (verb === 'nohlt' || verb === 'nomwait') {
      this.#vm = verb === 'nohlt' ? { ...this.#vm, hltInGuest: true } : { ...this.#vm, mwaitFollows: true }
      return 'cap 0'
    }
    if (verb === 'set1') return `set1 ${this.#set({ table: tableOf(words), call: 'KVM_SET_CPUID' })}`
    if (verb === 'set2') return `set2 ${this.#set({ table: tableOf(words) })}`
    if (verb === 'cut') return `cut ${this.#set({ table: tableOf(words.slice(1)), unreadable: cutAt(words[0]) })}`
    if (verb === 'get') return `get ${this.#get(Number(words[0]))}`
    if (verb === 'run') {
      this.#vcpu = { ...this.#vcpu, hasRun: true }
      return 'run 0'
    }
    return this.#write(verb, BigInt(`0x${words[0]}`))
  }

  #set(request: SetCpuid): string {
    const answer = setCpuid(this.#where, { ...request, vcpu: this.#vcpu, vm: this.#vm }, this.#kernel)
    this.#vcpu = answer.vcpu
    if (answer.kind === 'accepted') return '0'
    this.refusals.push(answer.rule)
    return answer.errno
  }

  #get(nent: number): string {
    const answer = getCpuid2(this.#where, { nent, vcpu: this.#vcpu, vm: this.#vm }, this.#kernel)
    this.#vcpu = answer.vcpu
    if (answer.kind === 'accepted') {
      return ['0 nent', answer.nent, ...tell(answer.entries === 'kernel memory' ? [] : answer.entries)].join(' ')
    }
    this.refusals.push(answer.rule)
    return `${answer.errno} nent ${nent}`
  }

  #write(register: string, value: bigint): string {
    const names = { cr4: 'cr4', apic: 'apicBase', xcr0: 'xcr0', misc: 'miscEnable' } as const
    const name = names[register as keyof typeof names]
    if (name === 'cr4' && (value & protectionKeys) !== 0n && !has(this.#where.host.cpuid, 'PKU')) return 'cr4 EINVAL'
    if (this.#where.host.cleared.has('XSAVE')) {
      if (name === 'xcr0') return 'xcr0 EINVAL'
      if (name === 'cr4' && (value & extendedStates) !== 0n) return 'cr4 EINVAL'
    }
    const registers = { cr4: 0n, xcr0: 1n, xss: 0n, apicBase: 0xfee0_0900n, miscEnable: 0n, ...this.#vcpu.registers }
    this.#vcpu = registersWritten(this.#where, { ...this.#vcpu, registers }, { [name]: value }, this.#vm, this.#kernel)
    return `${register} ${register === 'misc' ? 1 : 0}`
  }
}

/** CR4.PKE: KVM_SET_SREGS takes it only where the host has it, whatever a table says. */
const protectionKeys = 1n << 22n

/** CR4.OSXSAVE. */
const extendedStates = 1n << 18n

function cutAt(word: string | undefined): NonNullable<SetCpuid['unreadable']> {
  return word === '-' ? 'header' : { afterEntries: Number(word) }
}

const recordings = readdirSync(folder)
  .filter((name) => name.startsWith('kvm_'))
  .map((name) => {
    const text = textOf(name)
    const kernel = (/^# kernel (.*)$/m.exec(text)?.[1] ?? '') as KernelVersion
    const host = readHost(hostSection(name), {
      vendorModule: /^# vendor module (.*)$/m.exec(text)?.[1] ?? '',
      cleared: clearedOn(name),
    })
    return {
      name,
      where: { kernel, host },
      scenarios: new Map(scenariosIn(text).map((each) => [each.name, each.steps])),
    }
  })

/** Features of the host that its kernel did not use, from the same place: Bochs' newer models have states it does not know. */
function clearedOn(name: string): readonly Feature[] {
  const text = readFileSync(new URL(`../recorded/${name}`, folder), 'utf8')
  return (/^# cleared (.*)$/m.exec(text)?.[1] ?? '').split(' ').filter(Boolean) as Feature[]
}

/** The host is the one whose CPUID is recorded with what the kernel supports. */
function hostSection(name: string): string {
  const text = readFileSync(new URL(`../recorded/${name}`, folder), 'utf8')
  return text.slice(text.indexOf('== host'), text.indexOf('== KVM'))
}

/**
 * What kvm_pvm, whose guests run in user mode, answers like every other module: it writes the host's leaves 1, 7 and DH
 * into every table that it takes, so no table of it is told, and none can be set again.
 */
const likeOthers = (name: string, step: string) =>
  /^(set|cut)/.test(step) && (!name.endsWith('-after-a-run') || /^(unreadable|too-many|another|fewer)/.test(name))

/** The steps that are judged, as they were answered and as we answer them. */
function answersTo(
  { name, steps }: Scenario,
  recording: (typeof recordings)[number],
  disabled: readonly string[] = [],
) {
  const { where, scenarios } = recording
  const player = new Player(where, cpuidKernel(profileOf(where.kernel), disabled))
  const theirs = (scenarios.get(name) ?? []).map((step) => step.replace(/ exit .*/, ''))
  const ours = steps.map((step) => player.play(step))
  const judged = (step: string) => !recording.name.startsWith('kvm_pvm') || likeOthers(name, step)
  return { ours: ours.filter(judged), theirs: theirs.filter(judged) }
}

const scenarios = asked()

describe.each(recordings)('$name', (recording) => {
  const played = scenarios.filter(({ name }) => recording.scenarios.has(name))
  test.each(played)('answers $name as we do', (scenario) => {
    const { ours, theirs } = answersTo(scenario, recording)
    expect(ours).toEqual(theirs)
  })
})

/** The calls that the scenarios are about. */
const calls = new Set(['KVM_SET_CPUID', 'KVM_SET_CPUID2', 'KVM_GET_CPUID2', 'register write', 'clock update'])
const ours = cpuidPromises.filter(({ call, evidence }) => calls.has(call) && evidence === 'recorded')
const recorded = [...new Set(ours.map(({ id }) => id))]

test.each(recorded)('without %s some kernel would have answered otherwise', (id) => {
  const differs = recordings.some((recording) =>
    scenarios.some((scenario) => {
      if (!recording.scenarios.has(scenario.name)) return false
      const { ours, theirs } = answersTo(scenario, recording, [id])
      return ours.join('\n') !== theirs.join('\n')
    }),
  )
  expect(differs).toBe(true)
})
