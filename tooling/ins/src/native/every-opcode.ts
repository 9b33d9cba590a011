import type { InsCase, Item } from '../case.ts'
import { hexBytes } from '../items.ts'

const hex = (value: number): string => value.toString(16).padStart(2, '0')
const bytes = Array.from({ length: 256 }, (_, value) => value)

/** What would end the recorder, or another instruction than the one asked about: prefixes, traps, calls of the kernel, segments. */
const unaskable =
  /^(?:26|2e|36|3e|6[4-7]|f0|f2|f3|0f05|0f34|0f07|0f35|0f37|0f01|0fae|0fa1|0fa9|0fb[245]|0fc7|c[45]|62|cd|cc|f1|ce|cf|c[ab]|9a|ea|07|17|1f|8f|8e[e-f26]|ff[1-2d-f5-7])/

/** What the host may take and nothing here executes: SSE4A, ENQCMD and ENQCMDS; and 0F 0D with a register, a NOP to Intel's and #UD to AMD's. */
export const undescribed = /^(?:(?:66|f2)0f7[89]|f[23]0f2b|f[23]0f38f8|(?:66|f2|f3)?0f0d[c-f])/

/** Pointers, so that memory operands are there. */
const before: readonly Item[] = [0, 1, 2, 3, 5, 6, 7].map((index) => ({
  kind: 'gpr',
  index,
  width: 32,
  highByte: false,
  value: 0x10_0100n,
}))

/**
 * Every opcode of a map with every ModRM.reg, once with a register and once with memory, under a mandatory prefix. What
 * follows is INT3, which ends the recording of a shorter instruction and is the immediate of a longer one.
 */
export function everyOpcode(mode: 'c32' | '64', prefix: string, map: string): readonly InsCase[] {
  return bytes.flatMap((byte) => {
    const isRex = map === '' && mode === '64' && byte >> 4 === 4
    const isEscape = (map === '' && byte === 0x0f) || (map === '0f' && (byte === 0x38 || byte === 0x3a))
    if (isRex || isEscape) return []
    return Array.from({ length: 16 }, (_, at) => (at < 8 ? 0xc1 : 0x03) | ((at & 7) << 3))
      .map((modrm) => `${map}${hex(byte)}${hex(modrm)}`)
      .filter((code) => !unaskable.test(code))
      .map((code) => `${prefix}${code}`)
      .map((code) => ({
        place: `${mode} ${code}`,
        source: 'cpu',
        mode,
        bytes: hexBytes(`${code}${'cc'.repeat(8)}`),
        text: code,
        before,
        after: [],
        undefinedFlags: new Set(),
        ending: { kind: 'done' },
      }))
  })
}
