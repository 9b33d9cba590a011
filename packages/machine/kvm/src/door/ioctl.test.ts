import { hostNamed } from '@vmm/cpu-models'
import {
  ioctlNamed,
  ioctls,
  type KvmCpuidEntry2,
  kvmCpuid2,
  kvmCpuidEntry2,
  kvmEnableCap,
  kvmMsrEntry,
  kvmMsrs,
  kvmRegs,
  kvmRun,
  kvmSregs,
  kvmUserspaceMemoryRegion,
} from '@vmm/kvm-uapi'
import { type Codec, encode, u32 } from '@vmm/layout'
import { describe, expect, test } from 'vitest'
import { type Copy, ioctl, type KvmFile, openFile, openKvm, ProcessMemory, type Task } from '../index.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found

const heapAt = 0x1000n
const [EBADF, E2BIG, EIO, EFAULT, EEXIST, EINVAL, ENOTTY] = [-9, -7, -5, -14, -17, -22, -25]

/** A process with 64 KiB of memory at 1000H, and /dev/kvm open in it. */
function process(kernel = '6.12', onCopy?: (copy: Copy) => void) {
  const memory = new ProcessMemory()
  const heap = new Uint8Array(0x1_0000)
  memory.map(heapAt, heap)
  const task: Task = { memory, mm: {} }
  const kvm = openKvm({ kernel, host, memoryBytes: 1 << 20, ...(onCopy === undefined ? {} : { onCopy }) })
  const call = (file: KvmFile, name: string, argument: bigint | number = 0n) =>
    ioctl(task, file, ioctlNamed(name)?.number ?? 0, BigInt(argument))
  const put = <T>(codec: Codec<T>, value: T, at = heapAt) => {
    memory.write(at, encode(codec, value))
    return at
  }
  const made = (file: KvmFile, name: string, argument: bigint | number = 0n): KvmFile => {
    const result = call(file, name, argument)
    if (result.file === undefined) throw new Error(result.refusal?.says)
    return result.file
  }
  return { kvm, task, memory, heap, system: openFile(kvm, task), call, put, made }
}

/** The same with a VM that has 64 KiB of memory, and a vCPU about to run at FFFFFFF0H. */
function guest(kernel = '6.12') {
  const around = process(kernel)
  const vm = around.made(around.system, 'KVM_CREATE_VM')
  if (vm.object.kind !== 'vm') throw new Error('it made something else')
  const { memory } = vm.object.vm
  const region = { slot: 0, flags: 0, memory_size: 0x1_0000n, userspace_addr: memory.address }
  const at = around.put(kvmUserspaceMemoryRegion, { ...region, guest_phys_addr: 0xffff_0000n })
  expect(around.call(vm, 'KVM_SET_USER_MEMORY_REGION', at).value).toBe(0)
  const vcpu = around.made(vm, 'KVM_CREATE_VCPU')
  return { ...around, vm, vcpu, ram: memory.bytes }
}

function putTable(memory: ProcessMemory, entries: readonly KvmCpuidEntry2[], at = heapAt): bigint {
  memory.write(at, encode(kvmCpuid2, { nent: entries.length }))
  for (const [nth, entry] of entries.entries())
    memory.write(at + BigInt(kvmCpuid2.offset.entries + nth * kvmCpuidEntry2.size), encode(kvmCpuidEntry2, entry))
  return at
}

const leaf = (eax: number) => ({ function: 0, index: 0, flags: 0, eax, ebx: 0, ecx: 0, edx: 0 })

