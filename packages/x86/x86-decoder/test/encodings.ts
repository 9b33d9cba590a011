type Bytes = readonly number[]

const legacyPrefixes: readonly Bytes[] = [
  ...[
    [],
    [0x66],
    [0xf2],
    [0xf3],
    [0x66, 0xf2],
    [0x66, 0xf3],
    [0xf0],
    [0x67],
    [0xf0, 0xf3],
    [0x64],
    [0x2e],
    [0x36, 0x65],
  ],
  ...[[0x48], [0x41], [0x44], [0x42], [0x66, 0x48], [0xf2, 0x48], [0xf3, 0x48], [0x48, 0x66], [0xf3, 0x41]],
]
const legacyMaps: readonly Bytes[] = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]]

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

/** VEX with every map, pp, W and L, with a register in vvvv and without, and with a prefix that it forbids. */
function vexHeads(): Bytes[] {
  const fields = upTo(16).flatMap((bits) =>
    [0x78, 0x50].map((vvvv) => ((bits & 8) << 4) | ((bits & 4) === 0 ? 0 : 4) | (bits & 3) | vvvv),
  )
  const three = [0, 1, 2, 3, 5, 7].flatMap((map) => fields.map((last) => [0xc4, 0xe0 | map, last]))
  const extended = [1, 2, 3].flatMap((map) => upTo(4).map((pp) => [0xc4, map, 0x30 | pp]))
  return [...three, ...extended, ...fields.map((last) => [0xc5, last]), [0x66, 0xc5, 0xf8], [0xf3, 0xc4, 0xe2, 0x78]]
}

/** XOP with every map, W, L, with a register in vvvv and without. */
function xopHeads(): Bytes[] {
  return [8, 9, 10, 11].flatMap((map) =>
    [0x78, 0xf8, 0x7c, 0xfc, 0x60, 0xe4, 0x79].map((last) => [0x8f, 0xe0 | map, last]),
  )
}

/**
 * EVEX with every map, pp, W and vector length, alone, with b, and with registers, mask and zeroing; only some of these, and not maps that have
 * nothing, if it is to be quick.
 */
function evexHeads(how: 'all' | 'quick'): Bytes[] {
  const lasts = how === 'all' ? [0x08, 0x18, 0x0b, 0x8a, 0x99, 0x80, 0x03] : [0x08, 0x18, 0x0b]
  const maps = how === 'all' ? [0, 1, 2, 3, 5, 6, 9] : [1, 2, 3, 5, 6]
  return maps.flatMap((map) =>
    upTo(8).flatMap((bits) =>
      upTo(4).flatMap((length) =>
        lasts.map((last, at) => {
          const second = ((bits & 4) << 5) | (bits & 3) | 4 | (at % 2 === 0 ? 0x78 : 0x48)
          return [0x62, (at < 4 ? 0xf0 : 0x90 ^ (at << 5)) | map, second, (length << 5) | last]
        }),
      ),
    ),
  )
}

/** Everything that can stand before an opcode byte, near enough, or less of EVEX; with `every`, only each so manieth of those with vectors. */
export function heads(every = 1, how: 'all' | 'quick' = 'all'): readonly Bytes[] {
  const legacy = legacyPrefixes.flatMap((prefix) => legacyMaps.map((map) => [...prefix, ...map]))
  return [...legacy, ...[...vexHeads(), ...xopHeads(), ...evexHeads(how)].filter((_, at) => at % every === 0)]
}

const rest = [0x24, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x11, 0x22, 0x33]
const longest = 15

/** Streams of one head with every opcode and the ModRM bytes asked for, one behind the other. */
export function streamsOf(head: Bytes, modrms: readonly number[]): Uint8Array {
  const streams = new Uint8Array(256 * modrms.length * longest)
  let at = 0
  for (let opcode = 0; opcode < 256; opcode += 1) {
    for (const modrm of modrms) {
      streams.set([...head, opcode, modrm, ...rest].slice(0, longest), at)
      at += longest
    }
  }
  return streams
}

/** Opcodes whose ModRM chooses among instructions when it names a register, and 3DNow!, whose opcode comes last. */
export function wholeModrmStreams(): readonly Uint8Array[] {
  const opcodes: readonly Bytes[] = [
    ...upTo(8).map((at) => [0xd8 + at]),
    ...[0x00, 0x01, 0x0d, 0x18, 0x1e, 0x78, 0xa6, 0xa7, 0xae, 0xc7].map((opcode) => [0x0f, opcode]),
    ...[0xc6, 0xc7].map((opcode) => [opcode]),
    ...[0xd8, 0xf0, 0xf8].flatMap((opcode) => [2, 3].map((map) => [0x0f, map === 2 ? 0x38 : 0x3a, opcode])),
  ]
  const groups = legacyPrefixes.flatMap((prefix) =>
    opcodes.map((opcode) => joined(allModrms.map((modrm) => [...prefix, ...opcode, modrm, ...rest]))),
  )
  const suffixed = [[], [0x66], [0x41]].flatMap((prefix) =>
    [[0xc1], [0x00], [0x45, 0x12]].map((modrm) =>
      joined(allModrms.map((suffix) => [...prefix, 0x0f, 0x0f, ...modrm, suffix, ...rest])),
    ),
  )
  return [...groups, ...suffixed]
}

function joined(streams: readonly Bytes[]): Uint8Array {
  const all = new Uint8Array(streams.length * longest)
  for (const [at, bytes] of streams.entries()) all.set(bytes.slice(0, longest), at * longest)
  return all
}

/** Every ModRM byte. */
export const allModrms: readonly number[] = upTo(256)

/** ModRM with every reg field, as register and as memory with SIB, with a displacement and RIP-relative. */
export const someModrms: readonly number[] = upTo(8).flatMap((reg) =>
  [0xc0, 0xc4, 0x44, 0x05].map((form) => form | (reg << 3)),
)
