/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs'
import { type CpuidEntry, type Host, readHost } from '@vmm/cpuid'
import {
  ioctlNamed,
  kvmCpuid,
  kvmCpuid2,
  kvmCpuidEntry,
  kvmCpuidEntry2,
  kvmRegs,
  kvmRun,
  kvmSregs,
  kvmUserspaceMemoryRegion,
  kvmXcrs,
} from '@vmm/kvm-uapi'
import { decode, encode } from '@vmm/layout'
import { errnos } from '@vmm/rule'
import { describe, expect, test } from 'vitest'
import { ioctl, type KvmFile, openFile, openKvm, ProcessMemory, type Task } from '../index.ts'

const cases = new URL('../../../../abi/cpuid/cases/', import.meta.url)
const textOf = (name: string) => readFileSync(new URL(name, cases), 'utf8')

/** The scenarios of `@vmm/cpuid`, each with its steps, a line a step. */
function scenariosIn(text: string): ReadonlyMap<string, readonly string[]> {
  const blocks = text.split(/^= /m).slice(1)
  const lines = blocks.map((block) => block.split('\n').filter((line) => line !== ''))
  return new Map(lines.map(([name = '', ...steps]) => [name, steps]))
}

/** The scenarios with what each `$NAME` stands for. */
function asked(): ReadonlyMap<string, readonly string[]> {
  const words = new Map<string, string>()
  const expand = (line: string) => line.replace(/\$(\w+)/g, (_, name: string) => words.get(name) ?? '')
  const text = textOf('set-cpuid/scenarios.txt')
  for (const [, name = '', rest = ''] of text.matchAll(/^let (\w+) (.*)$/gm)) words.set(name, expand(rest))
  return scenariosIn(expand(text))
}

const heapAt = 0x1_0000n
const heapBytes = 0x1_0000

/** What the probe is to a kernel: a process that makes one VM with a page of HLT, and calls. */
class Probe {
  readonly #memory = new ProcessMemory()
  readonly #heap = new Uint8Array(heapBytes)
  readonly #task: Task = { memory: this.#memory, mm: {} }
  readonly #vcpu: KvmFile

  constructor(kernel: string, host: Host) {
    this.#memory.map(heapAt, this.#heap)
    const system = openFile(openKvm({ kernel, host, memoryBytes: 1 << 20 }), this.#task)
    const vm = this.#call(system, 'KVM_CREATE_VM').file!
    if (vm.object.kind !== 'vm') throw new Error('it made something else')
    const { memory } = vm.object.vm
    memory.bytes.fill(0xf4, 0, 0x1000)
    const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0x1000n, userspace_addr: memory.address }
    this.#heap.set(encode(kvmUserspaceMemoryRegion, region))
    this.#call(vm, 'KVM_SET_USER_MEMORY_REGION', heapAt)
    this.#vcpu = this.#call(vm, 'KVM_CREATE_VCPU').file!
  }

  play(step: string): string {
    const [verb = '', ...words] = step.split(' ').filter(Boolean)
    if (verb === 'set2') return `set2 ${this.#set('KVM_SET_CPUID2', bytes2(entriesIn(words)))}`
    if (verb === 'set1') return `set1 ${this.#set('KVM_SET_CPUID', bytes1(entriesIn(words)))}`
    if (verb === 'cut') {
      const whole = bytes2(entriesIn(words.slice(1)))
      const kept = words[0] === '-' ? 4 : kvmCpuid2.offset.entries + Number(words[0]) * kvmCpuidEntry2.size
      return `cut ${this.#set('KVM_SET_CPUID2', whole.subarray(0, kept))}`
    }
    if (verb === 'get') return `get ${this.#get(Number(words[0]))}`
    if (verb === 'run') return `run ${this.#run()}`
    const value = BigInt(`0x${words[0]}`)
    if (verb === 'apic') return `apic ${this.#sregs({ apic_base: value })}`
    return `${verb} ${verb === 'cr4' ? this.#sregs({ cr4: value }) : this.#xcr0(value)}`
  }

  #call(file: KvmFile, name: string, argument = 0n) {
    return ioctl(this.#task, file, ioctlNamed(name)!.number, argument)
  }

