// Disassembles bytes: `node examples/src/decode.ts 48 89 e5 c9 c3`, or a function's first bytes without arguments.
import { disassemble } from '@vmm/x86-decoder'

const words = process.argv.slice(2)
const bytes = Uint8Array.from(
  words.length > 0 ? words : ['55', '48', '89', 'e5', '0f', '01', 'c1', 'c9', 'c3'],
  (word) => Number.parseInt(word, 16),
)

for (let offset = 0; offset < bytes.length; ) {
  const one = disassemble(bytes, { codeSize: 64, at: 0x1000n + BigInt(offset), offset })
  const address = (0x1000 + offset).toString(16)
  if (one.kind !== 'instruction') {
    console.log(`${address}  ${one.kind}`)
    break
  }
  const hex = [...bytes.subarray(offset, offset + one.length)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join(' ')
  console.log(`${address}  ${hex.padEnd(12)}${one.text}`)
  offset += one.length
}
