/** Where an opcode is: the first map, those behind 0F, 0F 38 and 0F 3A. */
export type OpcodeMap = 'primary' | '0F' | '0F38' | '0F3A'

/** A prefix that chooses among instructions of one opcode. */
export type MandatoryPrefix = 'none' | '66' | 'F2' | 'F3'

/** Opcodes that KVM's emulator has with an operand in memory. */
export interface EmulatedRow {
  readonly map: OpcodeMap
  /** The first and the last. */
  readonly opcodes: readonly [from: number, to: number]
  /** Behind which prefix; left out, prefixes do not choose. */
  readonly prefixes?: readonly MandatoryPrefix[]
  /** With which bits 5:3 of ModRM; left out, whatever they are. */
  readonly reg?: readonly number[]
  /** In 64-bit mode alone. */
  readonly long?: true
}

type Narrowed = Omit<EmulatedRow, 'map' | 'opcodes'>

const row = (map: OpcodeMap, from: number, to = from, narrowed: Narrowed = {}): EmulatedRow => ({
  map,
  opcodes: [from, to],
  ...narrowed,
})

const plain: Narrowed = { prefixes: ['none', '66'] }
const vectors: Narrowed = { prefixes: ['66', 'F3'] }

/**
 * What every release has, in the manual's order. Instructions without an operand in memory are not told apart.
 * Source: arch/x86/kvm/emulate.c opcode_table, twobyte_table and opcode_map_0f_38 with their groups (Linux 6.1.192 and 6.12.117).
 */
export const emulated: readonly EmulatedRow[] = [
  //   map        opcodes      narrowed
  row('primary', 0x00, 0x61),
  row('primary', 0x63, 0x63, { long: true }),
  row('primary', 0x64, 0x8e),
  row('primary', 0x8f, 0x8f, { reg: [0] }),
  row('primary', 0x90, 0xc5),
  row('primary', 0xc6, 0xc7, { reg: [0] }),
  row('primary', 0xc8, 0xd7),
  row('primary', 0xd9, 0xd9, { reg: [7] }),
  row('primary', 0xdd, 0xdd, { reg: [7] }),
  row('primary', 0xe0, 0xfd),
  row('primary', 0xfe, 0xfe, { reg: [0, 1] }),
  row('primary', 0xff, 0xff, { reg: [0, 1, 2, 3, 4, 5, 6] }),
  row('0F',      0x00, 0x00, { reg: [0, 1, 2, 3] }),
  row('0F',      0x01, 0x01, { reg: [0, 1, 2, 3, 4, 6, 7] }),
  row('0F',      0x0d),
  row('0F',      0x10, 0x11, plain),
  row('0F',      0x18, 0x19),
  row('0F',      0x1c, 0x1f),
  row('0F',      0x28, 0x29, plain),
  row('0F',      0x2b, 0x2b, plain),
  row('0F',      0x40, 0x4f),
  row('0F',      0x6f, 0x6f, { prefixes: ['none', '66', 'F3'] }),
  row('0F',      0x7f, 0x7f, { prefixes: ['none', '66', 'F3'] }),
  row('0F',      0x80, 0xa1),
  row('0F',      0xa3, 0xa5),
  row('0F',      0xa8, 0xa9),
  row('0F',      0xab, 0xad),
  row('0F',      0xae, 0xae, { reg: [0, 1, 7] }),
  row('0F',      0xaf, 0xb7),
  row('0F',      0xba, 0xba, { reg: [4, 5, 6, 7] }),
  row('0F',      0xbb, 0xc1),
  row('0F',      0xc3),
  row('0F',      0xc7, 0xc7, { reg: [1] }),
  row('0F',      0xe7, 0xe7, { prefixes: ['66'] }),
  row('0F38',    0xf0, 0xf1, { prefixes: ['none'] }),
]

/** MOVBE of 16 bits. Source: arch/x86/kvm/emulate.c three_byte_0f_38_f0 and three_byte_0f_38_f1 (Linux 6.12.117). */
export const shortMovbe: readonly EmulatedRow[] = [row('0F38', 0xf0, 0xf1, { prefixes: ['66'] })]

/** MOVNTDQA. Source: mail 20251114003633.60689-1-pbonzini@redhat.com. */
export const nonTemporalLoads: readonly EmulatedRow[] = [row('0F38', 0x2a, 0x2a, { prefixes: ['66'] })]

/** Behind VEX: moves alone. Source: mail 20251114003633.60689-11-pbonzini@redhat.com. */
export const emulatedBehindVex: readonly EmulatedRow[] = [
  row('0F',      0x10, 0x11, plain),
  row('0F',      0x28, 0x29, plain),
  row('0F',      0x2b, 0x2b, plain),
  row('0F',      0x6f, 0x6f, vectors),
  row('0F',      0x7f, 0x7f, vectors),
  row('0F',      0xe7, 0xe7, { prefixes: ['66'] }),
  row('0F38',    0x2a, 0x2a, { prefixes: ['66'] }),
]
