import { bochs } from './hosts/bochs.ts'
import { ours } from './hosts/ours.ts'
import { qemu } from './hosts/qemu.ts'
import * as all from './kernels/index.ts'
const names = process.argv.slice(2)
const only = names.filter((n) => n in all)
const quiet = names.includes('-q')
for (const [name, make] of Object.entries(all)) {
  if (only.length > 0 && !only.includes(name)) continue
  const k = (make as typeof all.faults)()
  console.log(`== ${name} ${k.image.length}`)
  const answers = [ours, qemu, bochs].map((h) => [h.name, h.absent ?? h.ask(k.image)] as const)
  for (const [h, ans] of answers) if (typeof ans === 'string' || !ans.finished) console.log(h, 'unfinished', typeof ans === 'string' ? ans : ans.lines.slice(-3))
  k.checks.forEach((c, i) => {
    const want = `${c.name}: ${c.expected}`
    const got = answers.map(([h, ans]) => [h, typeof ans === 'string' ? '-' : (ans.lines[i] ?? '(nothing)')] as const)
    if (quiet && got.every(([, g]) => g === want)) return
    console.log(want)
    for (const [h, g] of got) if (g !== want) console.log(`      ${h.padEnd(6)} ${g.startsWith(c.name) ? g.slice(c.name.length + 2) : g}`)
  })
}
