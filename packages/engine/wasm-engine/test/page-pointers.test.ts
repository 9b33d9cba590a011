import type { KvmSregs2 } from '@vmm/kvm-uapi'
import { pdptrsValid } from '@vmm/vcpu'
import { type Assembler, cr3, eax, ebx, ecx, edx, mem32 } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { alone } from './alone.ts'

const at = { pointers: 0x4000, directory: 0x5000, other: 0x6000, far: 0x4000_0000 } as const
const [present, large] = [1n, 0x83n]

/** 32-bit code under PAE paging: the first GByte maps onto itself, the second as `second` says. */
function paged(write: (a: Assembler) => void, second = BigInt(at.directory) | present) {
  const cpu = alone(write, { bits: 32 })
  const put = (address: number, value: bigint) => {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigUint64(0, value, true)
    cpu.engine.writePhysical(address, bytes)
  }
  put(at.pointers, BigInt(at.directory) | present)
  put(at.pointers + 8, second)
  put(at.directory, large)
  const { state } = cpu.vcpu
  const sregs = state.getSregs()
  const flat = { ...sregs.ds, base: 0n, limit: 0xffff_ffff, g: 1, db: 1, selector: 8 }
  const data = { ds: flat, es: flat, ss: flat }
  const given = {
    ...sregs,
    ...data,
    cs: { ...flat, type: 11 },
    cr0: 0x8000_0011n,
    cr3: BigInt(at.pointers),
    cr4: 0x20n,
  }
  expect(state.setSregs(given)).toBeUndefined()
  return { ...cpu, put }
}

describe('the uppermost entries of PAE paging', () => {
  test('are kept by the processor until CR3 is loaded again', () => {
    const { run, engine, vcpu } = paged((a) => {
      a.mov(eax, mem32(at.far + 0x2000)).mov(mem32(at.pointers + 8), at.other | 1)
      a.mov(ebx, mem32(at.far + 0x3000))
        .mov(edx, cr3)
        .mov(cr3, edx)
        .mov(ecx, mem32(at.far + 0x2000))
        .hlt()
    })
    engine.writePhysical(0x2000, Uint8Array.of(0x11))
    engine.writePhysical(0x3000, Uint8Array.of(0x22))
    expect(run().kind).toBe('shutdown')
    expect(vcpu.state.getRegs()).toMatchObject({ rax: 0x11n, rbx: 0x22n, rcx: 0n })
    expect(vcpu.state.getSregs().cr2).toBe(BigInt(at.far + 0x2000))
  })

  test('with a reserved bit make MOV to CR3 a #GP, and nothing is loaded', () => {
    const { run, vcpu, put } = paged((a) => a.mov(eax, at.other).mov(cr3, eax).hlt())
    put(at.other, BigInt(at.directory) | present | 2n)
    const before = vcpu.state.getSregs2()
    const exit = run()
    expect(exit.kind === 'shutdown' && exit.because[0]).toMatchObject({ vector: 13, errorCode: 0 })
    expect(vcpu.state.getSregs2()).toMatchObject({ cr3: before.cr3, pdptrs: before.pdptrs })
  })

  test('travel with KVM_GET_SREGS2, and come from it where its flag says so', () => {
    const { vcpu, run } = paged((a) => a.mov(eax, mem32(at.far)).hlt(), 0n)
    const sregs = vcpu.state.getSregs2()
    expect(sregs).toMatchObject({ flags: pdptrsValid, pdptrs: [BigInt(at.directory) | present, 0n, 0n, 0n] })
    const pdptrs = [sregs.pdptrs[0]!, sregs.pdptrs[0]!, 0n, 0n]
    expect(vcpu.state.setSregs2({ ...sregs, pdptrs })).toBeUndefined()
    expect(vcpu.state.getSregs2().pdptrs).toEqual(pdptrs)
    expect(run()).toEqual({ kind: 'hlt' })
  })

  test.each<readonly [string, (sregs: KvmSregs2) => KvmSregs2]>([
    ['an unknown flag', (sregs) => ({ ...sregs, flags: 2n })],
    ['entries outside PAE paging', (sregs) => ({ ...sregs, cr4: 0n })],
  ])('are refused with %s', (_, change) => {
    const { vcpu } = paged((a) => a.hlt())
    const before = vcpu.state.getSregs2()
    expect(vcpu.state.setSregs2(change(before))).toMatchObject({ errno: 'EINVAL' })
    expect(vcpu.state.getSregs2()).toEqual(before)
  })
})