  #told(name: string, argument: bigint): string {
    const { value } = this.#call(this.#vcpu, name, argument)
    return value === 0 ? '0' : (Object.entries(errnos).find(([, number]) => number === -value)?.[0] ?? `${value}`)
  }

  /** The argument ends where the heap does: what follows cannot be read. */
  #set(name: string, argument: Uint8Array): string {
    const at = heapBytes - argument.length
    this.#heap.set(argument, at)
    return this.#told(name, heapAt + BigInt(at))
  }

  #get(nent: number): string {
    this.#heap.fill(0)
    this.#heap.set(encode(kvmCpuid2, { nent }))
    const told = this.#told('KVM_GET_CPUID2', heapAt)
    const words = [told, 'nent', decode(kvmCpuid2, this.#heap.subarray(0, kvmCpuid2.size)).nent]
    return [...words, ...(told === '0' ? this.#entries(nent) : [])].join(' ')
  }

  #entries(room: number): readonly string[] {
    const words = Array.from({ length: room }, (_, nth) => {
      const at = kvmCpuid2.offset.entries + nth * kvmCpuidEntry2.size
      const {
        function: leaf,
        index,
        flags,
        eax,
        ebx,
        ecx,
        edx,
      } = decode(kvmCpuidEntry2, this.#heap.subarray(at, at + kvmCpuidEntry2.size))
      return [leaf, index, flags, eax, ebx, ecx, edx].map((word) => word.toString(16)).join(':')
    })
    return words.slice(0, words.findLastIndex((word) => word !== '0:0:0:0:0:0:0') + 1)
  }

  #run(): string {
    this.#call(this.#vcpu, 'KVM_GET_SREGS', heapAt)
    const { cs } = decode(kvmSregs, this.#heap.subarray(0, kvmSregs.size))
    this.#sregs({ cs: { ...cs, base: 0n, selector: 0 } })
    const regs = decode(kvmRegs, new Uint8Array(kvmRegs.size))
    this.#heap.set(encode(kvmRegs, { ...regs, rflags: 2n }))
    this.#call(this.#vcpu, 'KVM_SET_REGS', heapAt)
    const told = this.#told('KVM_RUN', 0n)
    const page = this.#vcpu.mmap(0, 4096)!
    return `${told} exit ${new DataView(page.buffer, page.byteOffset).getUint32(kvmRun.offset.exit_reason, true)}`
  }

  #sregs(changes: object): string {
    this.#call(this.#vcpu, 'KVM_GET_SREGS', heapAt)
    const sregs = decode(kvmSregs, this.#heap.subarray(0, kvmSregs.size))
    this.#heap.set(encode(kvmSregs, { ...sregs, ...changes }))
    return this.#told('KVM_SET_SREGS', heapAt)
  }

  #xcr0(value: bigint): string {
    this.#call(this.#vcpu, 'KVM_GET_XCRS', heapAt)
    const before = decode(kvmXcrs, this.#heap.subarray(0, kvmXcrs.size))
    const xcrs = before.xcrs.map((each, nth) => (nth === 0 ? { ...each, xcr: 0, value } : each))
    this.#heap.set(encode(kvmXcrs, { ...before, nr_xcrs: 1, xcrs }))
    return this.#told('KVM_SET_XCRS', heapAt)
  }
}

function entriesIn(words: readonly string[]): readonly CpuidEntry[] {
  return words.map((word) => {
    const [leaf = 0, index = 0, flags = 0, eax = 0, ebx = 0, ecx = 0, edx = 0] = word
      .split(':')
      .map((n) => Number.parseInt(n, 16))
    return { function: leaf, index, flags, eax, ebx, ecx, edx }
  })
}

const bytes2 = (entries: readonly CpuidEntry[]) =>
  Buffer.concat([encode(kvmCpuid2, { nent: entries.length }), ...entries.map((entry) => encode(kvmCpuidEntry2, entry))])
const bytes1 = (entries: readonly CpuidEntry[]) =>
  Buffer.concat([encode(kvmCpuid, { nent: entries.length }), ...entries.map((entry) => encode(kvmCpuidEntry, entry))])

/** What this device does not have: exits that are switched off, and IA32_MISC_ENABLE in a table. */
const beyond = /^(nohlt|nomwait|misc)/

const recordings = readdirSync(new URL('set-cpuid/', cases)).filter((name) => name.startsWith('kvm_amd'))

describe.each(recordings)('%s, asked through requests and addresses', (recording) => {
  const theirs = scenariosIn(textOf(`set-cpuid/${recording}`))
  const recorded = textOf(`recorded/${recording}`)
  const host = readHost(recorded.slice(recorded.indexOf('== host'), recorded.indexOf('== KVM')))
  const kernel = /^# kernel (.*)$/m.exec(recorded)![1]!
  const within = [...asked()].filter(([, steps]) => !steps.some((step) => beyond.test(step)))
  test.each(within)('answers %s as this device does', (name, steps) => {
    const probe = new Probe(kernel, host)
    expect(steps.map((step) => probe.play(step))).toEqual(theirs.get(name))
  })
})
