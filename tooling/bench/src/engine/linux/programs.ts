import { type Assembler, assembler, eax, edi, edx, esi, label, mem, mem32, r12, r12d, rax } from '@vmm/x86-assembler'

/** Numbers of system calls. Source: Linux arch/x86/entry/syscalls/syscall_64.tbl. */
const call = { read: 0, write: 1, close: 3, pipe: 22, fork: 57, wait4: 61, exit_group: 231 } as const
const [elfHeader, programHeader] = [64, 56]
const origin = 0x40_0000
/** What a program that did all it had to ends with. */
export const success = 42
const pieceBytes = 1 << 16

/** A static 64-bit program: one segment that may be written, and `room` bytes of zeros behind it. */
function program(room: number, body: (a: Assembler) => void): Uint8Array {
  const a = assembler({ origin: origin + elfHeader + programHeader, codeSize: 64 })
  body(a)
  const code = a.finish().bytes
  const bytes = new Uint8Array(elfHeader + programHeader + code.length)
  const view = new DataView(bytes.buffer)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  const header: readonly (readonly [number, 2 | 4 | 8, number])[] = [
    ...([
      [16, 2, 2],
      [18, 2, 62],
      [20, 4, 1],
      [24, 8, origin + elfHeader + programHeader],
      [32, 8, elfHeader],
    ] as const),
    ...([
      [52, 2, elfHeader],
      [54, 2, programHeader],
      [56, 2, 1],
    ] as const),
    // loadable; readable, writable, executable
    ...([
      [64, 4, 1],
      [68, 4, 7],
      [80, 8, origin],
      [88, 8, origin],
    ] as const),
    ...([
      [96, 8, bytes.length],
      [104, 8, bytes.length + room],
      [112, 8, 0x1000],
    ] as const),
  ]
  for (const [offset, size, value] of header) {
    if (size === 2) view.setUint16(offset, value, true)
    else view.setUint32(offset, value, true)
  }
  bytes.set(code, elfHeader + programHeader)
  return bytes
}

function systemCall(a: Assembler, number: number): Assembler {
  return a.mov(eax, number).syscall()
}

const pipeTo = (a: Assembler, name: string): Assembler =>
  systemCall(a.lea(rax, mem(name)).mov(edi, label(name)), call.pipe)

/** Ends of pipes: the one to read from, and the one to write to, four bytes on. */
const transfer = (a: Assembler, number: number, pipe: string, end: 0 | 4, bytes: number): Assembler =>
  systemCall(a.mov(edi, mem32(pipe, end)).mov(esi, label('buffer')).mov(edx, bytes), number)

const exit = (a: Assembler): Assembler => systemCall(a, call.exit_group)

/** Two processes that send each other a byte through two pipes, so many times. */
export function switching(times: number): Uint8Array {
  return program(pieceBytes, (a) => {
    pipeTo(a, 'there')
    pipeTo(a, 'back')
    systemCall(a, call.fork).mov(r12d, times).test(eax, eax).je('child')
    a.label('ask')
    transfer(a, call.write, 'there', 4, 1)
    transfer(a, call.read, 'back', 0, 1).cmp(eax, 1).jne('wrong').dec(r12d).jne('ask')
    a.mov(edi, success)
    exit(a)
    a.label('wrong').mov(edi, 1)
    exit(a)
    a.label('child')
    transfer(a, call.read, 'there', 0, 1)
    transfer(a, call.write, 'back', 4, 1).dec(r12d).jne('child').xor(edi, edi)
    exit(a)
    a.align(8).label('there').dq(0n).label('back').dq(0n).label('buffer')
  })
}

/** A process that sends another so many pieces of 64 KiB through a pipe. */
export function piping(pieces: number): Uint8Array {
  return program(pieceBytes, (a) => {
    pipeTo(a, 'pipe')
    systemCall(a, call.fork).test(eax, eax).je('child')
    systemCall(a.mov(edi, mem32('pipe', 4)), call.close).xor(r12d, r12d)
    a.label('take')
    transfer(a, call.read, 'pipe', 0, pieceBytes).test(eax, eax).jle('all').add(r12, rax).jmp('take')
    a.label('all')
      .mov(edi, 1)
      .cmp(r12, pieces * pieceBytes)
      .jne('wrong')
      .mov(edi, success)
      .label('wrong')
    exit(a)
    a.label('child').mov(r12d, pieces)
    a.label('give')
    transfer(a, call.write, 'pipe', 4, pieceBytes).cmp(eax, pieceBytes).jne('end').dec(r12d).jne('give')
    a.label('end').xor(edi, edi)
    exit(a)
    a.align(8).label('pipe').dq(0n).label('buffer')
  })
}
