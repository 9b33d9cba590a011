import { type Assembler, absolute, cs, eax, ebx, esp, mem16, mem32, mem64, rbx, sp } from '@vmm/x86-assembler'
import { createDecoded, type Decoded, decode } from '@vmm/x86-decoder'
import { Random } from '../../cpu/random.ts'
import { InstructionBytes } from '../../oracle/instruction-bytes.ts'
import { at } from '../layout.ts'
import type { Program } from '../program.ts'
import type { ModeName } from '../scenery.ts'

const codeSizes = { real: 16, protected: 32, long: 64 } as const
const passes = 400
const conditions = ['jo', 'jb', 'je', 'jbe', 'js', 'jp', 'jl', 'jle'] as const
/** What leaves the loops, waits, or takes away what the handler needs. */
const leaves =
  /^(?:J|CALL|RET|IRET|LOOP|HLT|INT|SYS|MWAIT|MONITOR|L[GIL]DT|LTR|LMSW|WRMSR|RSM|XSETBV|POPF|STI|CLI|XRSTOR|FXRSTOR|WRPKRU|SWAPGS|WR[FG]S|L[DEFGS]S$|VM|OUT|INS|UD)/
const plainFiles: readonly string[] = ['gpr', 'xmm', 'mmx']

const stays = ({ mnemonic, operands, count }: Decoded): boolean =>
  !leaves.test(mnemonic) &&
  operands.slice(0, count).every((operand) => operand.kind !== 'register' || plainFiles.includes(operand.file))

/** Blocks of random instructions in loops that go into each other. What faults goes on in the next block. */
export function byChance(mode: ModeName, seed: number): Program {
  return {
    name: `blocks by chance in ${mode} mode, seed ${seed}`,
    mode,
    limit: 5000,
    // a store may reach what the handler needs
    endsInFault: true,
    write: (a) => writeBlocks(a, mode, new Random(seed)),
  }
}

function writeBlocks(a: Assembler, mode: ModeName, random: Random): void {
  const data = mode === 'real' ? 0x4000 : at.data
  const [next, left] = [data + 0xf00, data + 0xf08]
  const count = 4 + random.below(8)
  const bytes = new InstructionBytes(random)
  a.mov(mem32(left), passes).jmp('block0')
  writeHandlers(a, mode, next)
  a.align(8).label('table')
  for (let index = 0; index < count; index += 1) writeWord(a, mode, `block${index}`)
  for (let index = 0; index < count; index += 1) {
    a.label(`block${index}`).mov(mem32(next), (index + 1) % count)
    a.mov(esp, mode === 'real' ? 0x8000 : at.stack)
    if (random.once(2)) a.mov(random.pick([eax, ebx]), data + random.below(0x400))
    for (let left = 1 + random.below(8); left > 0; left -= 1) a.bytes(instruction(bytes, codeSizes[mode]))
    a.label(`end${index}`)
    if (random.once(2)) a[random.pick(conditions)](`block${random.below(count)}`)
    a.dec(mem32(left)).je('over')
    if (random.once(2)) a.jmp(`block${random.below(count)}`)
  }
  a.jmp('block0').label('over').hlt()
}

/** Whatever faults: the next block, on a fresh stack. */
function writeHandlers(a: Assembler, mode: ModeName, next: number): void {
  for (let vector = 0; vector < 32; vector += 1) a.label(`vector${vector}`)
  const scaled = { displacement: absolute('table'), scale: 8 } as const
  if (mode === 'long') a.mov(ebx, mem32(next)).jmp(mem64({ ...scaled, index: rbx }))
  else if (mode === 'protected') a.mov(ebx, mem32(next)).jmp(mem32({ ...scaled, index: ebx }))
  else
    a.mov(sp, 0x8000)
      .mov(ebx, mem32(next))
      .jmp(mem16({ displacement: absolute('table'), index: ebx, scale: 8, segment: cs }))
}

function writeWord(a: Assembler, mode: ModeName, name: string): void {
  if (mode === 'long') a.dq(name)
  else if (mode === 'protected') a.dd(name).dd(0)
  else a.dw(name).dw(0, 0, 0)
}

function instruction(bytes: InstructionBytes, codeSize: 16 | 32 | 64): Uint8Array {
  const decoded = createDecoded()
  for (;;) {
    const made = bytes.instruction(codeSize)
    if (decode(made, 0, made.length, codeSize, decoded) === undefined && stays(decoded)) return made
  }
}
