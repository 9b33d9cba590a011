import { behaviour, between, since, until } from '@vmm/rule'
import { kernelSource, mail, probe } from '@vmm/source'
import {
  type EmulatedRow,
  emulated,
  emulatedBehindVex,
  nonTemporalLoads,
  shortMovbe,
} from '../../emulator/emulated.rows.ts'
import type { MemoryInstruction } from '../../emulator/opcode.ts'

/** Rows by map and opcode, found in one step. */
function having(rows: readonly EmulatedRow[]): (instruction: MemoryInstruction) => boolean {
  const places = new Map<string, readonly EmulatedRow[]>()
  for (const map of ['primary', '0F', '0F38', '0F3A'] as const) {
    const of = rows.filter((row) => row.map === map)
    const at = (opcode: number) => of.filter(({ opcodes: [from, to] }) => from <= opcode && opcode <= to)
    for (let opcode = 0; opcode < 256; opcode += 1) places.set(`${map} ${opcode}`, at(opcode))
  }
  return ({ map, opcode, prefix, reg, long }) =>
    places
      .get(`${map} ${opcode}`)
      ?.some(
        (row) =>
          (row.prefixes === undefined || row.prefixes.includes(prefix)) &&
          (row.reg === undefined || row.reg.includes(reg)) &&
          (row.long === undefined || long),
      ) === true
}

const oldest = having(emulated)
const second = having([...emulated, ...shortMovbe])
const newest = having([...emulated, ...shortMovbe, ...nonTemporalLoads])
const behindVex = having(emulatedBehindVex)

const shortEdge = { absentIn: '6.1.192', presentIn: '6.12' } as const
const vexEdge = { absentIn: '6.18', presentIn: '7.0' } as const
const movbe: MemoryInstruction = { map: '0F38', opcode: 0xf0, prefix: '66', reg: 0, encoding: 'legacy', long: false }
const vmovdqu: MemoryInstruction = { map: '0F', opcode: 0x6f, prefix: 'F3', reg: 0, encoding: 'VEX', long: false }

export const emulatorHas = behaviour<MemoryInstruction, boolean>({
  id: 'emulator-has',
  catalogue: 'run-emul-fail',
  says: 'instructions on memory that is not there are emulated: those of integers, and moves of SSE and MMX',
  sources: [
    kernelSource('arch/x86/kvm/emulate.c', 'opcode_table', '6.12.117'),
    kernelSource('arch/x86/kvm/emulate.c', 'opcode_table', '6.1.192'),
    probe('run', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until(shortEdge),
      does: (instruction) => instruction.encoding === 'legacy' && oldest(instruction),
      witness: { in: movbe, out: false },
    },
    {
      lifetime: between(shortEdge, vexEdge),
      says: 'MOVBE of 16 bits too',
      does: (instruction) => instruction.encoding === 'legacy' && second(instruction),
      witness: { in: movbe, out: true },
    },
    {
      lifetime: since(vexEdge),
      says: 'MOVNTDQA too, and moves behind VEX',
      sources: [mail('20251114003633.60689-1-pbonzini@redhat.com', '[PATCH 00/10] KVM: emulate: enable AVX moves')],
      does: (instruction) => {
        if (instruction.encoding === 'VEX') return behindVex(instruction)
        return instruction.encoding === 'legacy' && newest(instruction)
      },
      witness: { in: vmovdqu, out: true },
    },
  ],
})
