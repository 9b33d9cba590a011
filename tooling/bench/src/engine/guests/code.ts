import { eax, ebx, edi, edx, mem, mem8, mem32 } from '@vmm/x86-assembler'
import type { Load } from './guest.ts'
import { counted } from './loops.ts'
import { place } from './places.ts'

/** MOV EAX, imm32; ADD EAX, imm32; ROL EAX, imm8; RET. */
const opcodes = { load: 0xb8, add: 0x05, rotate: 0xc0c1, ret: 0xc3 } as const

/** A function whose constant is rewritten before each of its calls. */
export const patching: Load = {
  prepare: ({ a }) => void a.mov(mem8(place.data), opcodes.load).mov(mem8(place.data + 5), opcodes.ret),
  round: (g) => {
    const { a, w } = g
    a.mov(w.di, place.data).xor(ebx, ebx)
    counted(g, 1000, () =>
      a
        .lea(edx, mem({ base: w.b, index: w.c, scale: 4 }))
        .mov(mem32({ base: w.di, displacement: 1 }), edx)
        .call(w.di)
        .rol(ebx, 3)
        .add(ebx, eax),
    )
    a.mov(eax, ebx)
  },
}

const functionBytes = 64
const additions = 11
/** Where functions lie that were written; then the first ones are written over. */
const heapBytes = 4 << 20

/** Functions of 64 bytes that are written, each to a place of its own, and called once. */
export const writing: Load = {
  prepare: ({ a }) => void a.mov(mem32(place.cell), 0),
  round: (g) => {
    const { a, w } = g
    a.mov(ebx, mem32(place.rounds))
    counted(g, 100, () => {
      a.mov(edi, mem32(place.cell))
        .add(edi, functionBytes)
        .and(edi, heapBytes - 1)
        .mov(mem32(place.cell), edi)
        .add(edi, place.data)
      a.mov(w.si, w.di)
      for (let each = 0; each < additions; each += 1) {
        a.imul(ebx, ebx, 1_664_525).add(ebx, 1_013_904_223)
        a.mov(mem8({ base: w.di, displacement: each * 5 }), opcodes.add).mov(
          mem32({ base: w.di, displacement: each * 5 + 1 }),
          ebx,
        )
      }
      // the rotation's count, then RET
      a.mov(mem32({ base: w.di, displacement: additions * 5 }), (opcodes.ret << 24) | (3 << 16) | opcodes.rotate)
      a.xor(eax, eax).call(w.si).add(ebx, eax)
    })
    a.mov(eax, ebx)
  },
}