describe('a call', () => {
  test('on /dev/kvm answers numbers', () => {
    const { system, call } = process()
    expect(call(system, 'KVM_GET_API_VERSION').value).toBe(12)
    expect(call(system, 'KVM_GET_VCPU_MMAP_SIZE').value).toBe(12288)
    expect(call(system, 'KVM_CHECK_EXTENSION', 201).value).toBe(0x1000)
  })

  test('with an argument where there is none is EINVAL', () => {
    const { system, vcpu, call } = guest()
    expect(call(system, 'KVM_GET_API_VERSION', 1).value).toBe(EINVAL)
    expect(call(vcpu, 'KVM_RUN', 1).refusal?.rule).toBe('fd-devarg-zero')
  })

  test('that is none is EINVAL on /dev/kvm and vCPUs, and ENOTTY on a VM', () => {
    const { task, system, vm, vcpu } = guest()
    expect([system, vm, vcpu].map((file) => ioctl(task, file, 0xae55, 0n).value)).toEqual([EINVAL, ENOTTY, EINVAL])
    expect(ioctl(task, vcpu, 0x5401, 0n).refusal?.rule).toBe('fd-type-check')
  })

  test('from another address space is EIO, on /dev/kvm not', () => {
    const { task, system, vm, vcpu } = guest()
    const child = { ...task, mm: {} }
    const asked = [system, vm, vcpu].map((file) => ioctl(child, file, 0xae03, 201n).value)
    expect(asked).toEqual([0x1000, EIO, EIO])
  })

  test('on a file that was closed is EBADF, and its duplicate goes on', () => {
    const { task, system } = process()
    const other = system.dup()
    system.close()
    expect(ioctl(task, system, 0xae00, 0n).value).toBe(EBADF)
    expect(ioctl(task, other, 0xae00, 0n).value).toBe(12)
  })

  test('with a pointer that leads nowhere is EFAULT', () => {
    const { vcpu, vm, call } = guest()
    for (const name of [
      'KVM_GET_REGS',
      'KVM_SET_REGS',
      'KVM_GET_SREGS',
      'KVM_SET_CPUID2',
      'KVM_GET_CPUID2',
      'KVM_GET_MSRS',
    ])
      expect([name, call(vcpu, name, 0x10).value]).toEqual([name, EFAULT])
    expect(call(vm, 'KVM_SET_USER_MEMORY_REGION', 0x10).value).toBe(EFAULT)
  })
})

test('registers are read and written as structs', () => {
  const { vcpu, call, put, memory } = guest()
  expect(call(vcpu, 'KVM_GET_REGS', heapAt).value).toBe(0)
  const bytes = memory.read(heapAt, kvmRegs.size) ?? new Uint8Array()
  const regs = kvmRegs.read(new DataView(bytes.buffer), 0)
  expect([regs.rip, regs.rflags]).toEqual([0xfff0n, 2n])
  expect(call(vcpu, 'KVM_SET_REGS', put(kvmRegs, { ...regs, rax: 77n })).value).toBe(0)
  call(vcpu, 'KVM_GET_REGS', heapAt)
  expect(new DataView((memory.read(heapAt, 8) ?? new Uint8Array(8)).buffer).getBigUint64(0, true)).toBe(77n)
})

test('a guest runs, and kvm_run says why it came back', () => {
  const { vcpu, ram, call } = guest()
  ram.set([0xe6, 0x80, 0xf4], 0xfff0)
  const page = vcpu.mmap(0, 12288)
  if (page === undefined) throw new Error('it is not mapped')
  const view = new DataView(page.buffer)
  expect(call(vcpu, 'KVM_RUN').value).toBe(0)
  expect([view.getUint32(kvmRun.offset.exit_reason, true), view.getUint16(34, true)]).toEqual([2, 0x80])
  expect(call(vcpu, 'KVM_RUN').value).toBe(0)
  expect(view.getUint32(kvmRun.offset.exit_reason, true)).toBe(5)
})

test('sregs that are not valid are EINVAL and change nothing', () => {
  const { vcpu, call, put, memory } = guest()
  call(vcpu, 'KVM_GET_SREGS', heapAt)
  const before = memory.read(heapAt, kvmSregs.size) ?? new Uint8Array()
  const sregs = kvmSregs.read(new DataView(before.buffer), 0)
  expect(call(vcpu, 'KVM_SET_SREGS', put(kvmSregs, { ...sregs, cr0: 0x8000_0000n })).value).toBe(EINVAL)
  call(vcpu, 'KVM_GET_SREGS', heapAt)
  expect(memory.read(heapAt, kvmSregs.size)).toEqual(before)
})

