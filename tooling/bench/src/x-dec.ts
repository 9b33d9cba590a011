import { defaultGuest } from '@vmm/runner/default-guest'
import { ofRecords, icedAll } from './decode/peers.ts'
import { payloadOf, textOf, unpackLz4 } from './decode/vmlinux.ts'
const text = textOf(unpackLz4(payloadOf(Buffer.from((await defaultGuest(() => {})).kernel))))
const pieces = Math.floor(text.length / (1 << 20))
console.log('bytes', text.length, 'pieces', pieces)
const iced = process.argv[2] === 'iced'
const repeats = Number(process.argv[3] ?? 1)
const c = (globalThis as any).__c = { choose: 0, chooseMs: 0, slow: 0, slowMs: 0 }
const all = []
for (let p = 0; p < Math.min(pieces, 9); p++) {
  const piece = text.slice(p << 20, (p + 1) << 20)
  let line = `${p}:`
  for (let r = 0; r < repeats; r++) {
    Object.assign(c, { choose: 0, chooseMs: 0, slow: 0, slowMs: 0 })
    const b = process.cpuUsage().user, w = performance.now()
    const n = ofRecords(piece)
    const t = process.cpuUsage().user - b, wt = performance.now() - w
    line += ` ${(t * 1000 / n).toFixed(1)}/${(wt*1e6/n).toFixed(1)} ns (${n}; choose ${c.choose} ${c.chooseMs.toFixed(2)}ms slow ${c.slow} ${c.slowMs.toFixed(2)}ms)`
    if (iced) { const b = process.cpuUsage().user; const n = icedAll(piece); line += ` iced ${((process.cpuUsage().user - b)*1000/n).toFixed(0)}` }
  }
  console.log(line)
}
