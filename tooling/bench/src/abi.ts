import { hostNamed } from '@vmm/cpu-models'
import { type CpuidTable, kvmBytesOf, lookup, vendorRulesOf } from '@vmm/cpuid'
import { type Answer, ioctl, type Kvm, type KvmVcpu, openFile, openKvm, ProcessMemory, type Vm } from '@vmm/kvm'
import { ioctlNamed } from '@vmm/kvm-uapi'
import { memoryGrowth } from './memory-growth.ts'
import { keep, rounded } from './results.ts'

/** What is asked of each: nanoseconds of a call, at most. */
interface Row {
  readonly name: string
  readonly calls: number
  readonly most: number
  readonly call: () => void
  /** How many of what is named a call does; 1 unless told. */
  readonly each?: number
}

const entries = 60
const heapAt = 0x1000n
const tableAt = heapAt
const structsAt = heapAt + 0x8000n
/** OUT 80H, AL over and over, from where a processor begins. */
const outLoop = [0xe6, 0x80, 0xeb, 0xfc]
const firstInstruction = 0xfff0
const rounds = 5
const manyCalls = 10_000_000

/** Times what KVM promises to be quick: tables, calls through the binary door, exits; and looks whether calls leave anything behind. */
export async function benchAbi(): Promise<void> {
  const kvm = openKvm({ kernel: '6.12', host: named('spr'), memoryBytes: 1 << 20 })
  const table = kvm.getSupportedCpuid().slice(0, entries)
  const mixed = mixedCalls(kvm, table)
  const found = rowsOf(kvm, table, mixed).map((row) => ({
    name: row.name,
    ns: rounded(median(row), 0),
    most: row.most,
  }))
  console.table(
    found.map(({ name, ns, most }) => ({ name, 'CPU ns': ns, 'at most': most, 'per second': Math.round(1e9 / ns) })),
  )
  const grown = rounded(memoryGrowth(manyCalls, mixed) / 1024, 1)
  console.log(`${manyCalls} mixed ioctls: ${grown} KiB more are held afterwards`)
  const rows = found.map(({ name, ns, most }) => ({ name, 'CPU ns': ns, 'at most': most }))
  keep('abi', { rows, 'KiB held after ten million ioctls': grown })
}

function rowsOf(kvm: Kvm, table: CpuidTable, mixed: () => void): readonly Row[] {
  const vcpu = outputting(kvm)
  const rules = vendorRulesOf(table)
  let leaf = 0
  return [
    { name: `KVM_SET_CPUID2 of ${entries} entries`, calls: 20_000, most: 10_000, call: () => vcpu.setCpuid2(table) },
    { name: 'CPUID lookup', calls: 1_000_000, most: 50, call: () => lookup(table, leaf++ & 0xf, 0, rules) },
    { name: 'mixed ioctls through the door', calls: 200_000, most: 3_333, call: mixed },
    attachedWrites(kvm),
    { name: 'exit to user space and back', calls: 200_000, most: 1_000, call: () => vcpu.run() },
  ]
}

/** Writes to the same port, which a device in the kernel has: with each goes a jump. */
function attachedWrites(kvm: Kvm): Row {
  const each = 10_000
  const vcpu = outputting(kvm, (vm) => {
    given(vm.buses.io.attach({ first: 0x80, count: 1, widest: 1, read: () => 0, write: () => {} }))
  })
  const call = () => void vcpu.run({ signalAfter: 2 * each })
  return { name: 'port write to an attached device', calls: 50, most: 150, call, each }
}

/** A vCPU of a VM whose guest writes to a port for ever. */
function outputting(kvm: Kvm, prepare: (vm: Vm) => void = () => {}): KvmVcpu {
  const vm = given(kvm.createVm())
  prepare(vm)
  vm.memory.bytes.set(outLoop, firstInstruction)
  const region = { slot: 0, flags: 0, guest_phys_addr: 0xffff_0000n, memory_size: 0x1_0000n }
  given(vm.setUserMemoryRegion({ ...region, userspace_addr: vm.memory.address }))
  return given(vm.createVcpu())
}

/** What a VMM asks most: registers in and out, capabilities, events. */
function mixedCalls(kvm: Kvm, table: CpuidTable): () => void {
  const memory = new ProcessMemory()
  const heap = new Uint8Array(0x1_0000)
  heap.set(kvmBytesOf(table))
  memory.map(heapAt, heap)
  const task = { memory, mm: {} }
  const system = openFile(kvm, task)
  const made = (file: typeof system, name: string) => ioctl(task, file, numberOf(name), 0n).file ?? system
  const vm = made(system, 'KVM_CREATE_VM')
  const vcpu = made(vm, 'KVM_CREATE_VCPU')
  ioctl(task, vcpu, numberOf('KVM_SET_CPUID2'), tableAt)
  ioctl(task, vcpu, numberOf('KVM_GET_REGS'), structsAt)
  const calls = [
    [vcpu, numberOf('KVM_GET_REGS'), structsAt],
    [vcpu, numberOf('KVM_SET_REGS'), structsAt],
    [vcpu, numberOf('KVM_GET_VCPU_EVENTS'), structsAt + 0x1000n],
    [vcpu, numberOf('KVM_GET_MP_STATE'), structsAt + 0x2000n],
    [vm, numberOf('KVM_CHECK_EXTENSION'), 201n],
    [system, numberOf('KVM_GET_API_VERSION'), 0n],
  ] as const
  let next = 0
  return () => {
    const [file, request, argument] = calls[next++ % calls.length] ?? calls[0]
    ioctl(task, file, request, argument)
  }
}

/** The median of a few rounds, in CPU nanoseconds of a call. */
function median({ calls, call, each = 1 }: Row): number {
  for (let done = 0; done < calls / 10; done++) call()
  const times = Array.from({ length: rounds }, () => {
    const begin = process.cpuUsage()
    for (let done = 0; done < calls; done++) call()
    const { user, system } = process.cpuUsage(begin)
    return ((user + system) * 1000) / calls / each
  })
  return times.toSorted((a, b) => a - b)[rounds >> 1] ?? 0
}

function named(name: string) {
  const found = hostNamed(name)
  if (found.kind !== 'host') throw new RangeError(found.says)
  return found.host
}

function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new RangeError(answer.says)
  return answer.value
}

function numberOf(name: string): number {
  const row = ioctlNamed(name)
  if (row === undefined) throw new RangeError(`no call ${name}`)
  return row.number
}
