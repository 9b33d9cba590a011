import { expect, test } from 'vitest'
import { isExecuted } from './index.ts'

test.each([
  ['RDMSR', '0F 32', true],
  ['RDMSR', 'VEX.128.F2.MAP7.W0 F6 /0 id', false],
  ['VPADDB', 'VEX.66.0F.WIG FC /r', true],
  ['VPADDB', 'EVEX.66.0F.WIG FC /r', false],
  ['VMOVD', 'EVEX.128.F3.0F.W0 7E /r', false],
  ['VADDBF16', 'EVEX.66.MAP5.W0 58 /r', false],
])('whether %s of %s is executed: %s', (mnemonic, opcode, is) => expect(isExecuted({ mnemonic, opcode })).toBe(is))