describe('KVM_SET_CPUID2', () => {
  test('takes a table, KVM_GET_CPUID2 tells it, and E2BIG writes nothing', () => {
    const { vcpu, call, memory, put } = guest()
    expect(call(vcpu, 'KVM_SET_CPUID2', putTable(memory, [leaf(7), { ...leaf(1), function: 1 }])).value).toBe(0)
    put(kvmCpuid2, { nent: 1 })
    expect(call(vcpu, 'KVM_GET_CPUID2', heapAt).value).toBe(E2BIG)
    expect(memory.read(heapAt, 4)).toEqual(encode(u32, 1))
    put(kvmCpuid2, { nent: 100 })
    expect(call(vcpu, 'KVM_GET_CPUID2', heapAt).value).toBe(0)
    expect(memory.read(heapAt, 4)).toEqual(encode(u32, 2))
  })
  test('with too many entries is E2BIG before one is read', () => {
    const { vcpu, call, put } = guest()
    expect(call(vcpu, 'KVM_SET_CPUID2', put(kvmCpuid2, { nent: 0xffff_ffff })).value).toBe(E2BIG)
  })
  test('with entries that cannot all be read is EFAULT', () => {
    const { vcpu, call, put } = guest()
    const end = heapAt + 0x1_0000n - 0x20n
    expect(call(vcpu, 'KVM_SET_CPUID2', put(kvmCpuid2, { nent: 3 }, end)).value).toBe(EFAULT)
  })
})

test('KVM_GET_SUPPORTED_CPUID needs room for all', () => {
  const { system, call, put, kvm, memory } = process()
  expect(call(system, 'KVM_GET_SUPPORTED_CPUID', put(kvmCpuid2, { nent: 3 })).value).toBe(E2BIG)
  expect(call(system, 'KVM_GET_SUPPORTED_CPUID', put(kvmCpuid2, { nent: 256 })).value).toBe(0)
  expect(memory.read(heapAt, 4)).toEqual(encode(u32, kvm.getSupportedCpuid().length))
})

test('MSRs are set up to the first that is refused, and read up to the first that is not there', () => {
  const { vcpu, call, memory } = guest()
  const entries = [0x174, 0xbad0_bad0, 0x175].map((index) => ({ index, data: 5n }))
  const write = () => {
    memory.write(heapAt, encode(kvmMsrs, { nmsrs: 3 }))
    for (const [nth, entry] of entries.entries())
      memory.write(heapAt + BigInt(8 + 16 * nth), encode(kvmMsrEntry, entry))
  }
  write()
  expect([call(vcpu, 'KVM_SET_MSRS', heapAt).value, call(vcpu, 'KVM_GET_MSRS', heapAt).value]).toEqual([1, 1])
  memory.write(heapAt, encode(kvmMsrs, { nmsrs: 256 }))
  expect(call(vcpu, 'KVM_GET_MSRS', heapAt).value).toBe(E2BIG)
})

test('a capability is enabled, or refused by its own rule', () => {
  const { vm, call, put } = guest()
  const asked = { cap: 201, flags: 0, args: [1n, 0n, 0n, 0n] }
  expect(call(vm, 'KVM_ENABLE_CAP', put(kvmEnableCap, asked)).refusal?.rule).toBe('cap-exit-hypercall-mask')
  expect(call(vm, 'KVM_ENABLE_CAP', put(kvmEnableCap, { ...asked, flags: 1 })).refusal?.rule).toBe('enable-cap-flags')
  expect(call(vm, 'KVM_CREATE_VCPU', 0).value).toBe(EEXIST)
})

test('every copy is told to whoever listens', () => {
  const copies: Copy[] = []
  const { system, call, put } = process('6.12', (copy) => copies.push(copy))
  call(system, 'KVM_GET_SUPPORTED_CPUID', put(kvmCpuid2, { nent: 3 }))
  expect(copies).toMatchObject([{ direction: 'from user', address: heapAt, length: 8 }])
})

test('whatever is called in whatever order, with whatever is in memory, has an answer', () => {
  const { task, system, vm, vcpu, heap } = guest()
  let seed = 0x2545_f491
  const next = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    return seed % below
  }
  const files = [system, vm, vcpu]
  for (let round = 0; round < 3000; round++) {
    if (round % 50 === 0) for (let at = 0; at < heap.length; at++) heap[at] = next(4) === 0 ? next(256) : 0
    const row = ioctls[next(ioctls.length)]
    const request = next(20) === 0 ? seed : (row?.number ?? 0)
    const argument = [0n, heapAt, heapAt + BigInt(next(0x1_0000)), BigInt(next(256)), -1n][next(5)] ?? 0n
    const { value, file } = ioctl(task, files[next(3)] ?? system, request, argument)
    expect(value).toBeGreaterThanOrEqual(-1000)
    file?.close()
  }
})
