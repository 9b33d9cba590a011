import { readFileSync } from 'node:fs'
import { type Host, readHost } from '@vmm/cpuid'
import { expect, test } from 'vitest'
import { type Answer, type KvmVcpu, openKvm, type Vm } from '../index.ts'

/** What kernels answered when they were asked for every MSR: `@vmm/msr` tells how it is written. */
interface Recording {
  readonly release: string
  readonly vendorModule: string
  readonly parameters: Readonly<Record<string, number>>
  readonly kconfig?: Readonly<Record<string, boolean>>
  readonly host: readonly string[]
  readonly saved: readonly string[]
  readonly features: readonly string[]
  readonly answers: readonly { readonly config: number; readonly msrs: string; readonly said: string }[]
}

const names = ['6.1.192-kvm_amd', '6.12.117-kvm_amd', '6.12.117-kvm_intel', '6.1.192-kvm_intel'] as const
const cases = new URL('../../../../abi/msr/cases/', import.meta.url)
const read = (name: string): Recording => JSON.parse(readFileSync(new URL(`msrs-${name}.json`, cases), 'utf8'))

/** Why a recording says nothing of these: clocks run on, an emulated processor takes more, a flaw is not in CPUID. */
const beside: ReadonlySet<number> = new Set([0x10, 0x48, 0x10a, 0x4000_0010, 0x4000_0020, 0x4000_0022])
const userSpaceMsr = 188
const rdmsr = 0x2000
const wrmsr = 0x2100
const fault = 0x3000
/** `kvm_run.msr.error`. */
const msrError = 32
const hlt = 0xf4

/** The host of a recording, whose processor answers for every MSR that its KVM lists. */
function hostOf({ host, vendorModule, parameters, kconfig, saved, features }: Recording): Host {
  const told = new Map(features.map((line) => line.split(' ') as [string, string]))
  const msrs = [...new Set([...saved, ...told.keys()])].map((index) => `MSR 0x${index}: 0x${told.get(index) ?? '0'}`)
  const built = kconfig === undefined ? {} : { kconfig }
  return readHost([...host, ...msrs].join('\n'), { vendorModule, params: parameters, ...built })
}

const number = (hex = '0') => BigInt(`0x${hex}`)

function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** A machine of 64 KiB whose faults halt. */
class Asked {
  readonly vm: Vm
  readonly vcpu: KvmVcpu

  constructor(recording: Recording) {
    const kvm = openKvm({ kernel: recording.release, host: hostOf(recording), memoryBytes: 1 << 16 })
    this.vm = given(kvm.createVm())
    const { memory } = this.vm
    memory.bytes.fill(hlt, fault)
    memory.bytes.set([0x0f, 0x32, hlt], rdmsr)
    memory.bytes.set([0x0f, 0x30, hlt], wrmsr)
    // every vector of real mode leads there
    new Uint32Array(memory.bytes.buffer, memory.bytes.byteOffset, 256).fill(fault)
    const region = { guest_phys_addr: 0n, memory_size: 1n << 16n, userspace_addr: memory.address }
    given(this.vm.setUserMemoryRegion({ slot: 0, flags: 0, ...region }))
    given(this.vm.enableCap({ cap: userSpaceMsr, args: [7n] }))
    this.vcpu = given(this.vm.createVcpu(0))
    const { state } = this.vcpu
    const sregs = state.getSregs()
    expect(state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })).toBeUndefined()
  }

  /** KVM_GET_MSRS of one. */
  read(index: number): string {
    const value = this.vcpu.msrs.host('read', index, 0n)
    return value === undefined ? '0' : `1 ${value.toString(16)}`
  }

  /** RDMSR or WRMSR, and what comes of it: done, or the reason of an exit; 0 for a fault that user space does not hear of. */
  guest(what: string, index: number, data: bigint): string {
    const { vcpu } = this
    const { state } = vcpu
    const at = what === 'R' ? rdmsr : wrmsr
    const registers = { rax: data & 0xffff_ffffn, rcx: BigInt(index), rdx: data >> 32n, rip: BigInt(at) }
    state.setRegs({ ...state.getRegs(), ...registers, rsp: 0x8000n, rflags: 2n })
    const exit = given(vcpu.run())
    // a reset that was asked for through another register is told first; the kernels had a VM for each register
    const first = exit.kind === 'system-event' ? given(vcpu.run()) : exit
    if (first.kind === 'x86-rdmsr' || first.kind === 'x86-wrmsr') {
      vcpu.page.bytes[msrError] = 1
      expect(given(vcpu.run()).kind).toBe('hlt')
      expect(state.getRegs().rip).toBe(BigInt(fault + 1))
      return `fault ${first.reason}`
    }
    const { rip, rax, rdx } = state.getRegs()
    if (rip !== BigInt(at + 3)) return 'fault 0'
    return what === 'R' ? `done ${((rdx << 32n) | (rax & 0xffff_ffffn)).toString(16)}` : 'done'
  }
}

const keptByProcessor = [0x174, 0x175, 0x176, 0xc000_0082, 0xc000_0083, 0xc000_0100, 0xc000_0101, 0xc000_0102]

/** KVM lets a guest write some by itself, and the emulated AMD processor minds and keeps less than a real one. */
const isEmulated = ({ vendorModule }: Recording, index: number, what: string) =>
  vendorModule === 'kvm_amd' && keptByProcessor.includes(index) && (what === 'W' || what === 'h')

/** Asks one MSR what a kernel was asked, and tells where the answers differ. Afterwards it is as it was. */
function differences(recording: Recording, asked: Asked, index: number, lines: readonly string[]): readonly string[] {
  const before = asked.vcpu.msrs.host('read', index, 0n)
  const found = lines.flatMap((line) => {
    const [what = '', ...words] = line.split(' ')
    const ours = answered(asked, what, index, words)
    const agrees = ours === toldBy(what, words) || isEmulated(recording, index, what)
    return agrees ? [] : [`${index.toString(16)} ${line}: ours ${ours}`]
  })
  if (before !== undefined) asked.vcpu.setMsr(index, before)
  asked.vcpu.msrs.reset()
  return found
}

/** Of a register that cannot be read, the recording has a zero more. */
function toldBy(what: string, words: readonly string[]): string {
  const told = words.slice(what === 'g' || what === 'h' ? 0 : 1)
  if (what === 'R' || what === 'W') return told.join(' ')
  return (told.at(-2) === '0' ? told.slice(0, -1) : told).join(' ')
}

function answered(asked: Asked, what: string, index: number, words: readonly string[]): string {
  if (what === 'g' || what === 'h') return asked.read(index)
  const data = number(words[0])
  if (what === 'R' || what === 'W') return asked.guest(what, index, data)
  const done = asked.vcpu.setMsr(index, data) !== undefined
  return `${done ? 1 : 0} ${asked.read(index)}`
}

test.each(names)('%s: user space and guests find every MSR as they did there', (name) => {
  const recording = read(name)
  const found: string[] = []
  for (const isRunning of [false, true]) {
    const asked = new Asked(recording)
    for (const { msrs, said } of recording.answers.filter(({ config }) => config === 0)) {
      const lines = said.split('; ')
      const started = lines.findIndex((line) => line.startsWith('R'))
      const asking = isRunning ? lines.slice(started) : lines.slice(0, started)
      const indexes = msrs.split(' ').map((text) => Number.parseInt(text, 16))
      for (const index of indexes.filter((one) => !beside.has(one)))
        found.push(...differences(recording, asked, index, asking))
    }
  }
  expect(found).toEqual([])
})
